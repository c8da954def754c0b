/** From a decision to its outcome: recorded or not, carried out or revised, and shown. */
import type { Decision } from "../decision/decision.ts";
import type { EventOf } from "../event.ts";
import type { Credential } from "../evidence/evidence.ts";
import { releaseForPassage } from "./passage.ts";
import type { ReleaseCause } from "../record.ts";
import { reply } from "../authority/reply.ts";
import { showResult } from "./shown-result.ts";
import type { Visit } from "../state.ts";
import type { Instant } from "../time.ts";
import type { Transition } from "../transition.ts";
import { openVisit, writeDecision } from "./visit.ts";

/** Visits that staff may still be typing about. */
const SETTLED_KEPT = 32;
/** How many live codes are remembered for the reuse window; the oldest go first. */
const USED_CODES_KEPT = 512;

/** The decision is durable: now it counts. */
export function decisionCommitted(transition: Transition, key: string): void {
  const { visit, policy } = transition.state;
  const mine = visit?.phase === "committing" && visit.recordKey === key;
  // A unit that stood still finds the answer before its own timer: by now somebody else may stand there.
  if (mine && isLate(visit.decidedAt, transition.event.at, policy.record.commitWithinMs)) {
    return decisionNotCommitted(transition, key);
  }
  transition.clear("record-not-committed");
  if (mine) applyOutcome(transition, visit, true);
}

/** Whether the answer to what was asked for then came after the time it had. */
export function isLate(askedAt: Instant | undefined, at: Instant, withinMs: number): boolean {
  return askedAt !== undefined && at.monotonicMs - askedAt.monotonicMs > withinMs;
}

/** The decision could not be made durable in time: the policy says what then holds. */
export function decisionNotCommitted(transition: Transition, key: string): void {
  transition.raise("record-not-committed");
  const { visit, policy } = transition.state;
  if (visit?.phase !== "committing" || visit.recordKey !== key) return;
  const verdict = policy.record.whenNotCommitted;
  if (visit.decision?.outcome !== "granted" || verdict === "grant") {
    applyOutcome(transition, visit, false);
    return;
  }
  // The revision is asked to be recorded too, but nobody waits for a store that does not answer.
  reviseDecision(
    transition,
    visit,
    verdict === "deny" ? "denied" : "referred",
    "record-not-committed",
  );
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
  visit: Visit,
  outcome: "denied" | "referred",
  code: keyof typeof REVISIONS,
): void {
  const { authority, requester, decision, ...rest } = visit;
  if (decision === undefined) return;
  const revised: Decision = { ...decision, outcome, reasons: [{ code }] };
  writeDecision(transition, visit, revised, undefined);
  if (code === "gate-failed") forgetUse(transition, visit.credential);
  reply(transition, requester, authority, { done: false, code: REVISIONS[code] });
  applyOutcome(transition, { ...rest, decision: revised }, false);
}

/** The outcome takes effect. */
function applyOutcome(transition: Transition, visit: Visit, recorded: boolean): void {
  const { decision, next, requester: _asker, ...rest } = visit;
  if (decision === undefined) return;
  const { mode } = transition.state;
  if (decision.outcome === "granted" && mode === "locked-down") {
    return reviseDecision(transition, visit, "denied", "locked-down");
  }
  transition.update({ visit: { ...rest, decision, phase: "closed" }, lastRejected: null });
  transition.effect({ kind: "cancel-timer", timer: "commit-deadline" });
  noteSettled(transition, visit);
  if (mode !== "evacuation") transition.effect({ kind: "signal", signal: decision.outcome });
  if (decision.outcome === "granted") admit(transition, visit, recorded);
  else reject(transition, visit, recorded);
  const shown = transition.state.visit;
  if (shown !== null) showResult(transition, shown);
  if (next !== undefined && next.credential.reference !== visit.credential.reference) {
    openVisit(transition, next.credential, next.ref);
  }
}

function admit(transition: Transition, visit: Visit, recorded: boolean): void {
  const { authority, requester, ref: visitRef, credential } = visit;
  rememberUse(transition, credential);
  if (transition.state.mode === "evacuation") {
    // The way is open for everybody: nobody can say whether this visitor used it.
    transition.record({ type: "visit-ended", visitRef, ending: "unobserved" });
    reply(transition, requester, authority, { done: true, did: "admitted", recorded });
    return;
  }
  releaseForPassage(transition, {
    releaseRef: transition.event.ref,
    cause: causeOf(visit),
    visitRef,
    recorded,
    ...(authority === undefined ? {} : { authority }),
    ...(requester === undefined ? {} : { requester }),
  });
}

function causeOf({ authority, requester }: Visit): ReleaseCause {
  if (authority === undefined) return "granted";
  return requester !== undefined && "commandId" in requester ? "command" : "operator";
}

function reject(transition: Transition, visit: Visit, recorded: boolean): void {
  const { temperature, credential, openedAt, authority, requester } = visit;
  // Staff may decide about somebody who has left long ago.
  const left = openedAt.monotonicMs < transition.state.absentAtMs;
  transition.update({
    lastRejected: {
      credential,
      evidence: visit.carried,
      ...(temperature === undefined || left ? {} : { temperature }),
      atMs: transition.event.at.monotonicMs,
      ...(left ? { left } : {}),
    },
  });
  reply(transition, requester, authority, { done: true, did: "turned-away", recorded });
}

function noteSettled(transition: Transition, { ref: visitRef, decision, authority }: Visit): void {
  if (decision === undefined) return;
  const by = authority === undefined ? {} : { by: authority.by };
  const others = transition.state.settled.filter((each) => each.visitRef !== visitRef);
  const settled = [...others, { visitRef, outcome: decision.outcome, ...by }];
  transition.update({ settled: settled.slice(-SETTLED_KEPT) });
}

/** Nobody was let in with it after all: its holder may show it again. */
function forgetUse(transition: Transition, { reference }: Credential): void {
  const usedCodes = transition.state.usedCodes.filter((each) => each.reference !== reference);
  transition.update({ usedCodes });
}

function rememberUse(transition: Transition, credential: Credential): void {
  if (credential.kind !== "health-pass-live") return;
  const used = { reference: credential.reference, atMs: transition.event.at.monotonicMs };
  transition.update({ usedCodes: [...transition.state.usedCodes, used].slice(-USED_CODES_KEPT) });
}

/** What let somebody in before the restart is no news after it. */
export function restoreUsedCodes(
  transition: Transition,
  { used }: EventOf<"codes-remembered">,
): void {
  const nowMs = transition.event.at.monotonicMs;
  const before = used.map(({ reference, agoMs }) => {
    return { reference, atMs: nowMs - agoMs, restoredAtMs: nowMs };
  });
  transition.update({
    usedCodes: [...before, ...transition.state.usedCodes].slice(-USED_CODES_KEPT),
  });
}

/**
 * A clock that was ahead at the restart made the codes of before older than they are. One that was
 * behind made them newer, which lets nobody in.
 */
export function redateUsedCodes(transition: Transition, byMs: number): void {
  if (byMs >= 0) return;
  const usedCodes = transition.state.usedCodes.map((each) => {
    if (each.restoredAtMs === undefined) return each;
    return { ...each, atMs: Math.min(each.restoredAtMs, each.atMs - byMs) };
  });
  transition.update({ usedCodes });
}
