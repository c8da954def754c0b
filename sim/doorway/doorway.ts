/** One composition of the unit on the simulated doorway, for virtual and for real time alike. */
import type { Clock } from "../../hal/clock.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { createCodeReader } from "../../hal/drivers/code-reader/camera/reader.ts";
import { createDoorContacts } from "../../hal/drivers/contacts/gpio/door-contacts.ts";
import { createGate } from "../../hal/drivers/gate/guarded-line/gate.ts";
import { onTwoWire } from "../../hal/drivers/thermometer/chip.ts";
import { createMlx90614, MLX90614_ADDRESS } from "../../hal/drivers/thermometer/mlx90614/chip.ts";
import { createThermometer } from "../../hal/drivers/thermometer/thermometer.ts";
import { createPanel } from "../../hal/drivers/panel/gpio/gpio-panel.ts";
import { createSdtReader } from "../../hal/drivers/card-reader/sdt/reader.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { ScreenView } from "../../src/core/view/view.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { type VisitTimings } from "../../src/gateway/visit-timings.ts";
import type {
  CredentialVerifier,
  SettingStore,
  OutboxGauge,
  RecordStore,
} from "../../src/gateway/ports.ts";
import type { Devices, UndatedEvent } from "../../src/gateway/sensing.ts";
import type { SimulatedHardware } from "./hardware.ts";
import { bytes } from "../actors/issuer.ts";
import type { Random } from "../kernel/random.ts";
import type { Trace } from "../kernel/trace.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import { CONTACT_LINES, GATE_MAXIMUM_MS, PANEL_LINES } from "./wiring.ts";
import { World } from "./world.ts";

/** Where records go: the unit's disk and what carries them further. */
export interface Backend {
  store: RecordStore;
  /** What the unit knows again after a restart. */
  settings: SettingStore;
  outbox?: OutboxGauge;
  /** The unit runs: events go in, deliveries come back. */
  connect(unit: {
    dispatch(event: UndatedEvent): void;
    delivered(from: number, to: number): void;
  }): void;
  /** What became of a command, for whoever gave it. */
  answerCommand?(commandId: string, result: "done" | "refused", detail: string): void;
  /** What is on its way to the disk is lost. */
  losePower?(): void;
  /** The unit stops or has lost its power. */
  disconnect(): Promise<void>;
}

/** Devices a unit can be built without. */
export type OptionalDevice = "camera" | "card-reader" | "thermometer" | "panel" | "door-contacts";

export interface DoorwayOptions {
  /** The simulation's own time. */
  clock: Clock;
  /** What the unit believes. */
  unitClock: UnitClock;
  random: Random;
  trace: Trace;
  policy: Policy;
  engine: DecodeEngine;
  verifier: CredentialVerifier;
  backend: Backend;
  bench: SimulatedHardware;
  without?: readonly OptionalDevice[];
  onTimings?(timings: VisitTimings): void;
}

/** A simulated doorway: the unit, and the world it stands in. */
export interface Doorway {
  readonly world: World;
  readonly bench: SimulatedHardware;
  /** The unit now running; another one after a restart. */
  gateway(): Gateway;
  view(): ScreenView;
  /** Calls back after every turn of whichever unit is running. Returns a way to stop. */
  subscribe(listener: () => void): () => void;
  start(): Promise<void>;
  /** Another policy comes into force. */
  setPolicy(policy: Policy): void;
  /** Stops in order and starts again; without power nothing does. */
  restart(): Promise<void>;
  /** Everything goes dark at once; with power again the unit boots. */
  cutPower(): Promise<void>;
  restorePower(): Promise<void>;
  stop(): Promise<void>;
}

/** Composes the doorway. Nothing runs before `start`. */
export function composeDoorway(options: DoorwayOptions): Doorway {
  return new SimulatedDoorway(options);
}

class SimulatedDoorway implements Doorway {
  readonly world: World;
  readonly bench: SimulatedHardware;
  readonly #options: DoorwayOptions;
  readonly #listeners = new Set<() => void>();
  readonly #references: Random;
  #policy: Policy;
  #gateway: Gateway;
  /** Of the unit now running: what a unit without power still computes reaches nothing. */
  #supply = { on: true };

  constructor(options: DoorwayOptions) {
    this.#options = options;
    this.bench = options.bench;
    this.#policy = options.policy;
    this.#references = options.random.fork("references");
    this.#gateway = this.#boot();
    this.world = new World({
      clock: options.clock,
      random: options.random.fork("people"),
      trace: options.trace,
      bench: options.bench,
      screen: () => this.view(),
      onScreen: (listener) => this.subscribe(listener),
    });
  }

