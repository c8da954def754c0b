/** Decoder selection: the cheap decoder that costs less on the present scene, as measured there, goes first. */
import type { DecodedCode } from "../../../devices.ts";
import { CHEAP_ATTEMPTS, SEES_EVERY_CODE } from "../decode/attempts.ts";

/** The result of a frame's cheap attempts. */
interface Taken {
  codes: readonly DecodedCode[];
  /** A wanted code is among them. */
  satisfied: boolean;
  /** CPU of each attempt that was made, ms, in their order. */
  cpuMs: readonly number[];
}

/** Selects the cheap attempts for each frame, as places in `CHEAP_ATTEMPTS`. */
export interface DecoderSelection {
  /**
   * The attempts for a frame, in their order.
   * @param second called at most once, with the cost of the second attempt as a multiple of the
   *   first: whether a frame that changed may have both
   */
  next(changed: boolean, second: (cost: number) => boolean): number[];
  report(steps: readonly number[], taken: Taken): void;
  /** CPU of the cheaper attempt, ms: the unit of the budget; nothing before the first one without a wanted code. */
  readonly cheapestMs: number | undefined;
}

// A decoder's cost is the mean of its last dozen attempts or so, those without a wanted code.
const WEIGHT = 1 / 12;
// What differs less than this is noise: the one at work stays.
const CLEARLY = 0.9;
// A code that was read lately is still in view, or another one follows.
const CODE_FRAMES = 15;
// In a picture that stays as it is the other decoder has a turn too, now and then.
const STILL_TURN = 8;

/**
 * On a bare wall one decoder is cheaper by a third, in a lively hall the other by half: none is
 * the cheapest everywhere, and an empty doorway costs what its first attempt costs.
 */
export function createDecoderSelection(): DecoderSelection {
  const costs: (number | undefined)[] = CHEAP_ATTEMPTS.map(() => undefined);
  let cheapest = SEES_EVERY_CODE;
  let sinceCode = CODE_FRAMES;
  let satisfiedBefore = false;
  let still = 0;
  return {
    next(changed, second) {
      const first = sinceCode < CODE_FRAMES ? SEES_EVERY_CODE : cheapest;
      const others = CHEAP_ATTEMPTS.map((_, place) => place).filter((place) => place !== first);
      if (!changed) {
        still += 1;
        if (still % STILL_TURN !== 1 || satisfiedBefore) return [first];
        // A code that is not wanted was read: the other decoder searches the rest of the picture.
        return sinceCode === 0 ? [first, ...others] : others;
      }
      still = 0;
      const cost = others.reduce((sum, place) => sum + (costs[place] ?? 0), 0);
      return second(cost / (costs[first] ?? cost) || 1) ? [first, ...others] : [first];
    },
    report(steps, { codes, satisfied, cpuMs }) {
      satisfiedBefore = satisfied;
      sinceCode = codes.length > 0 ? 0 : sinceCode + 1;
      if (satisfied) return;
      cpuMs.forEach((ms, index) => {
        const place = steps[index] ?? 0;
        const before = costs[place] ?? ms;
        costs[place] = before + WEIGHT * (ms - before);
      });
      costs.forEach((ms, place) => {
        if (ms !== undefined && ms < CLEARLY * (costs[cheapest] ?? 0)) cheapest = place;
      });
    },
    get cheapestMs() {
      return costs[cheapest];
    },
  };
}
