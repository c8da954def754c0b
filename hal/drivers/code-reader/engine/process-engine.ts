/** The decoding engine of a unit: decoders in processes of their own, which may die without the door. */
import type { Clock } from "../../../clock.ts";
import type { DecodedCode } from "../../../devices.ts";
import type { DecodeEngine, DecodeResult, Frame } from "./engine.ts";
import { erase } from "../image/erase.ts";
import { createSceneryCodes } from "./scenery-codes.ts";
import { whole } from "../image/image.ts";
import type { Luminance } from "../image/image.ts";
import { createDecoderWorker } from "./decoder-worker.ts";
import type { DecoderAnswer } from "./decoder-worker.ts";
import { createDecoderSelection } from "./decoder-selection.ts";
import { JOB_COST, createCpuBudget } from "./cpu-budget.ts";
import type { CpuBudgetOptions } from "./cpu-budget.ts";
import { joinParts } from "../decode/structured-append.ts";
import { ranked } from "../decode/rank.ts";
import { FURTHER_ATTEMPTS, SEES_EVERY_CODE } from "../decode/attempts.ts";
import { holdsWanted, isWantedCode, wantedBy } from "../decode/wanted.ts";

export interface ProcessEngineOptions extends CpuBudgetOptions {
  clock: Clock;
  /**
   * Patterns of the texts that a reading may end with; absent: any text. Other codes in view are
   * reported without ending the search, so that a poster does not hide a visitor's code.
   */
  wanted?: readonly string[];
  /** Called when a decoder process was lost and is started again. */
  onLost?: (error: Error) => void;
}

/** The engine, and its processes for monitoring and tests. */
export interface ProcessEngine extends DecodeEngine {
  readonly pids: { quick: number | undefined; slow: number | undefined };
}

/**
 * Decodes in two processes of its own: the cheap decoders on every frame, the further attempts on
 * some, within the CPU budget. What the second finds is reported as a late result. Their memory is
 * not the unit's, and a decoder that crashes, hangs or grows is replaced while the door goes on.
 */
export function createProcessEngine(options: ProcessEngineOptions): ProcessEngine {
  const { clock, onLost = () => undefined, wanted } = options;
  const shared = { clock, onLost, ...(wanted === undefined ? {} : { wanted }) };
  const quick = createDecoderWorker({ ...shared, name: "decoder" });
  const slow = createDecoderWorker({ ...shared, name: "thorough decoder" });
  const isWanted = wantedBy(wanted);
  const budget = createCpuBudget(FURTHER_ATTEMPTS, options);
  const selection = createDecoderSelection();
  const scenery = createSceneryCodes();
  /** A wanted code was read that is not part of the doorway: what the frame was looked at for. */
  const isSatisfied = (codes: readonly DecodedCode[], number: number): boolean =>
    scenery.isFresh(
      joinParts(codes).filter((code) => isWantedCode(code, isWanted)),
      number,
    );
  let frames = 0;
  let onLate: ((result: DecodeResult, frame: number) => void) | undefined;

  const tryCheap = async (frame: Frame, changed: boolean): Promise<DecoderAnswer> => {
    const attempts = selection.next(changed, (cost) => budget.secondAttempt(cost));
    const answer = await quick.run(frame, "cheap", attempts);
    selection.report(attempts, { ...answer, satisfied: holdsWanted(answer.codes, isWanted) });
    // Attempts end with the one that reads a code: those after it were not made.
    const tried = attempts.slice(0, answer.cpuMs.length);
    if (answer.codes.length === 0 || tried.includes(SEES_EVERY_CODE)) return answer;
    // What was read is one code, whichever it came upon; which of several is meant takes all of them.
    const all = await quick.run(frame, "cheap", [SEES_EVERY_CODE]);
    const codes = ranked([...all.codes, ...answer.codes], frame, (code) =>
      isWantedCode(code, isWanted),
    );
    return { ...answer, codes };
  };
  const tryFurther = async (
    frame: Luminance,
    number: number,
    attempts: number[],
  ): Promise<void> => {
    try {
      const { codes, attempt, cpuMs } = await slow.run(frame, "further", attempts, number);
      // With a wanted code it ended early, and says nothing of what its attempts take.
      if (attempt !== undefined) budget.reportSuccess(attempt);
      else if (selection.cheapestMs !== undefined)
        budget.reportCost((cpuMs[0] ?? 0) / selection.cheapestMs);
      if (codes.length === 0) return;
      if (isSatisfied(codes, number)) budget.refill();
      onLate?.({ codes }, number);
    } catch {
      // The quick worker goes on; the slow one starts a new process with its next job.
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
      budget.startFrame(changed);
      const { codes, outlined } = await tryCheap(frame, changed);
      if (isSatisfied(codes, number)) budget.refill();
      else if (!slow.busy) {
        const attempts = budget.nextAttempts(JOB_COST, outlined);
        const rest = codes.length === 0 ? frame : erase(whole(frame), codes);
        if (attempts.length > 0) void tryFurther(rest, number, attempts);
      }
      return { codes };
    },
    onLateResult(listener) {
      onLate = listener;
    },
    async close() {
      await Promise.all([quick.close(), slow.close()]);
    },
  };
}
