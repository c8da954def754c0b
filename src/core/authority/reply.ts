/** Answers to staff and commands; every request is answered once. */
import type { OperatorAnswer, OperatorRefusal, RefusalCode } from "./answer.ts";
import type { Requester } from "../requester.ts";
import type { Authority } from "../record.ts";
import type { Transition } from "../transition.ts";

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

function refusalText({ code, by, confirm, there }: OperatorRefusal): string {
  const who = by === undefined ? "" : `, by ${by}`;
  const what = confirm === undefined ? "" : ` of ${confirm.join(", ")}`;
  // A command has to name the visit as well: another visitor may stand there by then.
  const whose = confirm === undefined || there === undefined ? "" : ` (visit ${there.visitRef})`;
  return `${DETAILS[code]}${who}${what}${whose}`;
}

/** Answers a request. A refused command is recorded as refused. */
export function reply(
  transition: Transition,
  requester: Requester | undefined,
  authority: Authority | undefined,
  answer: OperatorAnswer,
  detail?: string,
): void {
  if (requester === undefined) return;
  if ("requestRef" in requester) {
    transition.effect({ kind: "answer-operator", requestRef: requester.requestRef, answer });
    return;
  }
  const { commandId } = requester;
  if (answer.done) {
    transition.effect({ kind: "answer-command", commandId, result: "done", detail: "release" });
    return;
  }
  const said = detail ?? refusalText(answer);
  if (authority !== undefined) {
    transition.record({
      type: "command-handled",
      command: "release",
      result: "refused",
      authority,
    });
  }
  transition.effect({ kind: "answer-command", commandId, result: "refused", detail: said });
}
