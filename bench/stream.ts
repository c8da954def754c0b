/** A stream of frames through the plan and the ladder, as the unit's decoder processes take it. */
import type { DecodedCode } from "../hal/devices.ts";
import { tryAttempts } from "../hal/drivers/code-reader/decode/cascade.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";
import { JOB_COST, createCpuBudget } from "../hal/drivers/code-reader/engine/cpu-budget.ts";
import { createFrameAccumulator } from "../hal/drivers/code-reader/image/frame-accumulation.ts";
import { CHEAP_ATTEMPTS, FURTHER_ATTEMPTS } from "../hal/drivers/code-reader/decode/attempts.ts";

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
  const plan = createCpuBudget(FURTHER_ATTEMPTS);
  const accumulator = createFrameAccumulator();
  for (let frame = 0; frame < bustleFrames; frame++) {
    plan.startFrame(true);
    plan.secondAttempt(SECOND_LOOK_COST);
    plan.nextAttempts(JOB_COST);
  }
  for (let frame = 1; frame <= MOST_FRAMES; frame++) {
    const picture = frameAt(frame);
    plan.startFrame(true);
    // Which of the two is the cheaper one depends on the picture; the other sees outlines besides.
    const looks = plan.secondAttempt(SECOND_LOOK_COST) ? [1, 0] : [1];
    const cheap = tryAttempts(decoders, picture, CHEAP_ATTEMPTS, looks);
    if (cheap.codes.length > 0) return { frame, codes: cheap.codes };
    const stream = { stream: { accumulator, frame } };
    const places = plan.nextAttempts(JOB_COST, cheap.outlined);
    const { codes } = tryAttempts(decoders, picture, FURTHER_ATTEMPTS, places, stream);
    if (codes.length > 0) return { frame, codes };
  }
  return undefined;
}
