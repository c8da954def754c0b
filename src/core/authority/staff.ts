/** Staff, or a signed command, decide about a visit, or open the gate once without one; all are answered. */
import type { AtTheDoor, OperatorRefusal } from "./answer.ts";
import { requestRelease } from "./commands.ts";
import type { EventOf } from "../event.ts";
import { findingsToConfirm } from "./findings-to-confirm.ts";
import type { ReasonCode } from "../reason.ts";
import type { Authority } from "../record.ts";
import { reply } from "./reply.ts";
import type { Requester, DoorwayState, Visit } from "../state.ts";
import type { Transition } from "../transition.ts";
import { decideByHand } from "../visit/visit.ts";

/** What was decided by hand or from afar. */
interface Request {
  verdict: "grant" | "deny";
  /** The visit it is about; absent: opening the gate once, without any. */
  visitRef?: string;
  confirm?: readonly ReasonCode[];
  /** Without a visit: the one that stood there when `confirm` was asked for. */
  confirmFor?: string;
}

/** Carries a decision of staff out, or answers why not. */
export function operatorDecided(transition: Transition, event: EventOf<"operator-decided">): void {
  const requester = { requestRef: event.ref };
  const refusal = refusalOf(transition.state, event) ?? refuseSecond(transition.state, event);
  if (refusal !== undefined) return reply(transition, requester, event.authority, refusal);
  carryOut(transition, event, "operator", event.authority, requester);
}

/** A signed command to release: about a visit it is a decision like one of staff. */
export function releaseCommanded(
  transition: Transition,
  { command, commandId, authority }: EventOf<"commanded">,
): void {
  if (command.name !== "release") return;
  const request: Request = { ...command, verdict: "grant" };
  const requester = { commandId };
  const refusal = refusalOf(transition.state, request);
  if (refusal !== undefined) return reply(transition, requester, authority, refusal);
  carryOut(transition, request, "command", authority, requester);
}

function carryOut(
  transition: Transition,
  { verdict, visitRef }: Request,
  cause: "operator" | "command",
  authority: Authority,
  requester: Requester,
): void {
  const { visit } = transition.state;
  if (visitRef === undefined) requestRelease(transition, cause, authority, requester);
  else if (visit !== null) decideByHand(transition, visit, verdict, authority, requester);
}

function refusalOf(state: DoorwayState, request: Request): OperatorRefusal | undefined {
  const { visit, mode } = state;
  if (mode === "evacuation") return refused("evacuation");
  // A lock-down is lifted by whoever ordered it; until then staff may only refuse.
  if (request.verdict === "grant" && mode === "locked-down") return refused("locked-down");
  if (request.visitRef === undefined) {
    // A refusal without a visit has nothing to refuse.
    if (request.verdict === "deny") return refused("visit-over");
    // One that stands there, with a red code in its hand, would walk in as well.
    if (visit === null) return undefined;
    // What was confirmed about one visitor says nothing of the next, whose code may be red as well.
    const meant = request.confirmFor === visit.ref;
    return refuseUnconfirmed(visit, { ...request, confirm: meant ? (request.confirm ?? []) : [] });
  }
  // The result of one who was seen to leave stands for a moment; the gate would open for the next.
  const gone = visit?.left === true && request.verdict === "grant";
  if (visit === null || visit.ref !== request.visitRef || gone) {
    return refuseLate(state, request.visitRef);
  }
  return refuseDecision(visit, request);
}

/** About a visit that is over: it may have been decided, or its visitor may have left. */
function refuseLate(state: DoorwayState, visitRef: string): OperatorRefusal {
  const settled = state.settled.findLast((each) => each.visitRef === visitRef);
  if (settled?.by !== undefined || settled?.outcome === "granted") {
    const { by, outcome } = settled;
    return { ...refused("already-decided"), outcome, ...(by === undefined ? {} : { by }) };
  }
  const { visit } = state;
  const there = visit === null || visit.left === true ? {} : { there: atTheDoor(visit) };
  return { ...refused("visit-over"), ...there };
}

/** About the visit that is there: it may be decided already, or need the second step. */
function refuseDecision(visit: Visit, request: Request): OperatorRefusal | undefined {
  const { decision, authority, phase } = visit;
  if (decision !== undefined && (authority !== undefined || decision.outcome === "granted")) {
    const by = authority === undefined ? {} : { by: authority.by };
    return { ...refused("already-decided"), outcome: decision.outcome, ...by };
  }
  if (phase === "committing") return refused("being-decided");
  return request.verdict === "grant" ? refuseUnconfirmed(visit, request) : undefined;
}

/** Without a visit the gate opens once, however many staff ask for it. */
function refuseSecond(state: DoorwayState, request: Request): OperatorRefusal | undefined {
  const { passage, pendingRelease } = state;
  if (request.visitRef !== undefined) return undefined;
  if (pendingRelease !== null) {
    return { ...refused("already-open"), by: pendingRelease.authority.by };
  }
  // Whoever leaves opens for themselves: staff may open for somebody who comes in.
  if (passage === null || passage.cause === "exit-request") return undefined;
  const by = passage.authority === undefined ? {} : { by: passage.authority.by };
  return { ...refused("already-open"), ...by };
}

function refuseUnconfirmed(visit: Visit, { confirm }: Request): OperatorRefusal | undefined {
  // Let in already, though an earlier code of theirs was red: nothing is overruled.
  if (visit.decision?.outcome === "granted") return undefined;
  const grave = findingsToConfirm(visit);
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
