/** Staff, or a signed command, decide about a visit, or open the gate once without one; all are answered. */
import type { AtTheDoor, OperatorRefusal } from "./answer.ts";
import { requestRelease } from "./pending-release.ts";
import type { ReleaseCommand } from "../command.ts";
import { BrokenInvariant } from "../broken-invariant.ts";
import type { EventOf } from "../event.ts";
import { findingsToConfirm } from "./findings-to-confirm.ts";
import type { ReasonCode } from "../reason.ts";
import { reply } from "./reply.ts";
import type { DoorwayState } from "../state.ts";
import type { Transition } from "../transition.ts";
import { decideByHand } from "../visit/commit.ts";
import { authorityOf, type DecidedByHand, type Visit } from "../visit/visit-state.ts";

/** What staff or a command asks for. */
interface Request {
  verdict: "grant" | "deny";
  /** The visit it is about; absent: opening the gate once, without any. */
  visitRef?: string;
  confirm?: readonly ReasonCode[];
  /** Without a visit: the one that stood there when `confirm` was asked for. */
  confirmFor?: string;
}

/** Carries out a decision of staff, or answers why not. */
export function operatorDecided(transition: Transition, event: EventOf<"operator-decided">): void {
  const { authority } = event;
  const requester = { requestRef: event.ref };
  const refusal = refusalOf(transition.state, event) ?? refuseSecond(transition.state, event);
  if (refusal !== undefined) return reply(transition, requester, authority, refusal);
  carryOut(transition, event, "operator", { authority, requester });
}

/** A signed command to release: about a visit it is a decision like one of staff. */
export function releaseCommanded(
  transition: Transition,
  { commandId, authority }: EventOf<"commanded">,
  command: ReleaseCommand,
): void {
  const request: Request = { ...command, verdict: "grant" };
  const requester = { commandId };
  const refusal = refusalOf(transition.state, request);
  if (refusal !== undefined) return reply(transition, requester, authority, refusal);
  carryOut(transition, request, "command", { authority, requester });
}

function carryOut(
  transition: Transition,
  { verdict, visitRef }: Request,
  cause: "operator" | "command",
  byHand: DecidedByHand,
): void {
  if (visitRef === undefined) return requestRelease(transition, cause, byHand);
  const { visit } = transition.state;
  // `refusalOf` lets through only a request about the visit that is there and can be decided.
  if (visit === null || visit.phase === "committing") {
    throw new BrokenInvariant("a decision is carried out about a visit that cannot be decided");
  }
  decideByHand(transition, visit, verdict, byHand);
}

function refusalOf(state: DoorwayState, request: Request): OperatorRefusal | undefined {
  const { visit, mode } = state;
  if (mode === "evacuation") return refused("evacuation");
  // Only a command lifts a lock-down; until then staff may only refuse.
  if (request.verdict === "grant" && mode === "locked-down") return refused("locked-down");
  if (request.visitRef === undefined) {
    // A refusal without a visit has nothing to refuse.
    if (request.verdict === "deny") return refused("visit-over");
    // A visitor who stands there with a red code would walk in as well.
    if (visit === null) return undefined;
    // What was confirmed about one visitor does not hold for the next, whose code may be red as well.
    const meant = request.confirmFor === visit.ref;
    return refuseUnconfirmed(visit, { ...request, confirm: meant ? (request.confirm ?? []) : [] });
  }
  // The result of a visitor who left stays for a moment; the gate would open for the next one.
  const gone = visit !== null && hasLeft(visit) && request.verdict === "grant";
  if (visit === null || visit.ref !== request.visitRef || gone) {
    return refuseLate(state, request.visitRef);
  }
  return refuseDecision(visit, request);
}

const hasLeft = (visit: Visit): boolean => visit.phase !== "gathering" && visit.left;

/** About a visit that is over: it may have been decided, or its visitor may have left. */
function refuseLate(state: DoorwayState, visitRef: string): OperatorRefusal {
  const settled = state.settled.findLast((each) => each.visitRef === visitRef);
  if (settled !== undefined && (settled.by !== undefined || settled.outcome === "granted")) {
    const { by, outcome } = settled;
    return { ...refused("already-decided"), outcome, ...(by === undefined ? {} : { by }) };
  }
  const { visit } = state;
  const there = visit === null || hasLeft(visit) ? {} : { there: visitAtTheDoor(visit) };
  return { ...refused("visit-over"), ...there };
}

/** About the visit that is there: it may be decided already, or need the second step. */
function refuseDecision(visit: Visit, request: Request): OperatorRefusal | undefined {
  if (visit.phase !== "gathering") {
    const { outcome } = visit.decision;
    const authority = authorityOf(visit);
    if (authority !== undefined || outcome === "granted") {
      const by = authority === undefined ? {} : { by: authority.by };
      return { ...refused("already-decided"), outcome, ...by };
    }
    if (visit.phase === "committing") return refused("being-decided");
  }
  return request.verdict === "grant" ? refuseUnconfirmed(visit, request) : undefined;
}

/** Without a visit the gate opens once, however many staff ask for it. */
function refuseSecond(state: DoorwayState, request: Request): OperatorRefusal | undefined {
  const { passage, pendingRelease } = state;
  if (request.visitRef !== undefined) return undefined;
  if (pendingRelease !== null) {
    return { ...refused("already-open"), by: pendingRelease.authority.by };
  }
  // A person who leaves opens for themselves: staff may open for one who comes in.
  if (passage === null || passage.cause === "exit-request") return undefined;
  const by = passage.authority === undefined ? {} : { by: passage.authority.by };
  return { ...refused("already-open"), ...by };
}

function refuseUnconfirmed(visit: Visit, { confirm }: Request): OperatorRefusal | undefined {
  // Admitted already, though an earlier code of theirs was red: nothing is overruled.
  if (visit.phase !== "gathering" && visit.decision.outcome === "granted") return undefined;
  const findings = findingsToConfirm(visit);
  if (findings.every((code) => confirm?.includes(code) === true)) return undefined;
  return { ...refused("confirm-needed"), confirm: findings, there: visitAtTheDoor(visit) };
}

const refused = (code: OperatorRefusal["code"]): OperatorRefusal => ({ done: false, code });

function visitAtTheDoor({ ref, credential, supportingCard }: Visit): AtTheDoor {
  const maskedName = credential.holder?.maskedName ?? supportingCard?.holder?.maskedName;
  return {
    visitRef: ref,
    credentialKind: credential.kind,
    ...(maskedName === undefined ? {} : { maskedName }),
  };
}
