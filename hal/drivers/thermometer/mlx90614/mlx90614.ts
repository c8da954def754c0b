/** Melexis MLX90614 infrared thermometer: watches for a warm body and measures once for each approach. */
import { BusError } from "../../../bus/errors.ts";
import type { SmBus, SmBusHost } from "../../../bus/smbus.ts";
import { withDeadline } from "../../../clock.ts";
import type { Clock } from "../../../clock.ts";
import type {
  DeviceHealth,
  TemperatureFailure,
  TemperatureReading,
  Thermometer,
} from "../../../devices.ts";
import { BURST_DEFAULTS, createBurst } from "../burst.ts";
import type { Burst, BurstOptions, BurstResult } from "../burst.ts";
import { createApproachDetector, APPROACH_DEFAULTS } from "../approach.ts";
import type { ApproachDetector, ApproachOptions } from "../approach.ts";
import { countToCelsius, readTemperature, Register } from "./registers.ts";
import { createCalibration } from "../calibration.ts";
import type { CalibrationTable } from "../calibration.ts";
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry } from "../../support/retry.ts";
import type { Retry, Session } from "../../support/retry.ts";

export { probeMlx90614 } from "./registers.ts";
export type { Mlx90614Probe } from "./registers.ts";
export type { CalibrationTable, CalibrationRow } from "../calibration.ts";

export interface Mlx90614Options {
  host: SmBusHost;
  clock: Clock;
  /** 7-bit address; every part leaves the factory at 0x5A. */
  address?: number;
  /** Time between two looks, ms. The factory filter settles within 100 ms. */
  intervalMs?: number;
  burst?: Partial<BurstOptions>;
  presence?: Partial<ApproachOptions>;
  /** Skin to estimate, by the site's own calibration; the skin value itself where there is none. */
  transform?: CalibrationTable;
}

const LOOKS_PER_AMBIENT = 10;
/**
 * A single disturbed transaction is normal on a wire through a door frame; half a second of them, or
 * of one that does not return, is not: whoever was measured may have left by then, unseen.
 */
const BLIND_INTERVALS = 5;
const BLIND_AT_LEAST_MS = 500;
/** A process that is busy for a moment turns nobody away: people do not change places in a second. */
const STOOD_STILL = 2;

/**
 * A thermometer on an SMBus. One reading for each approach; an absent chip is retried for ever.
 * @throws RangeError on a transform table or burst settings that cannot be meant
 */
export function createMlx90614(options: Mlx90614Options): Thermometer {
  return new Mlx90614(options);
}

class Mlx90614 implements Thermometer {
  readonly #clock: Clock;
  readonly #host: SmBusHost;
  readonly #address: number;
  readonly #intervalMs: number;
  readonly #blindMs: number;
  readonly #burstOptions: BurstOptions;
  readonly #presence: ApproachDetector;
  readonly #estimate: (skinC: number, ambientC: number) => number;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #burst: Burst | undefined;
  #ambientC: number | undefined;
  #looks = 0;
  #faults = 0;
  /** Of the last look that came to something, or of the start (monotonic). */
  #sawAtMs = 0;
  #onReading: ((reading: TemperatureReading) => void) | undefined;
  #onFailure: ((failure: TemperatureFailure) => void) | undefined;
  #onPresence: ((present: boolean) => void) | undefined;

