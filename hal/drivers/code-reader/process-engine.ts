/** The decoding engine of a unit: decoders in processes of their own, which may die without the door. */
import type { Clock } from "../../clock.ts";
import type { DecodeEngine, DecodeResult, Frame } from "./engine.ts";
import { createLane } from "./lane.ts";
import { JOB_COST, createPlan } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "./steps.ts";

export interface ProcessEngineOptions extends PlanOptions {
  clock: Clock;
  /** Told when a decoder process was lost and is started anew. */
  onLost?: (error: Error) => void;
}

/** The engine, and its processes for whoever watches or tests them. */
export interface ProcessEngine extends DecodeEngine {
  readonly pids: { quick: number | undefined; slow: number | undefined };
}

/**
 * Decodes in two processes of its own: the cheap decoders on every frame, the rest of the ladder on
 * some, within the plan's budget. What the second finds is told as an afterthought. Their memory is
 * not the unit's, and a decoder that crashes, hangs or grows is replaced while the door goes on.
 */
export function createProcessEngine(options: ProcessEngineOptions): ProcessEngine {
  const { clock, onLost = () => undefined } = options;
  const quick = createLane({ clock, name: "decoder", onLost });
  const slow = createLane({ clock, name: "thorough decoder", onLost });
  const plan = createPlan(FURTHER_STEPS, options);
  let frames = 0;
  let afterthought: ((result: DecodeResult, frame: number) => void) | undefined;

  // A picture that changed is seen by both cheap decoders; one that did not, by each in turn.
  const cheapSteps = (changed: boolean, number: number): number[] => {
    if (!changed) return [number % CHEAP_STEPS.length];
    return plan.afford(CHEAP_STEPS[1]?.cost ?? 0) ? [0, 1] : [0];
  };
  const tryFurther = async (frame: Frame, number: number, steps: number[]): Promise<void> => {
    try {
      const { codes, step } = await slow.run(frame, "further", steps, number);
      if (step !== undefined) plan.hit(step);
      if (codes.length === 0) return;
      plan.refill();
      afterthought?.({ codes }, number);
    } catch {
      // The quick lane goes on; the slow one starts a new process with its next job.
    }
  };

  return {
    get pids() {
      return { quick: quick.pid, slow: slow.pid };
    },
    async ready() {
      await Promise.all([quick.ready(), slow.ready()]);
    },
    async decode(frame) {
      const number = frames;
      frames += 1;
      const changed = frame.changed ?? true;
      plan.frame(changed);
      const { codes } = await quick.run(frame, "cheap", cheapSteps(changed, number));
      if (codes.length > 0) plan.refill();
      else if (!slow.busy) {
        const steps = plan.next(JOB_COST);
        if (steps.length > 0) void tryFurther(frame, number, steps);
      }
      return { codes };
    },
    onAfterthought(listener) {
      afterthought = listener;
    },
    async close() {
      await Promise.all([quick.close(), slow.close()]);
    },
  };
}
