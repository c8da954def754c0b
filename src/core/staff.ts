/** Staff decide about a visit, or open the gate once without one; every request is answered. */
import type { AtTheDoor, OperatorRefusal } from "./answer.ts";
import { requestRelease } from "./authority.ts";
import type { EventOf } from "./event.ts";
import { graveFindings } from "./grave.ts";
import { reply } from "./reply.ts";
import type { DoorwayState, Visit } from "./state.ts";
import type { Turn } from "./turn.ts";
import { overrule } from "./visit.ts";

type Decided = EventOf<"operator-decided">;

/** Carries a decision of staff out, or answers why not. */
export function operatorDecided(turn: Turn, event: Decided): void {
  const { visit } = turn.state;
  const { verdict, authority, visitRef, ref } = event;
  const asker = { requestRef: ref };
  const refusal = refusalOf(turn.state, event);
  if (refusal !== undefined) return reply(turn, asker, authority, refusal);
  if (visitRef === undefined) requestRelease(turn, "operator", authority, asker);
  else if (visit !== null) overrule(turn, visit, verdict, authority, asker);
}

function refusalOf(state: DoorwayState, event: Decided): OperatorRefusal | undefined {
  const { visit, mode } = state;
  if (mode === "evacuation") return refused("evacuation");
  // A lock-down is lifted by whoever ordered it; until then staff may only refuse.
  if (event.verdict === "grant" && mode === "locked-down") return refused("locked-down");
  if (event.visitRef === undefined) return refuseOpening(state, event);
  if (visit === null || visit.ref !== event.visitRef) return refuseLate(state, event.visitRef);
  return refuseDecision(visit, event);
}

/** About a visit that is over: it may have been decided, or its visitor may have left. */
function refuseLate(state: DoorwayState, visitRef: string): OperatorRefusal {
  const settled = state.settled.findLast((each) => each.visitRef === visitRef);
  if (settled?.by !== undefined || settled?.outcome === "granted") {
    const { by, outcome } = settled;
    return { ...refused("already-decided"), outcome, ...(by === undefined ? {} : { by }) };
  }
  const there = state.visit === null ? {} : { there: atTheDoor(state.visit) };
  return { ...refused("visit-over"), ...there };
}

/** About the visit that is there: it may be decided already, or need the second step. */
function refuseDecision(visit: Visit, event: Decided): OperatorRefusal | undefined {
  const { decision, authority, phase } = visit;
  if (decision !== undefined && (authority !== undefined || decision.outcome === "granted")) {
    const by = authority === undefined ? {} : { by: authority.by };
    return { ...refused("already-decided"), outcome: decision.outcome, ...by };
  }
  if (phase === "committing") return refused("being-decided");
  return event.verdict === "grant" ? refuseUnconfirmed(visit, event) : undefined;
}

/** Without a visit: one that stands there, with a red code in its hand, would walk in as well. */
function refuseOpening(state: DoorwayState, event: Decided): OperatorRefusal | undefined {
  const { visit, passage, pendingRelease } = state;
  // A refusal without a visit has nothing to refuse.
  if (event.verdict === "deny") return refused("visit-over");
  if (pendingRelease !== null) {
    return { ...refused("already-open"), by: pendingRelease.authority.by };
  }
  // Whoever leaves opens for themselves: staff may open for somebody who comes in.
  if (passage !== null && passage.cause !== "exit-request") {
    const by = passage.authority === undefined ? {} : { by: passage.authority.by };
    return { ...refused("already-open"), ...by };
  }
  return visit === null ? undefined : refuseUnconfirmed(visit, event);
}

function refuseUnconfirmed(visit: Visit, { confirm }: Decided): OperatorRefusal | undefined {
  const grave = graveFindings(visit);
  if (grave.every((code) => confirm?.includes(code) === true)) return undefined;
  return { ...refused("confirm-needed"), confirm: grave, there: atTheDoor(visit) };
}

const refused = (code: OperatorRefusal["code"]): OperatorRefusal => ({ done: false, code });

function atTheDoor({ ref, credential, companion }: Visit): AtTheDoor {
  const maskedName = credential.holder?.maskedName ?? companion?.holder?.maskedName;
  return {
    visitRef: ref,
    credentialKind: credential.kind,
    ...(maskedName === undefined ? {} : { maskedName }),
  };
}
