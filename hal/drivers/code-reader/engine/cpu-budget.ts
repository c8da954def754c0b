/** The CPU budget of a stream of frames beyond the first cheap attempt: bounded on average, generous when something is new. */
import type { Attempt } from "../decode/attempts.ts";

export interface CpuBudgetOptions {
  /**
   * CPU for further attempts a frame, on average over a stream without codes, as a multiple of the
   * first cheap attempt. Default 0.15: with it such a stream costs less than twice the cheapest decoder.
   */
  share?: number;
  /** What may be saved up for when something new comes into view, in the same unit; default every attempt once. */
  maximumSavings?: number;
}

// Two thirds of the share go to second cheap attempts, one every ten frames: what the first one misses
// is mostly read, or at least outlined, by the other.
const SECOND_ATTEMPTS = 2 / 3;
// Everything that is new gets both cheap attempts for about two seconds.
const MOST_SECOND_ATTEMPTS = 60;

/** Grants further attempts to frames in which the cheap one found nothing. */
export interface CpuBudget {
  /** Called for every frame, before anything is granted for it. */
  startFrame(changed: boolean): void;
  /**
   * Whether the second cheap attempt is due; if it is, its cost is taken from the budget.
   * @param cost as a multiple of the first attempt
   */
  secondAttempt(cost: number): boolean;
  /**
   * The next attempts for a frame, as far as the savings go; empty when nothing is to be tried.
   * @param outlined a symbol was outlined in it: half as much again is reserved for such frames and
   *   those after them, so that motion without codes cannot exhaust what the first code needs
   */
  nextAttempts(mostCost: number, outlined?: boolean): number[];
  /**
   * What the last attempts really cost, as a multiple of the first attempt on this machine and
   * picture. The listed costs are those of one machine; the budget adapts to this one's.
   */
  reportCost(cost: number): void;
  /** A wanted code was read: where there are some, the next one gets everything again, every some seconds. */
  refill(): void;
  /** The attempt that read a code: it comes first next time, because the code is still in view. */
  reportSuccess(attempt: number): void;
}

/** A job short enough that the next one gets a newer frame, and long enough to be worth its copy. */
export const JOB_COST = 15;
// Taking a frame over and laying it over those before it.
export const JOB_OVERHEAD = 2;

// A code that is read in every other frame must not pay for all the frames between: with this even
// the busiest door spends less than one cheap attempt a frame on further ones.
const REFILL_FRAMES = 150;
// What was outlined is there for a while, also in frames that the other decoder takes.
const OUTLINE_FRAMES = 10;
// What a job really costs against its estimate: the mean of the last dozen or so. The bounds allow for
// another machine and not for a single hiccup.
const COST_WEIGHT = 1 / 12;
const COST_FACTOR = { least: 0.5, most: 4 };
// Shorter pauses are part of one movement.
const CALM_FRAMES = 5;

/** @param attempts every further attempt; what is granted are places in this list */
export function createCpuBudget(
  attempts: readonly Attempt[],
  options: CpuBudgetOptions = {},
): CpuBudget {
  const share = options.share ?? 0.15;
  const burst = options.maximumSavings ?? onceThrough(attempts);
  const reserved = burst / 2;
  const mostSecond = Math.min(MOST_SECOND_ATTEMPTS, burst);
  const order = attempts.map((_, index) => index);
  let savings = burst + reserved;
  let second = mostSecond;
  let promising = 0;
  let framesSinceRefill = REFILL_FRAMES;
  let costFactor = 1;
  let estimated = 0;
  let cursor = 0;
  // A picture that did not change is not tried again with what failed on it.
  let triedSinceChange = 0;
  let calm = CALM_FRAMES;
  return {
    startFrame(changed) {
      savings = Math.min(burst + reserved, savings + (share * (1 - SECOND_ATTEMPTS)) / costFactor);
      second = Math.min(mostSecond, second + share * SECOND_ATTEMPTS);
      framesSinceRefill += 1;
      promising -= 1;
      if (!changed) {
        calm += 1;
        return;
      }
      triedSinceChange = 0;
      // Something new gets the best attempts first; in a moving picture every attempt gets its turn.
      if (calm >= CALM_FRAMES) cursor = 0;
      calm = 0;
    },
    secondAttempt(cost) {
      if (second < cost) return false;
      second -= cost;
      return true;
    },
    nextAttempts(mostCost, outlined = false) {
      const granted: number[] = [];
      if (outlined) promising = OUTLINE_FRAMES;
      const available = promising > 0 ? savings : savings - reserved;
      let cost = JOB_OVERHEAD;
      while (triedSinceChange < order.length) {
        const index = order[cursor];
        const attempt = index === undefined ? undefined : attempts[index];
        if (index === undefined || attempt === undefined) break;
        const most = Math.max(mostCost, JOB_OVERHEAD + attempt.cost);
        if (cost + attempt.cost > Math.min(available, most)) break;
        cost += attempt.cost;
        granted.push(index);
        cursor = (cursor + 1) % order.length;
        triedSinceChange += 1;
      }
      if (granted.length > 0) {
        savings -= cost;
        estimated = cost;
      }
      return granted;
    },
    reportCost(cost) {
      if (estimated === 0) return;
      const measured = Math.min(COST_FACTOR.most, Math.max(COST_FACTOR.least, cost / estimated));
      costFactor += COST_WEIGHT * (measured - costFactor);
      estimated = 0;
    },
    refill() {
      if (framesSinceRefill < REFILL_FRAMES) return;
      framesSinceRefill = 0;
      savings = burst + reserved;
      second = mostSecond;
    },
    reportSuccess(attempt) {
      order.splice(order.indexOf(attempt), 1);
      order.unshift(attempt);
      cursor = 0;
      triedSinceChange = 0;
    },
  };
}

/** What every attempt once costs in jobs, the last of which are not full. */
function onceThrough(attempts: readonly Attempt[]): number {
  const work = attempts.reduce((sum, { cost }) => sum + cost, 0);
  return work + JOB_OVERHEAD * (Math.ceil(work / (JOB_COST - JOB_OVERHEAD)) + 3);
}
