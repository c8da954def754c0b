/** From a recorded decision to its outcome: carried out or revised, and shown. */
import { reply } from "../authority/reply.ts";
import type { Decision } from "../decision/decision.ts";
import type { ReleaseCause } from "../record.ts";
import { isLate } from "../time.ts";
import type { Transition } from "../transition.ts";
import { writeDecision } from "./commit.ts";
import { releaseForPassage } from "./passage.ts";
import { showResult } from "./shown-result.ts";
import { forgetUse, rememberUse } from "./used-codes.ts";
import type { ClosedVisit, DecidedByHand, DecidedVisit } from "./visit-state.ts";
import { openVisit } from "./visit.ts";

/** Visits that staff may still be typing about. */
const SETTLED_KEPT = 32;

/** What takes effect. */
interface Outcome {
  decision: Decision;
  /** The decision's record is durable. */
  recorded: boolean;
  byHand?: DecidedByHand | undefined;
}

/** The decision is durable: now it counts. */
export function decisionCommitted(transition: Transition, key: string): void {
  const { visit, policy } = transition.state;
  const own = visit?.phase === "committing" && visit.recordKey === key ? visit : undefined;
  // A process that was suspended reads the answer before its own timer: another person may stand
  // there by now.
  if (own !== undefined) {
    const { commitWithinMs } = policy.record;
    if (isLate(own.decidedAt, transition.event.at, commitWithinMs)) {
      return decisionNotCommitted(transition, key);
    }
  }
  transition.clear("record-not-committed");
  if (own === undefined) return;
  const { decision, byHand } = own;
  applyOutcome(transition, own, { decision, byHand, recorded: true });
}

/** The decision could not be made durable in time: the policy says what then holds. */
export function decisionNotCommitted(transition: Transition, key: string): void {
  transition.raise("record-not-committed");
  const { visit, policy } = transition.state;
  if (visit?.phase !== "committing" || visit.recordKey !== key) return;
  const { decision, byHand } = visit;
  const verdict = policy.record.whenNotCommitted;
  if (decision.outcome !== "granted" || verdict === "grant") {
    return applyOutcome(transition, visit, { decision, byHand, recorded: false });
  }
  // The revision is asked to be recorded too, but the visitor waits no longer for a store that does
  // not answer.
  const outcome = verdict === "deny" ? "denied" : "referred";
  reviseDecision(transition, visit, outcome, "record-not-committed");
}

/** What a granted visit comes to when it cannot be carried out, and what staff are answered. */
const REVISIONS = {
  "record-not-committed": "not-recorded",
  "locked-down": "locked-down",
  "gate-failed": "gate-failed",
} as const;

/** A decision that was recorded and cannot be carried out: another record says what holds instead. */
export function reviseDecision(
  transition: Transition,
  visit: DecidedVisit,
  outcome: "denied" | "referred",
  code: keyof typeof REVISIONS,
): void {
  const decision: Decision = { ...visit.decision, outcome, reasons: [{ code }] };
  writeDecision(transition, visit, decision, undefined);
  if (code === "gate-failed") forgetUse(transition, visit.credential);
  if (visit.phase === "committing" && visit.byHand !== undefined) {
    const { requester, authority } = visit.byHand;
    reply(transition, requester, authority, { done: false, code: REVISIONS[code] });
  }
  applyOutcome(transition, visit, { decision, recorded: false });
}

/** The outcome takes effect. */
function applyOutcome(transition: Transition, visit: DecidedVisit, outcome: Outcome): void {
  const { mode } = transition.state;
  const { decision } = outcome;
  if (decision.outcome === "granted" && mode === "locked-down") {
    return reviseDecision(transition, visit, "denied", "locked-down");
  }
  const closed = closedVisit(visit, outcome);
  const { presence } = transition.state;
  transition.update({ visit: closed, presence: { ...presence, lastRejected: null } });
  transition.effect({ kind: "cancel-timer", timer: "commit-deadline" });
  noteSettled(transition, closed);
  if (mode !== "evacuation") transition.signal(decision.outcome);
  if (decision.outcome === "granted") admit(transition, closed, outcome);
  else reject(transition, closed, outcome);
  const shown = transition.state.visit;
  if (shown?.phase === "closed") showResult(transition, shown);
  const next = visit.phase === "committing" ? visit.next : undefined;
  if (next !== undefined && next.credential.reference !== visit.credential.reference) {
    openVisit(transition, next);
  }
}

function closedVisit(visit: DecidedVisit, { decision, byHand }: Outcome): ClosedVisit {
  const { ref, openedAt, credential, supportingCard, observed, carried, left } = visit;
  return {
    phase: "closed",
    ref,
    openedAt,
    credential,
    ...(supportingCard === undefined ? {} : { supportingCard }),
    observed,
    carried,
    decision,
    ...(byHand === undefined ? {} : { authority: byHand.authority }),
    left,
  };
}

function admit(transition: Transition, visit: ClosedVisit, { byHand, recorded }: Outcome): void {
  const { ref: visitRef, credential } = visit;
  rememberUse(transition, credential);
  if (transition.state.mode === "evacuation") {
    // The way is open for everyone: whether this visitor used it cannot be known.
    transition.record({ type: "visit-ended", visitRef, ending: "unobserved" });
    const answer = { done: true as const, did: "admitted" as const, recorded };
    if (byHand !== undefined) reply(transition, byHand.requester, byHand.authority, answer);
    return;
  }
  releaseForPassage(transition, {
    releaseRef: transition.event.ref,
    cause: causeOf(byHand),
    visitRef,
    recorded,
    ...byHand,
  });
}

function causeOf(byHand: DecidedByHand | undefined): ReleaseCause {
  if (byHand === undefined) return "granted";
  return "commandId" in byHand.requester ? "command" : "operator";
}

function reject(transition: Transition, visit: ClosedVisit, { byHand, recorded }: Outcome): void {
  const { observed, credential, carried, openedAt } = visit;
  const { presence } = transition.state;
  // Staff may decide about a visitor who has left long ago.
  const presenterLeft = openedAt.monotonicMs < presence.lastLeftAtMs;
  const lastRejected = {
    credential,
    carried,
    observed: presenterLeft ? [] : observed,
    atMs: transition.event.at.monotonicMs,
    presenterLeft,
  };
  transition.update({ presence: { ...presence, lastRejected } });
  if (byHand === undefined) return;
  const answer = { done: true as const, did: "turned-away" as const, recorded };
  reply(transition, byHand.requester, byHand.authority, answer);
}

function noteSettled(transition: Transition, { ref, decision, authority }: ClosedVisit): void {
  const by = authority === undefined ? {} : { by: authority.by };
  const others = transition.state.settled.filter((each) => each.visitRef !== ref);
  const settled = [...others, { visitRef: ref, outcome: decision.outcome, ...by }];
  transition.update({ settled: settled.slice(-SETTLED_KEPT) });
}
