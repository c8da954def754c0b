/** A thermometer for people, on whatever chip: waits for a person to approach and measures them once. */
import { BusError } from "../../bus/errors.ts";
import { withDeadline, type Clock } from "../../clock.ts";
import type {
  DeviceHealth,
  TemperatureFailure,
  TemperatureReading,
  Thermometer,
} from "../../devices.ts";
import { createHealth, failureOf } from "../support/health.ts";
import { createRetry, type Retry, type Session } from "../support/retry.ts";
import {
  APPROACH_DEFAULTS,
  createApproachDetector,
  type ApproachDetector,
  type ApproachOptions,
} from "./approach.ts";
import { BURST_DEFAULTS, createBurst } from "./burst.ts";
import type { Burst, BurstOptions, BurstResult } from "./burst.ts";
import { createCalibration, type CalibrationTable } from "./calibration.ts";
import type { OpenChip, ThermometerChip } from "./chip.ts";

export interface ThermometerOptions {
  /** Opens the chip; called again after the chip was lost. */
  open: OpenChip;
  clock: Clock;
  /** Time between two samples, ms. */
  intervalMs?: number;
  burst?: Partial<BurstOptions>;
  approach?: Partial<ApproachOptions>;
  /** Skin to estimate, by the site's own calibration; the skin value itself where there is none. */
  transform?: CalibrationTable;
}

const SAMPLES_PER_AMBIENT = 10;
/**
 * A single disturbed transaction is normal on a wire through a door frame. Half a second of them is
 * not, nor is one that does not return: the person may have left by then, unseen.
 */
const BLIND_INTERVALS = 5;
const BLIND_AT_LEAST_MS = 500;
/** A process that is busy for a moment ends no measurement: people do not change places in a second. */
const STALLED_TIMES_BLIND = 2;

/**
 * One reading for each approach; an absent chip is retried for ever.
 * @throws RangeError on a calibration table or burst settings that make no sense
 */
export function createThermometer(options: ThermometerOptions): Thermometer {
  return new PersonThermometer(options);
}

class PersonThermometer implements Thermometer {
  readonly #clock: Clock;
  readonly #open: OpenChip;
  readonly #intervalMs: number;
  readonly #blindMs: number;
  readonly #burstOptions: BurstOptions;
  readonly #approach: ApproachDetector;
  readonly #estimate: (skinC: number, ambientC: number) => number;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #burst: Burst | undefined;
  #ambientC: number | undefined;
  #samples = 0;
  #faults = 0;
  /** When the last sample came, or the chip was opened (monotonic). */
  #sampledAtMs = 0;
  #onReading: ((reading: TemperatureReading) => void) | undefined;
  #onFailure: ((failure: TemperatureFailure) => void) | undefined;
  #onPresence: ((present: boolean) => void) | undefined;