  gateway(): Gateway {
    return this.#gateway;
  }

  view(): ScreenView {
    return this.#gateway.view();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    const { trace, backend } = this.#options;
    this.#noteLimits();
    const gateway = this.#gateway;
    await gateway.start();
    backend.connect({
      dispatch: (event) => {
        if (gateway === this.#gateway) gateway.dispatch(event);
      },
      delivered: (from, to) => gateway.delivered(from, to),
    });
    trace.note({ what: "unit", did: "started" });
  }

  setPolicy(policy: Policy): void {
    this.#policy = policy;
    this.#noteLimits();
    this.#gateway.dispatch({ kind: "policy-changed", policy });
  }

  async restart(): Promise<void> {
    const supply = this.#supply;
    // A unit without power starts when the power comes back, and not before.
    if (!supply.on) return;
    await this.stop();
    if (!supply.on) return;
    this.#gateway = this.#boot();
    await this.start();
  }

  async cutPower(): Promise<void> {
    if (!this.#supply.on) return;
    this.#supply.on = false;
    this.#options.trace.note({ what: "unit", did: "lost-power" });
    this.bench.gpio.setPower(false);
    this.#options.backend.losePower?.();
    await this.#options.backend.disconnect();
    // What is left of the program is only memory: nothing it does reaches a wire or the disk.
    await this.#gateway.stop().catch(() => undefined);
  }

  async restorePower(): Promise<void> {
    if (this.#supply.on) return;
    this.bench.gpio.setPower(true);
    this.#gateway = this.#boot();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#options.trace.note({ what: "unit", did: "stopping" });
    await this.#options.backend.disconnect();
    await this.#gateway.stop();
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

  #boot(): Gateway {
    const { unitClock, trace, verifier, backend } = this.#options;
    const supply = { on: true };
    this.#supply = supply;
    const store: RecordStore = {
      commit: (draft) => (supply.on ? backend.store.commit(draft) : new Promise(() => {})),
      recent: async (count) => (await backend.store.recent?.(count)) ?? [],
    };
    const settings: SettingStore = {
      get: (name) => backend.settings.get(name),
      set: async (name, value) => {
        if (!supply.on) throw new Error("there is no power");
        await backend.settings.set(name, value);
      },
    };
    const gateway = new Gateway({
      clock: unitClock,
      settings,
      references: { next: () => Buffer.from(bytes(this.#references, 12)).toString("base64url") },
      policy: this.#policy,
      devices: this.#devices(),
      store,
      verifier,
      ...(backend.outbox === undefined ? {} : { outbox: backend.outbox }),
      onStep: ({ event, effects }) => {
        if (supply.on) trace.note({ what: "turn", event, effects });
      },
      onTimings: (timings) => this.#options.onTimings?.(timings),
      onCommandAnswered: (commandId, result, detail) => {
        trace.note({ what: "command-answered", commandId, result });
        backend.answerCommand?.(commandId, result, detail);
      },
    });
    gateway.subscribe(() => {
      if (gateway !== this.#gateway) return;
      for (const listener of this.#listeners) listener();
    });
    return gateway;
  }

  /** The drivers of the real unit, on the simulated buses. */
  #devices(): Devices {
    const { unitClock: clock, bench, engine, without = [] } = this.#options;
    const { gpio } = bench;
    const devices: Devices = {
      gate: createGate({ line: () => bench.takeGuard(), clock, maximumMs: GATE_MAXIMUM_MS }),
    };
    const has = (device: OptionalDevice): boolean => !without.includes(device);
    if (has("camera")) {
      devices.codeReaders = [
        createCodeReader({
          camera: bench.camera,
          engine,
          clock,
          wanted: CREDENTIAL_SHAPES,
        }),
      ];
    }
    if (has("card-reader")) devices.cardReaders = [createSdtReader({ host: bench.serial, clock })];
    if (has("thermometer")) {
      const open = onTwoWire(bench.smbus, (bus) => createMlx90614(bus, MLX90614_ADDRESS));
      devices.thermometer = createThermometer({ open, clock });
    }
    if (has("panel")) devices.panel = createPanel({ gpio, clock, lines: PANEL_LINES });
    if (has("door-contacts")) {
      const lines = {
        "door-open": { line: CONTACT_LINES["door-open"] },
        "exit-request": { line: CONTACT_LINES["exit-request"] },
        fire: { line: CONTACT_LINES.fire },
        tamper: { line: CONTACT_LINES.tamper },
      };
      devices.doorContacts = createDoorContacts({ gpio, clock, lines });
    }
    return devices;
  }
}
