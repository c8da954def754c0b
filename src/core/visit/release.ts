/** The gate's answer to a release: it opened, or the record has to be corrected (passage.ts). */
import type { EventOf } from "../event.ts";
import { reviseDecision } from "./outcome.ts";
import { restartGateDeadline, endPassage } from "./passage.ts";
import type { NotReleased, ReleaseCause } from "../record.ts";
import { reply } from "../authority/reply.ts";
import type { AwaitedRelease } from "../state.ts";
import type { Transition } from "../transition.ts";

/** The gate opened as requested, or could not. */
export function gateAnswered(transition: Transition, event: EventOf<"gate-answered">): void {
  const { releaseRef, cause, ok } = event;
  const awaited = transition.state.awaitedReleases.find((each) => each.releaseRef === releaseRef);
  if (awaited === undefined) {
    if (!ok) holdOpenFailed(transition, cause);
    return;
  }
  settle(transition, awaited);
  if (!ok) return notReleased(transition, awaited, "gate-failed");
  const { requester, authority, visitRef, recorded } = awaited;
  const did = visitRef === undefined ? "opened" : "admitted";
  reply(transition, requester, authority, { done: true, did, recorded });
}

/** The gate has not answered: it is locked, for it could still open when no one expects it. */
export function gateOverdue(transition: Transition, releaseRef: string): void {
  const awaited = transition.state.awaitedReleases.find((each) => each.releaseRef === releaseRef);
  if (awaited === undefined) return;
  settle(transition, awaited);
  transition.effect({ kind: "lock-gate" });
  notReleased(transition, awaited, "gate-silent");
}

function settle(transition: Transition, awaited: AwaitedRelease): void {
  const awaitedReleases = transition.state.awaitedReleases.filter((each) => each !== awaited);
  transition.update({ awaitedReleases });
  restartGateDeadline(transition);
}

function notReleased(transition: Transition, awaited: AwaitedRelease, why: NotReleased): void {
  const { releaseRef, cause, visitRef, authority, requester } = awaited;
  const about = visitRef === undefined ? {} : { visitRef };
  const by = authority === undefined ? {} : { authority };
  transition.record({ type: "gate-not-released", cause, why, ...about, ...by, releaseRef });
  const { passage, visit } = transition.state;
  if (passage?.releaseRef === releaseRef) {
    // A visitor who still stands there is referred; a visit that is off the screen ends here.
    if (visit?.phase === "closed" && visit.ref === visitRef) {
      transition.update({ passage: null });
      transition.effect({ kind: "cancel-timer", timer: "passage" });
      reviseDecision(transition, visit, "referred", "gate-failed");
    } else endPassage(transition);
  }
  reply(transition, requester, authority, { done: false, code: "gate-failed" });
}

/** The gate should be held open and is not; it is tried again every two seconds, and recorded once. */
function holdOpenFailed(transition: Transition, cause: ReleaseCause): void {
  if (cause !== "fire" && cause !== "evacuation") return;
  if (transition.state.mode !== "evacuation" || transition.state.holdOpenFailed) return;
  transition.update({ holdOpenFailed: true });
  transition.record({ type: "gate-not-released", cause, why: "gate-failed" });
}
