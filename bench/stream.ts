/** A stream of frames through the plan and the ladder, as the unit's decoder processes take it. */
import type { DecodedCode } from "../hal/devices.ts";
import { climb } from "../hal/drivers/code-reader/decode/cascade.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";
import { JOB_COST, createPlan } from "../hal/drivers/code-reader/engine/cpu-budget.ts";
import { createStack } from "../hal/drivers/code-reader/image/frame-accumulation.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "../hal/drivers/code-reader/decode/attempts.ts";

/** What something new in view may take until it is read. */
export const MOST_FRAMES = 10;

// ZXing behind rxing, before a bare wall.
const SECOND_LOOK_COST = 1.3;

/** A minute of people passing by, without a code. */
export const BUSTLE_FRAMES = 1_800;

/**
 * The first frame, counted from 1, that gives a code; nothing when ten of them do not.
 * @param bustleFrames moving frames without a code before them
 */
export function framesUntilRead(
  decoders: Decoders,
  frameAt: (frame: number) => Luminance,
  bustleFrames = 0,
): { frame: number; codes: DecodedCode[] } | undefined {
  const plan = createPlan(FURTHER_STEPS);
  const stack = createStack();
  for (let frame = 0; frame < bustleFrames; frame++) {
    plan.frame(true);
    plan.secondLook(SECOND_LOOK_COST);
    plan.next(JOB_COST);
  }
  for (let frame = 1; frame <= MOST_FRAMES; frame++) {
    const picture = frameAt(frame);
    plan.frame(true);
    // Which of the two is the cheaper one depends on the picture; the other sees outlines besides.
    const looks = plan.secondLook(SECOND_LOOK_COST) ? [1, 0] : [1];
    const cheap = climb(decoders, picture, CHEAP_STEPS, looks);
    if (cheap.codes.length > 0) return { frame, codes: cheap.codes };
    const stream = { stream: { stack, number: frame } };
    const places = plan.next(JOB_COST, cheap.outlined);
    const { codes } = climb(decoders, picture, FURTHER_STEPS, places, stream);
    if (codes.length > 0) return { frame, codes };
  }
  return undefined;
}
