/** The decoding engine of a unit: decoders in processes of their own, which may die without the door. */
import type { Clock } from "../../../clock.ts";
import type { DecodedCode } from "../../../devices.ts";
import type { DecodeEngine, DecodeResult, Frame } from "./engine.ts";
import { erase } from "../image/erase.ts";
import { createFamiliar } from "../capture/scenery-codes.ts";
import { whole } from "../image/image.ts";
import type { Luminance } from "../image/image.ts";
import { createLane } from "./decoder-worker.ts";
import type { Answer } from "./decoder-worker.ts";
import { createLooks } from "./decoder-selection.ts";
import { JOB_COST, createPlan } from "./cpu-budget.ts";
import type { PlanOptions } from "./cpu-budget.ts";
import { joinParts } from "../decode/structured-append.ts";
import { ranked } from "../decode/rank.ts";
import { FURTHER_STEPS, SEES_EVERY_CODE } from "../decode/attempts.ts";
import { holdsWanted, isWantedCode, wantedBy } from "../decode/wanted.ts";

export interface ProcessEngineOptions extends PlanOptions {
  clock: Clock;
  /**
   * Patterns of the texts that a reading may end with; absent: any text. Whatever else is in view is
   * told, and looked past: for a poster beside it no visitor's code goes unread.
   */
  wanted?: readonly string[];
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
  const { clock, onLost = () => undefined, wanted } = options;
  const lane = { clock, onLost, ...(wanted === undefined ? {} : { wanted }) };
  const quick = createLane({ ...lane, name: "decoder" });
  const slow = createLane({ ...lane, name: "thorough decoder" });
  const isWanted = wantedBy(wanted);
  const plan = createPlan(FURTHER_STEPS, options);
  const looks = createLooks();
  const familiar = createFamiliar();
  /** A wanted code was read that is not part of the doorway: what the frame was looked at for. */
  const isSatisfied = (codes: readonly DecodedCode[], number: number): boolean =>
    familiar.isFresh(
      joinParts(codes).filter((code) => isWantedCode(code, isWanted)),
      number,
    );
  let frames = 0;
  let afterthought: ((result: DecodeResult, frame: number) => void) | undefined;

  const lookAt = async (frame: Frame, changed: boolean): Promise<Answer> => {
    const steps = looks.next(changed, (cost) => plan.secondLook(cost));
    const answer = await quick.run(frame, "cheap", steps);
    looks.took(steps, { ...answer, satisfied: holdsWanted(answer.codes, isWanted) });
    // Looks end with the one that reads: where it is not the last of all, the others did not look.
    const tried = steps.slice(0, answer.cpuMs.length);
    if (answer.codes.length === 0 || tried.includes(SEES_EVERY_CODE)) return answer;
    // What was read is one code, whichever it came upon; which of several is meant takes all of them.
    const all = await quick.run(frame, "cheap", [SEES_EVERY_CODE]);
    const codes = ranked([...all.codes, ...answer.codes], frame, (code) =>
      isWantedCode(code, isWanted),
    );
    return { ...answer, codes };
  };
  const tryFurther = async (frame: Luminance, number: number, steps: number[]): Promise<void> => {
    try {
      const { codes, step, cpuMs } = await slow.run(frame, "further", steps, number);
      // With a wanted code it ended early, and says nothing of what its steps take.
      if (step !== undefined) plan.hit(step);
      else if (looks.cheapestMs !== undefined) plan.took((cpuMs[0] ?? 0) / looks.cheapestMs);
      if (codes.length === 0) return;
      if (isSatisfied(codes, number)) plan.refill();
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
      const { codes, outlined } = await lookAt(frame, changed);
      if (isSatisfied(codes, number)) plan.refill();
      else if (!slow.busy) {
        const steps = plan.next(JOB_COST, outlined);
        const rest = codes.length === 0 ? frame : erase(whole(frame), codes);
        if (steps.length > 0) void tryFurther(rest, number, steps);
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
