/** A record of a usual size: a visit that was granted, with the evidence and the rules applied. */
import type { RecordDraft } from "../../src/core/record.ts";

const START_MS = 1_650_963_600_000; // 2022-04-26T09:00:00Z

/** The n-th visit of a made-up day, one every ten seconds. */
export function record(number: number): RecordDraft {
  const at = {
    monotonicMs: number * 10_000,
    wallMs: START_MS + number * 10_000,
    wallTrusted: true,
  };
  return {
    key: `visit-${number}`,
    at,
    body: {
      type: "visit-decided",
      visitRef: `ref-${number}`,
      credentialKind: "health-pass-live",
      decidedAfterMs: 412,
      decision: {
        outcome: "granted",
        reasons: [],
        policy: { id: "office", version: 4 },
        rules: [
          {
            ruleId: "colour",
            outcome: "met",
            verdict: "grant",
            evidenceId: "colour-1",
            ageMs: 900,
          },
          { ruleId: "test", outcome: "met", verdict: "grant", evidenceId: "nat-1", ageMs: 9e7 },
        ],
      },
      evidence: [
        {
          id: "colour-1",
          kind: "code-colour",
          colour: "green",
          trust: "verified",
          source: { name: "code-reader", detail: "issuer-1" },
          observedAt: at,
        },
      ],
    },
    personal: { holderPseudonym: `holder-${number % 500}` },
  };
}
