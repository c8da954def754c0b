/**
 * The visit: one person's passage through a decision.
 *
 * ```
 * phase       event or timer                             next        what happens
 * (none)      credential-presented                       gathering   awaits what the rules ask for
 * gathering   evidence or a credential of this holder    gathering   the rules are applied again
 * gathering   nothing awaited, or `visit-window` is over committing  the decision is written down
 * gathering   the visitor leaves, another person shows   (none)      recorded as abandoned
 * gathering   the thermometer works again                (none)      recorded as abandoned
 * gathering   staff or a command decides                 committing  their decision is written down
 * committing  credential-presented                       committing  kept as `next`; the newest counts
 * committing  record-committed in time                   closed      carried out and shown
 * committing  record-failed, `commit-deadline`           closed      as the policy says, see outcome.ts
 * closed      staff or a command decides otherwise       committing  their decision is written down
 * closed      the gate failed                            closed      revised to "referred", recorded
 * closed      `result`, another credential               (none)      or the next visit begins
 * ```
 *
 * Coupled with: presence (who stands there ends or carries on a visit, presence-state.ts), the
 * passage (a granted visit releases the gate, passage.ts) and the mode (in an evacuation no visit
 * begins; in a lock-down none is granted). Every phase has exactly the members it needs.
 */
import type { Decision, AwaitedEvidence } from "../decision/decision.ts";
import type { Credential, Evidence } from "../evidence/evidence.ts";
import type { ObservedKind } from "../evidence/observed.ts";
import type { Authority } from "../record.ts";
import type { Requester } from "../requester.ts";
import type { Instant } from "../time.ts";

/** What is known of the visitor in every phase. */
interface VisitBase {
  ref: string;
  openedAt: Instant;
  credential: Credential;
  /** The ID card laid beside a paper pass. */
  supportingCard?: Credential;
  /** What devices observed of the visitor: one piece of a kind, the newest. */
  observed: readonly Evidence[];
  /** Evidence of the same holder from a presentation just before. */
  carried: readonly Evidence[];
}

/** Evidence is awaited: at least one kind of it. */
export interface GatheringVisit extends VisitBase {
  phase: "gathering";
  awaits: readonly AwaitedEvidence[];
  /** Observations that failed and are being repeated: the visitor has to hold still. */
  repeated: readonly ObservedKind[];
}

/** Decided; the record is on its way to the disk. */
export interface CommittingVisit extends VisitBase {
  phase: "committing";
  decision: Decision;
  decidedAt: Instant;
  recordKey: string;
  /** Set when staff or a command decided instead of the rules: who waits for an answer. */
  byHand?: DecidedByHand;
  /** A presentation that came while the record was being written; its visit is next. */
  next?: Presentation;
  /** Its visitor was seen to leave before staff decided. */
  left: boolean;
}

/** Decided, and in effect; the result is on the screen. */
export interface ClosedVisit extends VisitBase {
  phase: "closed";
  decision: Decision;
  /** Set when staff or a command decided instead of the rules. */
  authority?: Authority;
  /** Its visitor was seen to leave; the result goes in a moment. */
  left: boolean;
}

export type Visit = GatheringVisit | CommittingVisit | ClosedVisit;
export type DecidedVisit = CommittingVisit | ClosedVisit;
export type VisitPhase = Visit["phase"];

/** Staff or a command, and where their answer goes. */
export interface DecidedByHand {
  authority: Authority;
  requester: Requester;
}

/** One showing of a credential; `ref` names the visit that it may open. */
export interface Presentation {
  credential: Credential;
  by: "code" | "card";
  ref: string;
}

/** Who decided instead of the rules, if anyone did. */
export function authorityOf(visit: DecidedVisit): Authority | undefined {
  return visit.phase === "committing" ? visit.byHand?.authority : visit.authority;
}
