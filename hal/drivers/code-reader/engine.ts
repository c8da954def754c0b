/** The decoding engine as the code reader uses it: in place, or in workers of its own. */
import type { DecodedCode } from "../../devices.ts";
import { readThoroughly } from "./cascade.ts";
import { loadDecoders } from "./decoders.ts";
import type { Decoders } from "./decoders.ts";
import { hashOf } from "./hash.ts";
import type { Luminance } from "./image.ts";
import { createLane } from "./lane.ts";
import { JOB_COST, createPlan } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "./steps.ts";

/** What was read in one frame. */
export interface DecodeResult {
  /** Every code in view, the one nearest to the centre and largest first; empty for none. */
  codes: DecodedCode[];
}

/** A frame to be read. */
export interface Frame extends Luminance {
  /** Whether the picture differs from the frame before; unknown counts as changed. */
  changed?: boolean;
}

/** Reads frames, one at a time: asking again before the last answer came is a programming error. */
export interface DecodeEngine {
  /** Resolves once the decoders are loaded; `decode` waits for it too. */
  ready(): Promise<void>;
  decode(frame: Frame): Promise<DecodeResult>;
  /**
   * Codes found after their frame was answered, by the slower variants; called with the frame's
   * number, counted from 0 by `decode` calls. An engine in place never calls it.
   */
  onAfterthought(listener: (result: DecodeResult, frame: number) => void): void;
  close(): Promise<void>;
}

export interface InlineEngineOptions {
  /** Results remembered by the frame's content, so that a repeated frame costs a hash; default 0. */
  cacheFrames?: number;
}

/**
 * Decodes in the caller's thread with every variant there is. Once `ready()`, an answer takes
 * microtasks only: the engine of virtual time and of single pictures.
 */
export function createInlineEngine(options: InlineEngineOptions = {}): DecodeEngine {
  const capacity = options.cacheFrames ?? 0;
  const cache = new Map<string, DecodedCode[]>();
  let decoders: Decoders | undefined;
  const ready = async (): Promise<void> => {
    decoders ??= await loadDecoders();
  };
  const read = readThoroughly;
  return {
    ready,
    async decode(frame) {
      if (decoders === undefined) await ready();
      const loaded = decoders ?? (await loadDecoders());
      if (capacity === 0) return { codes: read(loaded, frame) };
      const key = hashOf(frame);
      const known = cache.get(key);
      if (known !== undefined) return { codes: known };
      const codes = read(loaded, frame);
      const oldest = cache.size >= capacity ? cache.keys().next().value : undefined;
      if (oldest !== undefined) cache.delete(oldest);
      cache.set(key, codes);
      return { codes };
    },
    onAfterthought() {},
    close: () => Promise.resolve(),
  };
}

/**
 * Decodes in two threads of its own: the cheap decoders on every frame, the rest of the ladder on
 * some, within the plan's budget. What the second finds is told as an afterthought.
 */
export function createWorkerEngine(options: PlanOptions = {}): DecodeEngine {
  const quick = createLane();
  const slow = createLane();
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
      const { codes, step } = await slow.run(frame, "further", steps);
      if (step !== undefined) plan.hit(step);
      if (codes.length > 0) afterthought?.({ codes }, number);
    } catch {
      // The quick lane goes on; the slow one starts a new worker with its next job.
    }
  };

  return {
    async ready() {
      await Promise.all([quick.ready(), slow.ready()]);
    },
    async decode(frame) {
      const number = frames;
      frames += 1;
      const changed = frame.changed ?? true;
      plan.frame(changed);
      const { codes } = await quick.run(frame, "cheap", cheapSteps(changed, number));
      if (codes.length === 0 && !slow.busy) {
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
