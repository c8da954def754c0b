/** From evidence to a decision that is written down: nothing moves before its record is durable. */
import { decide, type Ruling } from "../decision/decide.ts";
import type { Decision } from "../decision/decision.ts";
import { sameHolder } from "../decision/same-holder.ts";
import type { Credential } from "../evidence/evidence.ts";
import { kindsOutOfReach } from "../evidence/observed.ts";
import type { Authority, RecordDraft } from "../record.ts";
import type { DoorwayState } from "../state.ts";
import type { Instant } from "../time.ts";
import type { Transition } from "../transition.ts";
import type {
  ClosedVisit,
  CommittingVisit,
  DecidedByHand,
  GatheringVisit,
  Visit,
} from "./visit-state.ts";

/**
 * Applies the policy to a visit that gathers, if there is one: commits the decision when the evidence
 * suffices or nothing more will come, and otherwise notes what is awaited.
 */
export function evaluate(transition: Transition, windowOver: boolean): void {
  const { state, event } = transition;
  const { visit } = state;
  if (visit?.phase !== "gathering") return;
  const ruling = rule(state, visit, event.at, windowOver);
  if (ruling.decided) return commit(transition, visit, ruling.decision);
  const { awaits } = ruling;
  // What is no longer awaited, because its device failed or the policy changed, is not repeated either.
  const repeated = visit.repeated.filter((kind) => awaits.includes(kind));
  transition.update({ visit: { ...visit, awaits, repeated } });
}

function rule(
  state: DoorwayState,
  visit: GatheringVisit,
  at: Instant,
  windowOver: boolean,
): Ruling {
  const { supportingCard } = visit;
  return decide({
    credential: visit.credential,
    ...(supportingCard === undefined ? {} : { supportingCard }),
    evidence: [...visit.carried, ...visit.observed],
    policy: state.policy,
    at,
    mode: state.mode,
    usedCodes: state.usedCodes,
    outOfReach: kindsOutOfReach(state.devices),
    windowOver,
  });
}

/** Staff or a command decided about the visit at the door. */
export function decideByHand(
  transition: Transition,
  visit: GatheringVisit | ClosedVisit,
  verdict: "grant" | "deny",
  byHand: DecidedByHand,
): void {
  const { policy } = transition.state;
  const decision: Decision = {
    outcome: verdict === "grant" ? "granted" : "denied",
    reasons: verdict === "grant" ? [] : [{ code: "operator-refused" }],
    rules: visit.phase === "closed" ? visit.decision.rules : [],
    policy: { id: policy.id, version: policy.version },
  };
  commit(transition, visit, decision, byHand);
}

/** Writes the decision down, and waits until the store has answered or the wait is over. */
function commit(
  transition: Transition,
  visit: GatheringVisit | ClosedVisit,
  decision: Decision,
  byHand?: DecidedByHand,
): void {
  const recordKey = writeDecision(transition, visit, decision, byHand?.authority);
  const { ref, openedAt, credential, supportingCard, observed, carried } = visit;
  const committing: CommittingVisit = {
    phase: "committing",
    ref,
    openedAt,
    credential,
    ...(supportingCard === undefined ? {} : { supportingCard }),
    observed,
    carried,
    decision,
    decidedAt: transition.event.at,
    recordKey,
    ...(byHand === undefined ? {} : { byHand }),
    left: visit.phase === "closed" && visit.left,
  };
  transition.update({ visit: committing });
  transition.effect({ kind: "cancel-timer", timer: "visit-window" });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  transition.effect({
    kind: "start-timer",
    timer: "commit-deadline",
    about: recordKey,
    afterMs: transition.state.policy.record.commitWithinMs,
  });
  if (decision.reasons.some((reason) => reason.code === "policy-expired")) {
    transition.raise("policy-expired");
  }
}

/** Asks for the record of a decision; returns its key. */
export function writeDecision(
  transition: Transition,
  visit: Visit,
  decision: Decision,
  authority: Authority | undefined,
): string {
  const { credential, observed, supportingCard } = visit;
  // Another person's card shows that it is not the holder's; what is known of its owner is no evidence here.
  const isHolders = supportingCard !== undefined && sameHolder(credential, supportingCard);
  const evidence = [
    ...credential.evidence,
    ...(isHolders ? supportingCard.evidence : []),
    ...visit.carried,
    ...observed,
  ];
  return transition.record(
    {
      type: "visit-decided",
      visitRef: visit.ref,
      decision,
      credentialKind: credential.kind,
      evidence,
      ...(authority === undefined ? {} : { authority }),
      decidedAfterMs: transition.event.at.monotonicMs - visit.openedAt.monotonicMs,
    },
    personalOf(credential),
  );
}

function personalOf(credential: Credential): RecordDraft["personal"] {
  const { holder, kind, reference } = credential;
  if (holder === undefined) return undefined;
  return {
    holderPseudonym: holder.pseudonym,
    ...(holder.maskedName === undefined ? {} : { maskedName: holder.maskedName }),
    ...(kind === "health-pass-live" ? { codeReference: reference } : {}),
  };
}
