/** The rules of a policy as they stand in a file; the same in a policy the district sends. */
import { z } from "zod";
import { CREDENTIAL_KINDS } from "../core/evidence.ts";
import type { Rule, Verdict } from "../core/policy.ts";
import { numberAbove, numberFrom, plainName, text, wholeFrom } from "./values.ts";

export const verdict = z.enum(["grant", "refer", "deny"]);
export const credentialKind = z.enum(CREDENTIAL_KINDS);
const role = text(60);

const appliesTo = z
  .strictObject({
    roles: z.array(role).min(1, "expected at least one role").exactOptional(),
    exceptRoles: z.array(role).min(1, "expected at least one role").exactOptional(),
    credentialKinds: z.array(credentialKind).min(1, "expected at least one kind").exactOptional(),
  })
  .meta({ description: "Narrows the rule to some visitors; without it the rule is for all." });

// What nobody thought of is for a person to decide, not for a default.
function common(whenUnmet: Verdict) {
  return {
    id: plainName().meta({ description: "Unique within the policy; shown to staff." }),
    appliesTo: appliesTo.exactOptional(),
    whenUnmet: verdict.default(whenUnmet).meta({ description: "Evidence is there and says no." }),
    whenMissing: verdict.default("refer").meta({ description: "Nobody said anything." }),
    whenUnreachable: verdict.default("refer").meta({
      description: "Its source could not be asked: device broken, directory out of reach.",
    }),
  };
}

const days = (): z.ZodNumber => wholeFrom(0, 36_500);

/** One rule; `kind` says which fields it has. */
export const rule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("code-colour"),
    ...common("deny"),
    accepted: z
      .array(z.enum(["green", "yellow", "red"]))
      .min(1, "expected at least one colour")
      .default(["green"]),
  }),
  z.strictObject({
    kind: z.literal("nucleic-acid-test"),
    ...common("deny"),
    maxAgeHours: numberAbove(0),
    countFrom: z.enum(["sampledAt", "reportedAt"]).meta({
      description: "Sampling and report are different times: the rule says which counts.",
    }),
  }),
  z.strictObject({
    kind: z.literal("antigen-test"),
    ...common("deny"),
    maxAgeHours: numberAbove(0),
  }),
  z.strictObject({
    kind: z.literal("vaccination"),
    ...common("deny"),
    minDoses: z
      .union(
        [z.literal("complete"), wholeFrom(1, 20)],
        "expected complete, or a whole number from 1 to 20",
      )
      .meta({ description: "`complete` asks for what the credential calls a complete series." }),
    minDaysSinceLastDose: days().exactOptional(),
    maxDaysSinceLastDose: days().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("recovery"),
    ...common("deny"),
    minDays: days(),
    maxDays: days(),
  }),
  z.strictObject({
    kind: z.literal("temperature"),
    // A contactless estimate is a screening: somebody measures again before anyone is sent home.
    ...common("refer"),
    maxC: numberFrom(30, 45).default(37.3),
    minC: numberFrom(20, 40)
      .default(34)
      .meta({ description: "Below it the reading is no person's." }),
  }),
  z.strictObject({
    kind: z.literal("roster"),
    ...common("deny"),
    roles: z.array(role).min(1, "expected at least one role"),
  }),
  z.strictObject({
    kind: z.literal("business-rules"),
    ...common("deny"),
    rulesOf: text(20).meta({ description: "Who made the rules, e.g. a country code." }),
  }),
  z.strictObject({
    kind: z.literal("any-of"),
    ...common("deny"),
    rules: z
      .array(z.lazy((): z.ZodType<Rule> => rule))
      .min(1, "expected at least one rule")
      .meta({ description: "Met when one of them is met." }),
  }),
]);

/** Faults that only show when rules are looked at together, with the path inside the list. */
export function ruleProblems(
  rules: readonly Rule[],
  base: readonly PropertyKey[],
  seen: Set<string> = new Set(),
): { path: PropertyKey[]; message: string }[] {
  return rules.flatMap((each, index) => {
    const path = [...base, index];
    const found: { path: PropertyKey[]; message: string }[] = [];
    if (seen.has(each.id)) {
      found.push({ path: [...path, "id"], message: `"${each.id}" stands twice: ids are unique` });
    }
    seen.add(each.id);
    const [lower, upper] = bounds(each);
    if (lower !== undefined && upper !== undefined && lower.value > upper.value) {
      found.push({
        path: [...path, upper.name],
        message: `expected at least ${lower.name}, which is ${lower.value}`,
      });
    }
    return each.kind === "any-of"
      ? [...found, ...ruleProblems(each.rules, [...path, "rules"], seen)]
      : found;
  });
}

type Bound = { name: string; value: number } | undefined;

function bounds(each: Rule): [Bound, Bound] {
  const bound = (name: string, value: number | undefined): Bound =>
    value === undefined ? undefined : { name, value };
  switch (each.kind) {
    case "temperature":
      return [bound("minC", each.minC), bound("maxC", each.maxC)];
    case "recovery":
      return [bound("minDays", each.minDays), bound("maxDays", each.maxDays)];
    case "vaccination":
      return [
        bound("minDaysSinceLastDose", each.minDaysSinceLastDose),
        bound("maxDaysSinceLastDose", each.maxDaysSinceLastDose),
      ];
    default:
      return [undefined, undefined];
  }
}
