/** A stream of frames through the plan and the ladder, as the unit's decoder processes take it. */
import type { DecodedCode } from "../hal/devices.ts";
import { climb } from "../hal/drivers/code-reader/cascade.ts";
import type { Decoders } from "../hal/drivers/code-reader/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image.ts";
import { JOB_COST, createPlan } from "../hal/drivers/code-reader/plan.ts";
import { createStack } from "../hal/drivers/code-reader/stack.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "../hal/drivers/code-reader/steps.ts";

/** What something new in view may take until it is read. */
export const MOST_FRAMES = 10;

/** The first frame, counted from 1, that gives a code; nothing when ten of them do not. */
export function framesUntilRead(
  decoders: Decoders,
  frameAt: (frame: number) => Luminance,
): { frame: number; codes: DecodedCode[] } | undefined {
  const plan = createPlan(FURTHER_STEPS);
  const stack = createStack();
  for (let frame = 1; frame <= MOST_FRAMES; frame++) {
    const picture = frameAt(frame);
    plan.frame(true);
    const cheap = climb(decoders, picture, CHEAP_STEPS, [0, 1]).codes;
    if (cheap.length > 0) return { frame, codes: cheap };
    const stream = { stack, number: frame };
    const { codes } = climb(decoders, picture, FURTHER_STEPS, plan.next(JOB_COST), stream);
    if (codes.length > 0) return { frame, codes };
  }
  return undefined;
}
