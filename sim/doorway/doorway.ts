/** A simulated doorway: the unit on its simulated hardware, and the world it stands in, in virtual and in real time. */
import type { Clock } from "../../hal/clock.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { configuredDevices } from "../../src/config/devices.ts";
import type { UnitConfig } from "../../src/config/unit.ts";
import type { Effect } from "../../src/core/effect.ts";
import { assertInvariants } from "../../src/core/invariants.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { ScreenView } from "../../src/core/view/view.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import type { Gateway, StepTrace } from "../../src/gateway/gateway.ts";
import { loadDrivers, type MakeDevices } from "../../src/unit/devices.ts";
import type { Log } from "../../src/unit/log.ts";
import type { Platform, UnitObserver } from "../../src/unit/platform.ts";
import { composeUnit, type Unit } from "../../src/unit/unit.ts";
import type { Random } from "../kernel/random.ts";
import type { Trace } from "../kernel/trace.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import { simulatedPlatform, type Backend, type Power } from "../platform/simulated-platform.ts";
import type { SimulatedHardware } from "./hardware.ts";
import { GATE_MAXIMUM_MS } from "./wiring.ts";
import { World } from "./world.ts";

export interface DoorwayOptions {
  /** The simulation's own time. */
  clock: Clock;
  /** What the unit believes. */
  unitClock: UnitClock;
  random: Random;
  trace: Trace;
  /** Of the unit; its files lie on the backend's disk. */
  config: UnitConfig;
  policy: Policy;
  engine: DecodeEngine;
  backend: Backend;
  hardware: SimulatedHardware;
  observer?: Omit<UnitObserver, "onCommandAnswered">;
  log?: Log;
  servePages?: Platform["servePages"];
}

/** A simulated doorway: the unit, and the world it stands in. */
export interface Doorway {
  readonly world: World;
  readonly hardware: SimulatedHardware;
  /** The unit now running; another one after a restart. */
  unit(): Unit;
  gateway(): Gateway;
  view(): ScreenView;
  /** Calls back after every turn of whichever unit is running. Returns a way to stop. */
  subscribe(listener: () => void): () => void;
  start(): Promise<void>;
  /** Replaces the policy file; the unit reads it at once. */
  setPolicy(policy: Policy): Promise<void>;
  /** Stops in order and starts again; without power nothing does. */
  restart(): Promise<void>;
  /** Everything goes dark at once; with power again the unit boots. */
  cutPower(): Promise<void>;
  restorePower(): Promise<void>;
  stop(): Promise<void>;
}

/** Composes the doorway. Nothing runs before `start`. */
export async function composeDoorway(options: DoorwayOptions): Promise<Doorway> {
  // Loaded once, before the run: in virtual time nothing waits for a file.
  const makeDevices = await loadDrivers(configuredDevices(options.config.devices));
  const doorway = new SimulatedDoorway(options, makeDevices);
  await doorway.boot();
  return doorway;
}

class SimulatedDoorway implements Doorway {
  readonly world: World;
  readonly hardware: SimulatedHardware;
  readonly #options: DoorwayOptions;
  readonly #makeDevices: MakeDevices;
  readonly #listeners = new Set<() => void>();
  readonly #references: Random;
  #policy: Policy;
  #unit: Unit | undefined;
  #boots = 0;
  #power: Power = { on: true };

  constructor(options: DoorwayOptions, makeDevices: MakeDevices) {
    this.#options = options;
    this.#makeDevices = makeDevices;
    this.hardware = options.hardware;
    this.#policy = options.policy;
    this.#references = options.random.fork("references");
    this.world = new World({
      clock: options.clock,
      random: options.random.fork("people"),
      trace: options.trace,
      bench: options.hardware,
      screen: () => this.view(),
      onScreen: (listener) => this.subscribe(listener),
    });
  }

  unit(): Unit {
    if (this.#unit === undefined) throw new Error("the unit has not booted yet");
    return this.#unit;
  }

  gateway(): Gateway {
    return this.unit().gateway;
  }

  view(): ScreenView {
    return this.gateway().view();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Composes the unit that runs from now on. */
  async boot(): Promise<void> {
    const { config } = this.#options;
    const power = { on: true };
    this.#power = power;
    this.#boots += 1;
    const unit = await composeUnit(config, this.#platform(power));
    this.#unit = unit;
    unit.gateway.subscribe(() => {
      if (unit !== this.#unit) return;
      for (const listener of this.#listeners) listener();
    });
  }

  async start(): Promise<void> {
    this.#noteLimits();
    await this.unit().start();
    this.#options.trace.note({ what: "unit", did: "started" });
  }

  async setPolicy(policy: Policy): Promise<void> {
    this.#policy = policy;
    this.#noteLimits();
    await this.unit().reload();
  }

  async restart(): Promise<void> {
    const power = this.#power;
    // A unit without power starts when the power comes back, and not before.
    if (!power.on) return;
    await this.stop();
    if (!power.on) return;
    await this.boot();
    await this.start();
  }

  async cutPower(): Promise<void> {
    if (!this.#power.on) return;
    this.#power.on = false;
    this.#options.trace.note({ what: "unit", did: "lost-power" });
    this.hardware.gpio.setPower(false);
    this.#options.backend.disk.losePower();
    // What is left of the program is only memory: nothing it does reaches a wire or the disk.
    await this.unit().stop();
  }

  async restorePower(): Promise<void> {
    if (this.#power.on) return;
    this.hardware.gpio.setPower(true);
    await this.boot();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#options.trace.note({ what: "unit", did: "stopping" });
    await this.unit().stop();
    this.#options.trace.note({ what: "unit", did: "stopped" });
  }

  #noteLimits(): void {
    const { visit, record } = this.#policy;
    this.#options.trace.note({
      what: "limits",
      releaseMs: visit.releaseMs,
      hardMaximumMs: GATE_MAXIMUM_MS,
      whenNotCommitted: record.whenNotCommitted,
    });
  }

  #platform(power: Power): Platform {
    const { unitClock, config, backend, hardware, engine, trace } = this.#options;
    const { observer = {}, log = () => {}, servePages } = this.#options;
    return simulatedPlatform({
      clock: unitClock,
      bootId: `boot-${this.#boots}`,
      references: this.#references,
      backend,
      power,
      log,
      policy: async () => this.#policy,
      openDevices: async () => ({
        devices: this.#makeDevices({
          buses: hardware.buses,
          clock: unitClock,
          decoding: { engine, wanted: CREDENTIAL_SHAPES, share: config.decode.share },
        }),
        // The decoders outlive the unit's restarts.
        close: async () => {},
      }),
      ...(servePages === undefined ? {} : { servePages }),
      observer: {
        ...observer,
        onStep: (step) => {
          assertInvariants(step.state);
          if (power.on) trace.note({ what: "turn", event: step.event, effects: tracedOf(step) });
          observer.onStep?.(step);
        },
        onCommandAnswered: (commandId, result) =>
          trace.note({ what: "command-answered", commandId, result }),
      },
    });
  }
}

/** What is announced follows from the state; the signal that goes with it is traced. */
const tracedOf = ({ effects }: StepTrace): readonly Effect[] =>
  effects.filter(({ kind }) => kind !== "announce");
