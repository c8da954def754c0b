/** The policy of the simulated doorway: a community pharmacy in spring 2022, as data. */
import type { Policy, Rule } from "../../src/core/policy/policy.ts";

/** A contactless estimate is a screening: staff measure again before anybody is sent home. */
export const TEMPERATURE_RULE = {
  id: "temperature",
  kind: "temperature",
  maxC: 37.3,
  minC: 34,
  whenUnmet: "refer",
  whenMissing: "refer",
  whenUnreachable: "refer",
} satisfies Rule;

const RULES: readonly Rule[] = [
  {
    id: "colour",
    kind: "code-colour",
    accepted: ["green"],
    whenUnmet: "deny",
    whenMissing: "refer",
    whenUnreachable: "refer",
  },
  {
    id: "nucleic-acid-48h",
    kind: "nucleic-acid-test",
    maxAgeHours: 48,
    countFrom: "sampledAt",
    whenUnmet: "deny",
    whenMissing: "deny",
    whenUnreachable: "refer",
  },
  TEMPERATURE_RULE,
];

/** Green code, nucleic acid test within 48 h of sampling, at most 37.3 °C; staff are always let in. */
export function pharmacyPolicy(issuedAtMs: number): Policy {
  return {
    id: "community-pharmacy",
    version: 1,
    issuedAtMs,
    venueCategory: "pharmacy",
    timeZone: "Asia/Shanghai",
    acceptedCredentials: ["health-pass-live", "health-pass-paper", "opaque-token", "resident-id"],
    rules: RULES,
    alwaysAdmitRoles: ["staff"],
    whenCredentialFails: {
      "holder-unknown": "refer",
      "directory-unreachable": "refer",
      "possibly-revoked": "refer",
      "card-expired": "refer",
    },
    visit: { windowMs: 20_000, releaseMs: 4_000, resultMs: 4_000, maxOpenMs: 15_000 },
    liveCode: {
      maxAgeMs: 30 * 60_000,
      maxSkewMs: 2 * 60_000,
      reuseWindowMs: 5 * 60_000,
      whenReused: "refer",
    },
    freshness: { maxTrustListAgeHours: 72, maxDirectoryAgeHours: 24, whenOlder: "refer" },
    clock: { whenUntrusted: "refer" },
    record: { commitWithinMs: 1_000, whenNotCommitted: "refer" },
    attempts: { maxBadReads: 5 },
  };
}