  constructor(options: ThermometerOptions) {
    this.#clock = options.clock;
    this.#open = options.open;
    this.#intervalMs = options.intervalMs ?? 100;
    this.#blindMs = Math.max(BLIND_AT_LEAST_MS, BLIND_INTERVALS * this.#intervalMs);
    this.#burstOptions = { ...BURST_DEFAULTS, ...options.burst };
    createBurst(0, this.#burstOptions); // settings that make no sense fail here, not at the door
    this.#approach = createApproachDetector({ ...APPROACH_DEFAULTS, ...options.approach });
    this.#estimate = createCalibration(options.transform ?? []);
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#watch(session),
      onFailure: (error) => this.#fail(error),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    // The first sample takes time on the bus; nothing needs to wait for it.
    void this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    this.#burst = undefined;
    this.#ambientC = undefined;
    this.#forgetPresence();
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
    if (this.#approach.present) listener(true);
  }

  measureAgain(): void {
    if (this.#health.current.state === "failed") this.#onFailure?.("sensor-fault");
    // With no person in view the next approach is measured anyway.
    else if (this.#approach.present) this.#beginBurst();
  }

  /** Samples until the chip is lost or the driver stops. */
  async #watch(session: Session): Promise<void> {
    const chip = await this.#open();
    this.#faults = 0;
    this.#sampledAtMs = this.#clock.monotonicMs();
    try {
      while (session.live) {
        await this.#sample(chip, session);
        await session.wait(this.#intervalMs);
      }
    } catch (error) {
      // Before the bus is closed: what hangs there must not hold up the alarm.
      if (session.live) this.#fail(error);
      throw error;
    } finally {
      await chip.close();
    }
  }

  async #sample(chip: ThermometerChip, session: Session): Promise<void> {
    let objectC: number | undefined;
    let fault: unknown;
    try {
      if (this.#samples % SAMPLES_PER_AMBIENT === 0 || this.#ambientC === undefined) {
        const ambientC = await this.#inTime(chip, chip.readAmbientC());
        if (ambientC !== undefined) this.#ambientC = ambientC;
      }
      objectC = await this.#inTime(chip, chip.readObjectC());
    } catch (error) {
      fault = error;
    }
    if (!session.live) return;
    if (objectC === undefined || this.#ambientC === undefined) {
      this.#missed(fault ?? markedInvalid(chip));
      return;
    }
    this.#samples += 1;
    this.#faults = 0;
    this.#retry.succeeded();
    this.#health.set({ state: "ok" });
    this.#take(objectC, this.#ambientC);
  }

  #inTime(
    chip: ThermometerChip,
    reading: Promise<number | undefined>,
  ): Promise<number | undefined> {
    return withDeadline(
      this.#clock,
      this.#blindMs,
      reading,
      () => new BusError("timeout", { ...placeOf(chip), during: "waiting for a temperature" }),
    );
  }

  #unsampledMs(): number {
    return this.#clock.monotonicMs() - this.#sampledAtMs;
  }

  #missed(fault: unknown): void {
    this.#faults += 1;
    if (this.#faults >= BLIND_INTERVALS || this.#unsampledMs() >= this.#blindMs) throw fault;
    const result = this.#burst?.miss(this.#clock.monotonicMs());
    if (result !== undefined) this.#finish(result);
  }

  #take(objectC: number, ambientC: number): void {
    const atMs = this.#clock.monotonicMs();
    // The process stood still while the chip was well: another person may be in view now.
    if (this.#unsampledMs() > STALLED_TIMES_BLIND * this.#blindMs) this.#endPresence();
    this.#sampledAtMs = atMs;
    const before = this.#approach.present;
    const present = this.#approach.observe(objectC, ambientC, atMs);
    if (present && !before) {
      this.#beginBurst();
      this.#onPresence?.(true);
    } else if (!present && before) {
      // A person who only walked past gets neither a number nor a complaint.
      this.#burst = undefined;
      this.#onPresence?.(false);
    }
    const result = this.#burst?.add(objectC, atMs);
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
    this.#endPresence();
    this.#ambientC = undefined;
  }

  #endPresence(): void {
    const measuring = this.#burst !== undefined;
    this.#burst = undefined;
    if (measuring) this.#onFailure?.("sensor-fault");
    this.#forgetPresence();
  }

  #forgetPresence(): void {
    const before = this.#approach.present;
    this.#approach.reset();
    if (before) this.#onPresence?.(false);
  }
}

function placeOf({ bus, address }: ThermometerChip): { bus: string; address?: number } {
  return address === undefined ? { bus } : { bus, address };
}

function markedInvalid(chip: ThermometerChip): BusError {
  return new BusError("corrupt", {
    ...placeOf(chip),
    during: "reading a temperature",
    detail: "the chip flags its data as invalid; check its supply and what it looks at",
  });
}

// A hundredth of a kelvin is finer than any contactless chip resolves.
const round = (value: number): number => Math.round(value * 100) / 100;
