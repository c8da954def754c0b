/** What is spent on a stream's frames beyond the cheap look: bounded on average, quick when something is new. */
import type { Attempt } from "../decode/attempts.ts";

export interface CpuBudgetOptions {
  /**
   * CPU for further attempts a frame, on average over a stream without codes, as a multiple of the
   * first cheap step. Default 0.15: with it such a stream costs less than twice the cheapest decoder.
   */
  share?: number;
  /** What may be saved up for when something new comes into view, in the same unit; default the whole ladder once. */
  maximumSavings?: number;
}

// Two thirds of the share go to second looks, one every ten frames: what the first one misses is
// mostly read, or at least made out, by the other.
const SECOND_LOOKS = 2 / 3;
// Everything that is new gets both looks for about two seconds.
const MOST_SECOND_LOOKS = 60;

/** Deals out steps of the ladder to frames that the cheap look found nothing in. */
export interface CpuBudget {
  /** Called for every frame, before anything is dealt out for it. */
  startFrame(changed: boolean): void;
  /**
   * Whether the second cheap look is due; if it is, it is paid for.
   * @param cost as a multiple of the first look
   */
  secondAttempt(cost: number): boolean;
  /**
   * The next steps for a frame, as far as the savings go; empty when nothing is to be tried.
   * @param outlined a symbol was made out in it: half as much again is kept for such frames and
   *   those after them, so that bustle without codes cannot use up what the first code needs
   */
  nextAttempts(mostCost: number, outlined?: boolean): number[];
  /**
   * What the steps dealt last really took, as a multiple of the first look on this machine and
   * picture. The steps' own costs are those of one machine; what comes in is spent at these.
   */
  reportCost(cost: number): void;
  /** A wanted code was read: where there are some, the next one gets everything again, every some seconds. */
  refill(): void;
  /** The step that read a code: it comes first next time, because the code is still in view. */
  reportSuccess(step: number): void;
}

/** A job short enough that the next one gets a newer frame, and long enough to be worth its copy. */
export const JOB_COST = 15;
// Taking a frame over and laying it over those before it.
export const JOB_OVERHEAD = 2;

// A code that is read in every other frame must not pay for all the frames between: with this even
// the busiest door spends less than one cheap look a frame on further attempts.
const REFILL_FRAMES = 150;
// What was made out is there for a while, also in frames that the other decoder looks at.
const OUTLINE_FRAMES = 10;
// What a job really takes, against what it was reckoned at: the mean of the last dozen or so, within
// bounds in which a machine may differ and a single hiccup may not.
const PACE_WEIGHT = 1 / 12;
const PACE = { least: 0.5, most: 4 };
// Shorter pauses are part of one movement.
const CALM_FRAMES = 5;

/** @param steps the ladder; what is dealt out are places in it */
export function createCpuBudget(
  steps: readonly Attempt[],
  options: CpuBudgetOptions = {},
): CpuBudget {
  const share = options.share ?? 0.15;
  const burst = options.maximumSavings ?? onceThrough(steps);
  const kept = burst / 2;
  const mostLooks = Math.min(MOST_SECOND_LOOKS, burst);
  const order = steps.map((_, index) => index);
  let savings = burst + kept;
  let looks = mostLooks;
  let promising = 0;
  let framesSinceRefill = REFILL_FRAMES;
  let pace = 1;
  let reckoned = 0;
  let cursor = 0;
  // A picture that did not change is not tried again with what failed on it.
  let triedSinceChange = 0;
  let calm = CALM_FRAMES;
  return {
    startFrame(changed) {
      savings = Math.min(burst + kept, savings + (share * (1 - SECOND_LOOKS)) / pace);
      looks = Math.min(mostLooks, looks + share * SECOND_LOOKS);
      framesSinceRefill += 1;
      promising -= 1;
      if (!changed) {
        calm += 1;
        return;
      }
      triedSinceChange = 0;
      // Something new deserves the best steps first; in a moving picture every step gets its turn.
      if (calm >= CALM_FRAMES) cursor = 0;
      calm = 0;
    },
    secondAttempt(cost) {
      if (looks < cost) return false;
      looks -= cost;
      return true;
    },
    nextAttempts(mostCost, outlined = false) {
      const dealt: number[] = [];
      if (outlined) promising = OUTLINE_FRAMES;
      const purse = promising > 0 ? savings : savings - kept;
      let cost = JOB_OVERHEAD;
      while (triedSinceChange < order.length) {
        const index = order[cursor];
        const step = index === undefined ? undefined : steps[index];
        if (index === undefined || step === undefined) break;
        const most = Math.max(mostCost, JOB_OVERHEAD + step.cost);
        if (cost + step.cost > Math.min(purse, most)) break;
        cost += step.cost;
        dealt.push(index);
        cursor = (cursor + 1) % order.length;
        triedSinceChange += 1;
      }
      if (dealt.length > 0) {
        savings -= cost;
        reckoned = cost;
      }
      return dealt;
    },
    reportCost(cost) {
      if (reckoned === 0) return;
      const measured = Math.min(PACE.most, Math.max(PACE.least, cost / reckoned));
      pace += PACE_WEIGHT * (measured - pace);
      reckoned = 0;
    },
    refill() {
      if (framesSinceRefill < REFILL_FRAMES) return;
      framesSinceRefill = 0;
      savings = burst + kept;
      looks = mostLooks;
    },
    reportSuccess(step) {
      order.splice(order.indexOf(step), 1);
      order.unshift(step);
      cursor = 0;
      triedSinceChange = 0;
    },
  };
}

/** What the whole ladder costs in jobs, the last of which are not full. */
function onceThrough(steps: readonly Attempt[]): number {
  const work = steps.reduce((sum, { cost }) => sum + cost, 0);
  return work + JOB_OVERHEAD * (Math.ceil(work / (JOB_COST - JOB_OVERHEAD)) + 3);
}
