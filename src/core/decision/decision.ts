/** A decision: the outcome with every rule that was applied, its evidence and that evidence's age. */
import type { EvidenceKind } from "../evidence/evidence.ts";
import type { ObservedKind } from "../evidence/observed.ts";
import type { Verdict } from "../policy/policy.ts";
import type { Reason } from "../reason.ts";

export type Outcome = "granted" | "denied" | "referred";

/** What a visit awaits: a second credential, or evidence that a device observes. */
export type AwaitedEvidence = "id-card" | ObservedKind;

/**
 * How one rule came out.
 * - `met`, `unmet`: there was evidence
 * - `unclear`: there was evidence of unknown meaning (pending, not understood)
 * - `missing`: there was none; `unreachable`: its source is out of reach
 * - `not-applicable`: not a rule for this visitor
 */
export type RuleOutcome =
  | "met"
  | "unmet"
  | "unclear"
  | "missing"
  | "unreachable"
  | "not-applicable";

/** One line of the explanation. */
export interface RuleResult {
  ruleId: string;
  outcome: RuleOutcome;
  /** What the rule adds to the decision: `grant` when met or not applicable. */
  verdict: Verdict;
  reason?: Reason;
  evidenceId?: string;
  evidenceKind?: EvidenceKind;
  /** Age of the evidence at the decision, from the time the rule counts from. */
  ageMs?: number;
  /** Present when the missing piece may still come within the visit window. */
  awaits?: AwaitedEvidence;
}

/** An outcome and its explanation. */
export interface Decision {
  outcome: Outcome;
  /**
   * Why not granted: what denies before what refers, and in each the unit's own faults first; empty
   * when granted by met rules alone.
   */
  reasons: readonly Reason[];
  rules: readonly RuleResult[];
  policy: { id: string; version: number };
}
