/** From a decision to its outcome: recorded or not, carried out or revised, and shown. */
import type { Decision } from "../decision/decision.ts";
import type { EventOf } from "../event.ts";
import type { Credential } from "../evidence/evidence.ts";
import { releaseFor } from "./passage.ts";
import type { ReleaseCause } from "../record.ts";
import { reply } from "../authority/reply.ts";
import { showResult } from "./shown-result.ts";
import type { Visit } from "../state.ts";
import type { Instant } from "../time.ts";
import type { Turn } from "../turn.ts";
import { open, writeDecision } from "./visit.ts";

/** Visits that staff may still be typing about. */
const SETTLED_KEPT = 32;
/** How many live codes are remembered for the reuse window; the oldest go first. */
const USED_CODES_KEPT = 512;

/** The decision is durable: now it counts. */
export function committed(turn: Turn, key: string): void {
  const { visit, policy } = turn.state;
  const mine = visit?.phase === "committing" && visit.recordKey === key;
  // A unit that stood still finds the answer before its own timer: by now somebody else may stand there.
  if (mine && isLate(visit.decidedAt, turn.event.at, policy.record.commitWithinMs)) {
    return notCommitted(turn, key);
  }
  turn.clear("record-not-committed");
  if (mine) conclude(turn, visit, true);
}

/** Whether the answer to what was asked for then came after the time it had. */
export function isLate(askedAt: Instant | undefined, at: Instant, withinMs: number): boolean {
  return askedAt !== undefined && at.monotonicMs - askedAt.monotonicMs > withinMs;
}

/** The decision could not be made durable in time: the policy says what then holds. */
export function notCommitted(turn: Turn, key: string): void {
  turn.raise("record-not-committed");
  const { visit, policy } = turn.state;
  if (visit?.phase !== "committing" || visit.recordKey !== key) return;
  const verdict = policy.record.whenNotCommitted;
  if (visit.decision?.outcome !== "granted" || verdict === "grant") {
    conclude(turn, visit, false);
    return;
  }
  // The revision is asked to be recorded too, but nobody waits for a store that does not answer.
  revise(turn, visit, verdict === "deny" ? "denied" : "referred", "record-not-committed");
}

/** What a granted visit comes to when it cannot be carried out, and what staff are answered. */
const REVISIONS = {
  "record-not-committed": "not-recorded",
  "locked-down": "locked-down",
  "gate-failed": "gate-failed",
} as const;

/** A decision that was recorded and cannot be carried out: another record says what holds instead. */
export function revise(
  turn: Turn,
  visit: Visit,
  outcome: "denied" | "referred",
  code: keyof typeof REVISIONS,
): void {
  const { authority, asker, decision, ...rest } = visit;
  if (decision === undefined) return;
  const revised: Decision = { ...decision, outcome, reasons: [{ code }] };
  writeDecision(turn, visit, revised, undefined);
  if (code === "gate-failed") forgetUse(turn, visit.credential);
  reply(turn, asker, authority, { done: false, code: REVISIONS[code] });
  conclude(turn, { ...rest, decision: revised }, false);
}

/** The outcome takes effect. */
function conclude(turn: Turn, visit: Visit, recorded: boolean): void {
  const { decision, next, asker: _asker, ...rest } = visit;
  if (decision === undefined) return;
  const { mode } = turn.state;
  if (decision.outcome === "granted" && mode === "locked-down") {
    return revise(turn, visit, "denied", "locked-down");
  }
  turn.set({ visit: { ...rest, decision, phase: "closed" }, turnedAway: null });
  turn.effect({ kind: "cancel-timer", timer: "commit-deadline" });
  noteSettled(turn, visit);
  if (mode !== "evacuation") turn.effect({ kind: "signal", signal: decision.outcome });
  if (decision.outcome === "granted") admit(turn, visit, recorded);
  else turnAway(turn, visit, recorded);
  const shown = turn.state.visit;
  if (shown !== null) showResult(turn, shown);
  if (next !== undefined && next.credential.reference !== visit.credential.reference) {
    open(turn, next.credential, next.ref);
  }
}

function admit(turn: Turn, visit: Visit, recorded: boolean): void {
  const { authority, asker, ref: visitRef, credential } = visit;
  remember(turn, credential);
  if (turn.state.mode === "evacuation") {
    // The way is open for everybody: nobody can say whether this visitor used it.
    turn.record({ type: "visit-ended", visitRef, ending: "unobserved" });
    reply(turn, asker, authority, { done: true, did: "admitted", recorded });
    return;
  }
  releaseFor(turn, {
    releaseRef: turn.event.ref,
    cause: causeOf(visit),
    visitRef,
    recorded,
    ...(authority === undefined ? {} : { authority }),
    ...(asker === undefined ? {} : { asker }),
  });
}

function causeOf({ authority, asker }: Visit): ReleaseCause {
  if (authority === undefined) return "granted";
  return asker !== undefined && "commandId" in asker ? "command" : "operator";
}

function turnAway(turn: Turn, visit: Visit, recorded: boolean): void {
  const { temperature, credential, openedAt, authority, asker } = visit;
  // Staff may decide about somebody who has left long ago.
  const left = openedAt.monotonicMs < turn.state.absentAtMs;
  turn.set({
    turnedAway: {
      credential,
      evidence: visit.carried,
      ...(temperature === undefined || left ? {} : { temperature }),
      atMs: turn.event.at.monotonicMs,
      ...(left ? { left } : {}),
    },
  });
  reply(turn, asker, authority, { done: true, did: "turned-away", recorded });
}

function noteSettled(turn: Turn, { ref: visitRef, decision, authority }: Visit): void {
  if (decision === undefined) return;
  const by = authority === undefined ? {} : { by: authority.by };
  const others = turn.state.settled.filter((each) => each.visitRef !== visitRef);
  const settled = [...others, { visitRef, outcome: decision.outcome, ...by }];
  turn.set({ settled: settled.slice(-SETTLED_KEPT) });
}

/** Nobody was let in with it after all: its holder may show it again. */
function forgetUse(turn: Turn, { reference }: Credential): void {
  const usedCodes = turn.state.usedCodes.filter((each) => each.reference !== reference);
  turn.set({ usedCodes });
}

function remember(turn: Turn, credential: Credential): void {
  if (credential.kind !== "health-pass-live") return;
  const used = { reference: credential.reference, atMs: turn.event.at.monotonicMs };
  turn.set({ usedCodes: [...turn.state.usedCodes, used].slice(-USED_CODES_KEPT) });
}

/** What let somebody in before the restart is no news after it. */
export function codesRemembered(turn: Turn, { used }: EventOf<"codes-remembered">): void {
  const nowMs = turn.event.at.monotonicMs;
  const before = used.map(({ reference, agoMs }) => {
    return { reference, atMs: nowMs - agoMs, recalledAtMs: nowMs };
  });
  turn.set({ usedCodes: [...before, ...turn.state.usedCodes].slice(-USED_CODES_KEPT) });
}

/**
 * A clock that was ahead at the restart made the codes of before older than they are. One that was
 * behind made them newer, which lets nobody in.
 */
export function redateCodes(turn: Turn, byMs: number): void {
  if (byMs >= 0) return;
  const usedCodes = turn.state.usedCodes.map((each) => {
    if (each.recalledAtMs === undefined) return each;
    return { ...each, atMs: Math.min(each.recalledAtMs, each.atMs - byMs) };
  });
  turn.set({ usedCodes });
}
