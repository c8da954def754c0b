/** A burst: several samples that agree become one number, or a reason why there is none. */
import type { TemperatureFailure } from "../../devices.ts";

export interface BurstOptions {
  /** Samples that must agree, at least 8. */
  samples: number;
  /** Largest difference among them, K. */
  maximumSpreadK: number;
  /** Skin values outside are a wrong aim or a wrong sensor, never a result; both bounds belong in. */
  plausibleC: { from: number; to: number };
  /** How long to wait for samples that agree before asking to measure again, ms. */
  patienceMs: number;
}

export const BURST_DEFAULTS: BurstOptions = {
  samples: 8,
  maximumSpreadK: 0.3,
  plausibleC: { from: 32, to: 42 },
  patienceMs: 3000,
};

/** What came of a burst. */
export type BurstResult =
  | { kind: "steady"; skinC: number; spreadK: number; samples: number }
  | { kind: "failed"; failure: TemperatureFailure };

/** A burst being collected. */
export interface Burst {
  /** Adds one sample, °C; returns the result as soon as there is one. Not to be called after that. */
  add(celsius: number, atMs: number): BurstResult | undefined;
  /** A sample was due but did not come; returns the failure once patience is over. */
  miss(atMs: number): BurstResult | undefined;
}

/**
 * The newest samples slide through a window, so a person who first moves and then stands still is
 * measured without being asked again.
 * @throws RangeError on settings that would weaken the result
 */
export function createBurst(startedAtMs: number, options: BurstOptions): Burst {
  const { samples, maximumSpreadK, plausibleC, patienceMs } = options;
  if (!Number.isInteger(samples) || samples < 8) {
    throw new RangeError(`a burst needs at least 8 samples, not ${samples}`);
  }
  const window: number[] = [];
  // Why nothing was good enough so far: steady values in the wrong range weigh more than movement.
  let failure: TemperatureFailure = "sensor-fault";

  const outOfPatience = (atMs: number): BurstResult | undefined =>
    atMs - startedAtMs >= patienceMs ? { kind: "failed", failure } : undefined;

  return {
    add(celsius, atMs) {
      window.push(celsius);
      if (window.length > samples) window.shift();
      if (failure === "sensor-fault") failure = "unsteady";
      if (window.length === samples) {
        const sorted = window.toSorted((a, b) => a - b);
        const spreadK = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
        if (spreadK <= maximumSpreadK + TOLERANCE_K) {
          const skinC = median(sorted);
          if (isWithin(skinC, plausibleC)) {
            return { kind: "steady", skinC, spreadK, samples };
          }
          failure = "implausible";
        } else failure = "unsteady";
      }
      return outOfPatience(atMs);
    },
    miss: outOfPatience,
  };
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

// Chips count in steps of a hundredth of a kelvin or more, which binary fractions do not hold exactly:
// what is far below a step must not decide.
const TOLERANCE_K = 0.0001;

function isWithin(celsius: number, range: { from: number; to: number }): boolean {
  return celsius >= range.from - TOLERANCE_K && celsius <= range.to + TOLERANCE_K;
}
