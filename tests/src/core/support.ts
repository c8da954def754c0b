/** How the rule tests ask for an outcome: rules and evidence in, one line out. */
import { decide, type DecisionInput } from "../../../src/core/decision/decide.ts";
import type { Evidence } from "../../../src/core/evidence/evidence.ts";
import type { Policy, Rule, Verdict } from "../../../src/core/policy/policy.ts";
import { aCredential, aPolicy, at } from "../../support/core.ts";

export const VERDICTS = {
  whenUnmet: "deny" as Verdict,
  whenMissing: "refer" as Verdict,
  whenUnreachable: "refer" as Verdict,
};

/** `granted`, or the outcome with its reasons in order. */
export function outcomeOf(
  rules: readonly Rule[],
  evidence: readonly Evidence[],
  { policy, ...change }: Partial<Omit<DecisionInput, "policy">> & { policy?: Partial<Policy> } = {},
): string {
  const ruling = decide({
    credential: aCredential({ evidence }),
    evidence: [],
    policy: aPolicy({ rules, ...policy }),
    at: at(),
    mode: "normal",
    usedCodes: [],
    outOfReach: [],
    windowOver: true,
    ...change,
  });
  if (!ruling.decided) return `awaits ${ruling.awaits.join(" ")}`;
  const { outcome, reasons } = ruling.decision;
  return [outcome, ...reasons.map(({ code }) => code)].join(" ");
}
