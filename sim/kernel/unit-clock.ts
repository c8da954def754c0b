/** The unit's own clock: true time with an error, as a Pi without an RTC has it. */
import type { Clock } from "../../hal/clock.ts";
import { persistTrustedTime, type PersistentClock } from "../../src/gateway/last-trusted-time.ts";

/** A clock whose wall time can be made wrong; durations stay right. */
export interface UnitClock extends PersistentClock {
  /** How far the wall clock is ahead of the truth, ms. */
  readonly errorMs: number;
  /** Sets the error and whether the clock counts as synchronised. */
  set(errorMs: number, trusted: boolean): void;
}

/** @param truth the simulation's own time */
export function createUnitClock(truth: Clock): UnitClock {
  let errorMs = 0;
  let trusted = true;
  const believed: Clock = {
    monotonicMs: () => truth.monotonicMs(),
    wallMs: () => truth.wallMs() + errorMs,
    wallTrusted: () => trusted && truth.wallTrusted(),
    after: (delayMs, callback) => truth.after(delayMs, callback),
  };
  // Only its own memory shows this unit that its clock is behind.
  const remembered = persistTrustedTime(believed, false);
  return {
    ...remembered,
    get errorMs() {
      return errorMs;
    },
    set(nextErrorMs, nextTrusted) {
      errorMs = nextErrorMs;
      trusted = nextTrusted;
    },
  };
}
