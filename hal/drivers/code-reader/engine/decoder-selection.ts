/** Which cheap decoder looks at a frame first: the cheaper one of what is in view, as measured there. */
import type { DecodedCode } from "../../../devices.ts";
import { CHEAP_ATTEMPTS, SEES_EVERY_CODE } from "../decode/attempts.ts";

/** What came of a frame's looks. */
interface Taken {
  codes: readonly DecodedCode[];
  /** A wanted code is among them. */
  satisfied: boolean;
  /** CPU of each look that was taken, ms, in their order. */
  cpuMs: readonly number[];
}

/** Deals out the cheap looks; places in `CHEAP_STEPS`. */
export interface DecoderSelection {
  /**
   * The looks for a frame, in their order.
   * @param second asked, at most once, whether a frame that changed may have both; told what the
   *   second look costs, as a multiple of the first
   */
  next(changed: boolean, second: (cost: number) => boolean): number[];
  report(steps: readonly number[], taken: Taken): void;
  /** CPU of the cheaper look, ms: the unit of the budget; nothing before the first look without a wanted code. */
  readonly cheapestMs: number | undefined;
}

// A decoder's cost is the mean of its last dozen looks or so, those without a wanted code.
const WEIGHT = 1 / 12;
// What differs less than this is noise: the one at work stays.
const CLEARLY = 0.9;
// A code that was read lately is still in view, or another one follows.
const CODE_FRAMES = 15;
// In a picture that stays as it is the other decoder has its look too, now and then.
const STILL_TURN = 8;

/**
 * On a bare wall one decoder is cheaper by a third, in a lively hall the other by half: none is
 * the cheapest everywhere, and what an empty doorway costs is what its first look costs.
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
        // Beside a code that is not the one wanted, the other decoder looks at the rest.
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