  constructor(options: Mlx90614Options) {
    this.#clock = options.clock;
    this.#host = options.host;
    this.#address = options.address ?? 0x5a;
    this.#intervalMs = options.intervalMs ?? 100;
    this.#blindMs = Math.max(BLIND_AT_LEAST_MS, BLIND_INTERVALS * this.#intervalMs);
    this.#burstOptions = { ...BURST_DEFAULTS, ...options.burst };
    createBurst(0, this.#burstOptions); // settings that cannot be meant fail here, not at the door
    this.#presence = createApproachDetector({ ...APPROACH_DEFAULTS, ...options.presence });
    this.#estimate = createCalibration(options.transform ?? []);
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#watch(session),
      onFailure: (error) => this.#fail(error),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    // The first look takes time on the bus; nobody needs to wait for it.
    void this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    this.#burst = undefined;
    this.#ambientC = undefined;
    this.#forget();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onReading(listener: (reading: TemperatureReading) => void): void {
    this.#onReading = listener;
  }

  onFailure(listener: (failure: TemperatureFailure) => void): void {
    this.#onFailure = listener;
  }

  onPresence(listener: (present: boolean) => void): void {
    this.#onPresence = listener;
    if (this.#presence.present) listener(true);
  }

  measureAgain(): void {
    if (this.#health.current.state === "failed") this.#onFailure?.("sensor-fault");
    // With nobody in view the next approach is measured anyway.
    else if (this.#presence.present) this.#beginBurst();
  }

  /** Looks until the sensor is lost or the driver stops. */
  async #watch(session: Session): Promise<void> {
    const bus = await this.#host.open();
    this.#faults = 0;
    this.#sawAtMs = this.#clock.monotonicMs();
    try {
      while (session.live) {
        await this.#lookOnce(bus, session);
        await session.wait(this.#intervalMs);
      }
    } catch (error) {
      // Before the bus is closed: what hangs there must not hold up the alarm.
      if (session.live) this.#fail(error);
      throw error;
    } finally {
      await bus.close();
    }
  }

  async #lookOnce(bus: SmBus, session: Session): Promise<void> {
    let objectCount: number | undefined;
    let fault: unknown;
    try {
      if (this.#looks % LOOKS_PER_AMBIENT === 0 || this.#ambientC === undefined) {
        const ambientCount = await this.#read(bus, Register.ambient);
        if (ambientCount !== undefined) this.#ambientC = countToCelsius(ambientCount);
      }
      objectCount = await this.#read(bus, Register.object);
    } catch (error) {
      fault = error;
    }
    if (!session.live) return;
    if (objectCount === undefined || this.#ambientC === undefined) {
      this.#missed(fault ?? flagged(bus, this.#address));
      return;
    }
    this.#looks += 1;
    this.#faults = 0;
    this.#retry.succeeded();
    this.#health.set({ state: "ok" });
    this.#take(objectCount, this.#ambientC);
  }

  #read(bus: SmBus, command: number): Promise<number | undefined> {
    return withDeadline(
      this.#clock,
      this.#blindMs,
      readTemperature(bus, this.#address, command),
      () =>
        new BusError("timeout", {
          bus: bus.name,
          address: this.#address,
          during: "waiting for a temperature",
        }),
    );
  }

  #blindForMs(): number {
    return this.#clock.monotonicMs() - this.#sawAtMs;
  }

  #missed(fault: unknown): void {
    this.#faults += 1;
    if (this.#faults >= BLIND_INTERVALS || this.#blindForMs() >= this.#blindMs) throw fault;
    const result = this.#burst?.miss(this.#clock.monotonicMs());
    if (result !== undefined) this.#finish(result);
  }

  #take(objectCount: number, ambientC: number): void {
    const atMs = this.#clock.monotonicMs();
    // The process stood still, and the chip is well: whoever is seen now may be somebody else.
    if (this.#blindForMs() > STOOD_STILL * this.#blindMs) this.#loseSight();
    this.#sawAtMs = atMs;
    const was = this.#presence.present;
    const present = this.#presence.observe(countToCelsius(objectCount), ambientC, atMs);
    if (present && !was) {
      this.#beginBurst();
      this.#onPresence?.(true);
    } else if (!present && was) {
      // Somebody who only walked past gets neither a number nor a complaint.
      this.#burst = undefined;
      this.#onPresence?.(false);
    }
    const result = this.#burst?.add(objectCount, atMs);
    if (result !== undefined) this.#finish(result);
  }

  #beginBurst(): void {
    this.#burst = createBurst(this.#clock.monotonicMs(), this.#burstOptions);
  }

  #finish(result: BurstResult): void {
    this.#burst = undefined;
    if (result.kind === "failed") {
      this.#onFailure?.(result.failure);
      return;
    }
    const ambientC = this.#ambientC;
    if (ambientC === undefined) throw new Error("a burst ended without an ambient temperature");
    const { skinC, spreadK, samples } = result;
    this.#onReading?.({
      skinC: round(skinC),
      ambientC: round(ambientC),
      estimateC: round(this.#estimate(skinC, ambientC)),
      spreadK: round(spreadK),
      samples,
      measuredAtMs: this.#clock.monotonicMs(),
    });
  }

  #fail(error: unknown): void {
    this.#health.set(failureOf(error));
    this.#loseSight();
    this.#ambientC = undefined;
  }

  #loseSight(): void {
    const measuring = this.#burst !== undefined;
    this.#burst = undefined;
    if (measuring) this.#onFailure?.("sensor-fault");
    this.#forget();
  }

  #forget(): void {
    const was = this.#presence.present;
    this.#presence.reset();
    if (was) this.#onPresence?.(false);
  }
}

function flagged(bus: SmBus, address: number): BusError {
  return new BusError("corrupt", {
    bus: bus.name,
    address,
    during: "reading a temperature",
    detail: "the chip flags its data as invalid; check its supply and what it looks at",
  });
}

// Half a count is 0.01 K, the finest a median of an even number of samples can be.
const round = (value: number): number => Math.round(value * 100) / 100;
