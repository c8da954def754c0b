/** Reason codes: every reason the unit can give. The translations hold the words. */

/** Why a credential is not valid. Found by `src/credential`; the policy decides what follows. */
export const CREDENTIAL_REASONS = [
  "not-a-health-code",
  "not-accepted-here",
  "malformed",
  "schema-violation",
  "parts-missing",
  "issuer-unknown",
  "issuer-expired",
  "issuer-not-allowed",
  "signature-invalid",
  "not-yet-valid",
  "expired",
  "revoked",
  "superseded",
  "possibly-revoked",
  "holder-unknown",
  "directory-unreachable",
  "number-invalid",
  "card-expired",
  "card-validity-unknown",
] as const;
export type CredentialReason = (typeof CREDENTIAL_REASONS)[number];

/** Why a visit was not granted, in addition to the reasons of its credential. */
export const DECISION_REASONS = [
  "credential-kind-not-accepted",
  "id-card-needed",
  "holder-mismatch",
  "live-code-too-old",
  "live-code-from-future",
  "code-reused",
  "code-red",
  "code-yellow",
  "code-colour-missing",
  "test-missing",
  "test-pending",
  "test-unclear",
  "test-positive",
  "test-too-old",
  "test-from-future",
  "antigen-missing",
  "antigen-pending",
  "antigen-positive",
  "antigen-too-old",
  "vaccination-missing",
  "vaccination-unclear",
  "vaccination-incomplete",
  "vaccination-too-recent",
  "vaccination-too-old",
  "recovery-missing",
  "recovery-unclear",
  "recovery-too-recent",
  "recovery-too-old",
  "recovery-not-yet",
  "recovery-over",
  "business-rules-failed",
  "business-rules-open",
  "not-on-roster",
  "temperature-high",
  "temperature-implausible",
  "temperature-missing",
  "outside-opening-hours",
  "locked-down",
  "clock-untrusted",
  "directory-too-old",
  "trust-list-too-old",
  "policy-expired",
  "record-not-committed",
  "gate-failed",
  "operator-refused",
] as const;
export type DecisionReason = (typeof DECISION_REASONS)[number];

export type ReasonCode = CredentialReason | DecisionReason;

/**
 * Faults of the unit and of what it was sent, not of the visitor: they are named first, and where
 * the policy has no rule for them they refer to staff.
 */
export const OWN_FAULTS: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "clock-untrusted",
  "directory-unreachable",
  "directory-too-old",
  "trust-list-too-old",
  "possibly-revoked",
  "policy-expired",
  "record-not-committed",
]);

/** Reasons that rest on what time it is: an untrusted clock cannot refuse by them. */
export const REASONS_OF_TIME: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "not-yet-valid",
  "expired",
  "issuer-expired",
  "card-expired",
  "live-code-too-old",
  "live-code-from-future",
  "test-too-old",
  "test-from-future",
  "antigen-too-old",
  "vaccination-too-recent",
  "vaccination-too-old",
  "recovery-too-recent",
  "recovery-too-old",
  "recovery-not-yet",
  "recovery-over",
  // A certificate's rules are evaluated at the unit's own time.
  "business-rules-failed",
  "business-rules-open",
  "outside-opening-hours",
  "directory-too-old",
  "trust-list-too-old",
  "policy-expired",
]);

/**
 * A reason with the values its translation needs: times in epoch milliseconds, ages and
 * limits in the unit its name ends with, e.g. `{issuedAtMs: …}` or `{ageMs: …, maxAgeHours: 48}`.
 */
export interface Reason {
  code: ReasonCode;
  params?: Readonly<Record<string, number | string>>;
}
