/** Answers to whoever asked by hand or from afar; every request is answered once. */
import type { OperatorAnswer, OperatorRefusal, RefusalCode } from "./answer.ts";
import type { Asker } from "../state.ts";
import type { Authority } from "../record.ts";
import type { Turn } from "../turn.ts";

/** The same codes in a sentence, for a command's answer. */
const DETAILS: Readonly<Record<RefusalCode, string>> = {
  "visit-over": "the visit is over",
  "already-decided": "the visit is decided already",
  "being-decided": "the visit is being decided at this moment",
  "confirm-needed": "this visit needs an explicit confirmation",
  "locked-down": "the unit is locked down",
  evacuation: "an evacuation is in progress: the way is open",
  "already-open": "the gate is open already",
  "not-recorded": "the release could not be recorded",
  "gate-failed": "the gate did not open",
  replaced: "replaced by a newer release",
  "no-answer": "nothing was answered in time",
};

function sayRefusal({ code, by, confirm, there }: OperatorRefusal): string {
  const who = by === undefined ? "" : `, by ${by}`;
  const what = confirm === undefined ? "" : ` of ${confirm.join(", ")}`;
  // From afar the visit has to be named with it: somebody else may stand there by then.
  const whose = confirm === undefined || there === undefined ? "" : ` (visit ${there.visitRef})`;
  return `${DETAILS[code]}${who}${what}${whose}`;
}

/** Says what became of a request. A command that was refused is on record as refused. */
export function reply(
  turn: Turn,
  asker: Asker | undefined,
  authority: Authority | undefined,
  answer: OperatorAnswer,
  detail?: string,
): void {
  if (asker === undefined) return;
  if ("requestRef" in asker) {
    turn.effect({ kind: "answer-operator", requestRef: asker.requestRef, answer });
    return;
  }
  const { commandId } = asker;
  if (answer.done) {
    turn.effect({ kind: "answer-command", commandId, result: "done", detail: "release" });
    return;
  }
  const said = detail ?? sayRefusal(answer);
  if (authority !== undefined) {
    turn.record({ type: "command-handled", command: "release", result: "refused", authority });
  }
  turn.effect({ kind: "answer-command", commandId, result: "refused", detail: said });
}
