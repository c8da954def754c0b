/** What a rule found, and the small steps that rules of several kinds share. */
import type { RuleResult } from "./decision.ts";
import type { Credential, Evidence, EvidenceOf } from "../evidence/evidence.ts";
import type { ObservedKind } from "../evidence/observed.ts";
import type { Rule } from "../policy/policy.ts";
import type { Reason, ReasonCode } from "../reason.ts";
import type { Zone } from "../policy/calendar.ts";
import type { Instant } from "../time.ts";

/** What a rule may look at. */
export interface RuleContext {
  credential: Credential;
  evidence: readonly Evidence[];
  roles: readonly string[];
  at: Instant;
  /** Where the venue is: days are counted by its calendar. */
  zone: Zone;
  /** The disease that rules ask about unless they name one themselves. */
  disease: string;
  /** Kinds of evidence that cannot come now: their device is down. */
  outOfReach: readonly ObservedKind[];
  /** Nothing more will come in this visit. */
  windowOver: boolean;
}

export type Finding = Omit<RuleResult, "ruleId" | "verdict">;
export type RuleOf<K extends Rule["kind"]> = Extract<Rule, { kind: K }>;

/** The current pieces of one kind, newest first by `timeOf`. */
export function current<K extends Evidence["kind"]>(
  { at, evidence }: RuleContext,
  kind: K,
  timeOf: (evidence: EvidenceOf<K>) => number,
): EvidenceOf<K>[] {
  return evidence
    .filter((piece): piece is EvidenceOf<K> => piece.kind === kind)
    .filter((piece) => isCurrent(piece, at))
    .sort((a, b) => timeOf(b) - timeOf(a));
}

function isCurrent({ validFromMs, validUntilMs }: Evidence, at: Instant): boolean {
  // By an untrusted clock no statement is over: a red code stays red.
  if (!at.wallTrusted) return true;
  if (validFromMs !== undefined && validFromMs > at.wallMs) return false;
  return validUntilMs === undefined || at.wallMs < validUntilMs;
}

/** There is no evidence. */
export const missing = (code: ReasonCode): Finding => ({ outcome: "missing", reason: { code } });

/** There is evidence of unknown meaning. */
export function unclear(piece: Evidence, code: ReasonCode): Finding {
  return {
    outcome: "unclear",
    evidenceId: piece.id,
    evidenceKind: piece.kind,
    reason: { code },
  };
}

/** Met, or with a reason unmet. */
export function found(piece: Evidence, ageMs?: number, reason?: Reason): Finding {
  return {
    outcome: reason === undefined ? "met" : "unmet",
    evidenceId: piece.id,
    evidenceKind: piece.kind,
    ...(ageMs === undefined ? {} : { ageMs }),
    ...(reason === undefined ? {} : { reason }),
  };
}
