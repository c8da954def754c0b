/** The rules of a policy as they stand in a file; the same in a policy that the district sends. */
import { z } from "zod";
import { CREDENTIAL_KINDS } from "../core/evidence/evidence.ts";
import type { Rule, Verdict } from "../core/policy/policy.ts";
import type { Problem } from "./problems.ts";
import { disease, numberAboveZero, numberFrom, text, wholeFrom } from "./values.ts";

export const verdict = z.enum(["grant", "refer", "deny"]);

/** What can be accepted: nobody can accept the unknown. */
export const credentialKinds = z
  .array(z.enum(CREDENTIAL_KINDS).exclude(["unknown"]))
  .min(1, "expected at least one kind");

/** A name that stands in records and on screens. */
export const plainName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected a name of small letters, digits and hyphens");

const LONGEST_AGE_HOURS = 87_600;
const roles = z.array(text(64)).min(1, "expected at least one role");
const hours = (): z.ZodNumber => numberAboveZero(LONGEST_AGE_HOURS);
const days = (): z.ZodNumber => wholeFrom(0, 36_500);

const appliesTo = z
  .strictObject({
    roles: roles.optional(),
    exceptRoles: roles.optional(),
    credentialKinds: credentialKinds.optional(),
  })
  .optional()
  .describe("narrows the rule to some visitors; without it the rule is for all");

// The contract's own defaults: evidence against somebody denies, what could not be asked is for staff.
function common(whenUnmet: Verdict = "deny", whenMissing: Verdict = "deny") {
  return {
    id: plainName.describe("unique within the policy; shown to staff"),
    appliesTo,
    whenUnmet: verdict.default(whenUnmet).describe("there is evidence and it says no"),
    whenMissing: verdict.default(whenMissing).describe("there is no evidence"),
    whenUnclear: verdict
      .exclude(["grant"])
      .default("refer")
      .describe("there is evidence, and what it says is not known: pending, or not understood"),
    whenUnreachable: verdict.default("refer").describe("its source could not be asked"),
  };
}

const ofDisease = {
  disease: disease().exactOptional().describe("the policy's when absent"),
};
const ofTest = {
  ...ofDisease,
  maxAgeHours: hours(),
  pendingHides: z
    .boolean()
    .default(true)
    .describe(
      "whether a newer test whose result is pending hides the result before it; false where " +
        "everybody is tested every other day and results take a night",
    ),
};

const simpleRules = [
  z.strictObject({
    kind: z.literal("code-colour"),
    ...common(),
    accepted: z
      .array(z.enum(["green", "yellow", "red"]))
      .min(1, "expected at least one colour")
      .default(["green"]),
  }),
  z.strictObject({
    kind: z.literal("nucleic-acid-test"),
    ...common(),
    ...ofTest,
    countFrom: z
      .enum(["sampledAt", "reportedAt"])
      .describe("sampling and report are different times: say which one counts"),
  }),
  z.strictObject({ kind: z.literal("antigen-test"), ...common(), ...ofTest }),
  z.strictObject({
    kind: z.literal("vaccination"),
    ...common(),
    ...ofDisease,
    minDoses: z
      .union([wholeFrom(1, 20), z.literal("complete")])
      .describe("`complete`: what the credential calls a complete series"),
    minDaysSinceLastDose: days()
      .optional()
      .describe("calendar days at the venue; the day of the dose is day 0"),
    maxDaysSinceLastDose: days().optional(),
  }),
  z.strictObject({
    kind: z.literal("recovery"),
    ...common(),
    ...ofDisease,
    minDays: days().describe("calendar days at the venue since the first positive test"),
    maxDays: days().describe("a term that the credential gives counts beside it"),
  }),
  z.strictObject({
    kind: z.literal("temperature"),
    ...common(),
    maxC: numberFrom(30, 45).default(37.3),
    minC: numberFrom(25, 40).default(34).describe("below it the reading is no person's"),
  }),
  z.strictObject({ kind: z.literal("roster"), ...common(), roles }),
  z.strictObject({
    kind: z.literal("business-rules"),
    ...common(),
    rulesOf: text(64).describe("who made the rules, e.g. a country code"),
  }),
] as const;

/** One rule; `kind` says which fields it has. */
export const rule: z.ZodType<Rule> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    ...simpleRules,
    z.strictObject({
      kind: z.literal("any-of"),
      ...common(),
      rules: z
        .array(rule)
        .min(1, "expected at least one rule")
        .max(20, "expected at most 20 rules")
        .describe("met when one of them is met"),
    }),
  ]),
) as z.ZodType<Rule>;

/** Faults that only show when rules are looked at together. */
export function ruleProblems(
  rules: readonly Rule[],
  base: readonly PropertyKey[],
  seen: Set<string> = new Set(),
): Problem[] {
  return rules.flatMap((each, index) => {
    const path = [...base, index];
    const found: Problem[] = [];
    if (seen.has(each.id)) {
      found.push({ path: [...path, "id"], message: `"${each.id}" names another rule already` });
    }
    seen.add(each.id);
    const [least, most] = bounds(each);
    if (least?.value !== undefined && most?.value !== undefined && least.value > most.value) {
      const message = `expected at least ${least.value}, as ${least.name} says`;
      found.push({ path: [...path, most.name], message });
    }
    return each.kind === "any-of"
      ? [...found, ...ruleProblems(each.rules, [...path, "rules"], seen)]
      : found;
  });
}

interface Bound {
  name: string;
  value: number | undefined;
}

function bounds(each: Rule): [Bound, Bound] | [] {
  if (each.kind === "temperature") {
    return [
      { name: "minC", value: each.minC },
      { name: "maxC", value: each.maxC },
    ];
  }
  if (each.kind === "recovery") {
    return [
      { name: "minDays", value: each.minDays },
      { name: "maxDays", value: each.maxDays },
    ];
  }
  if (each.kind === "vaccination") {
    return [
      { name: "minDaysSinceLastDose", value: each.minDaysSinceLastDose },
      { name: "maxDaysSinceLastDose", value: each.maxDaysSinceLastDose },
    ];
  }
  return [];
}
