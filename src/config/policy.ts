/** The policy file: one schema from which types, defaults and the reference follow. */
import { z } from "zod";
import { CREDENTIAL_KINDS } from "../core/evidence.ts";
import type { OpeningSpan, Policy, Rule } from "../core/policy.ts";
import { CREDENTIAL_REASONS } from "../core/reason.ts";
import { readYaml } from "./yaml-file.ts";

const verdict = z.enum(["grant", "refer", "deny"]);
const hours = z.number().positive().max(87_600);
const days = z.number().min(0).max(36_500);
const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most);
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected a name of small letters, digits and hyphens");
const roles = z.array(z.string().min(1).max(64)).min(1);

const common = {
  id: name,
  appliesTo: z
    .strictObject({
      roles: roles.optional(),
      exceptRoles: roles.optional(),
      credentialKinds: z.array(z.enum(CREDENTIAL_KINDS)).min(1).optional(),
    })
    .optional()
    .describe("narrows the rule to some visitors; without it the rule is for all"),
  whenUnmet: verdict.default("deny").describe("there is evidence and it says no"),
  whenMissing: verdict.default("deny").describe("there is no evidence"),
  whenUnreachable: verdict.default("refer").describe("its source could not be asked"),
};

const simpleRules = [
  z.strictObject({
    ...common,
    kind: z.literal("code-colour"),
    accepted: z
      .array(z.enum(["green", "yellow", "red"]))
      .min(1)
      .default(["green"]),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("nucleic-acid-test"),
    maxAgeHours: hours,
    countFrom: z
      .enum(["sampledAt", "reportedAt"])
      .describe("sampling and report are different times: say which one counts"),
  }),
  z.strictObject({ ...common, kind: z.literal("antigen-test"), maxAgeHours: hours }),
  z.strictObject({
    ...common,
    kind: z.literal("vaccination"),
    minDoses: z.union([z.number().int().min(1).max(20), z.literal("complete")]),
    minDaysSinceLastDose: days.optional(),
    maxDaysSinceLastDose: days.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal("recovery"), minDays: days, maxDays: days }),
  z.strictObject({
    ...common,
    kind: z.literal("temperature"),
    maxC: z.number().min(30).max(45).default(37.3),
    minC: z.number().min(25).max(40).default(34),
  }),
  z.strictObject({ ...common, kind: z.literal("roster"), roles }),
  z.strictObject({ ...common, kind: z.literal("business-rules"), rulesOf: z.string().min(1) }),
] as const;

const rule: z.ZodType<Rule> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    ...simpleRules,
    z.strictObject({ ...common, kind: z.literal("any-of"), rules: z.array(rule).min(1).max(20) }),
  ]),
) as z.ZodType<Rule>;

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const SPAN = /^(?:([a-z]{3})(?:-([a-z]{3}))?\s+)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/;

/** `mon-fri 08:00-20:00`, `sat 10:00-16:00`, or `08:00-20:00` for every day. */
function openingSpan(text: string): OpeningSpan | undefined {
  const match = SPAN.exec(text.trim().toLowerCase());
  if (match === null) return undefined;
  const [, first = "mon", last = match[1] ?? "sun"] = match;
  const from = WEEK.indexOf(first as (typeof WEEK)[number]);
  const until = WEEK.indexOf(last as (typeof WEEK)[number]);
  const fromMinute = Number(match[3]) * 60 + Number(match[4]);
  const untilMinute = Number(match[5]) * 60 + Number(match[6]);
  const whole = Number(match[4]) < 60 && Number(match[6]) < 60;
  if (from < 0 || until < 0 || !whole || fromMinute > 1_440 || untilMinute > 1_440) {
    return undefined;
  }
  // A week goes round: fri-mon is four days.
  const count = ((until - from + 7) % 7) + 1;
  const weekdays = Array.from({ length: count }, (_each, index) => ((from + index) % 7) + 1);
  return { days: weekdays, fromMinute, untilMinute };
}

const span = z.union([
  z.strictObject({
    days: z.array(z.number().int().min(1).max(7)).min(1),
    fromMinute: z.number().min(0).max(1_440),
    untilMinute: z.number().min(0).max(1_440),
  }),
  z.string().transform((text, context): OpeningSpan => {
    const parsed = openingSpan(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'expected e.g. "mon-fri 08:00-20:00"' });
    return z.NEVER;
  }),
]);

/** A section whose every field has a default may be left out whole. */
const section = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape).prefault({} as never);

/** What may stand in a policy. Keys are the core's own, so that a record and a file say the same. */
export const policySchema = z.strictObject({
  id: name,
  version: z.number().int().min(1),
  issuedAtMs: z.number().int().min(0).default(0).describe("epoch milliseconds"),
  expiresAtMs: z.number().int().min(0).optional(),
  venueCategory: name.default("general"),
  openingHours: z
    .strictObject({
      utcOffsetMinutes: z.number().int().min(-840).max(840).default(480),
      spans: z.array(span).min(1),
      whenClosed: verdict.default("deny"),
    })
    .optional(),
  acceptedCredentials: z
    .array(z.enum(CREDENTIAL_KINDS).exclude(["unknown"]))
    .min(1)
    .default(["health-pass-live", "health-pass-paper", "opaque-token", "resident-id"]),
  rules: z.array(rule).max(100),
  alwaysAdmitRoles: z.array(z.string().min(1)).default([]),
  whenCredentialFails: z
    .partialRecord(z.enum(CREDENTIAL_REASONS), verdict)
    .default({ "holder-unknown": "refer", "directory-unreachable": "refer" }),
  visit: section({
    windowMs: milliseconds(1_000, 120_000).default(20_000),
    releaseMs: milliseconds(500, 10_000).default(4_000),
    resultMs: milliseconds(500, 60_000).default(4_000),
    maxOpenMs: milliseconds(1_000, 600_000).default(15_000),
  }),
  liveCode: section({
    maxAgeMs: milliseconds(1_000, 86_400_000).default(1_800_000),
    maxSkewMs: milliseconds(0, 3_600_000).default(120_000),
    reuseWindowMs: milliseconds(0, 86_400_000).default(300_000),
    whenReused: verdict.default("refer"),
  }),
  freshness: section({
    maxTrustListAgeHours: hours.default(72),
    maxDirectoryAgeHours: hours.default(24),
    whenOlder: verdict.default("refer"),
  }),
  clock: section({ whenUntrusted: verdict.default("refer") }),
  record: section({
    commitWithinMs: milliseconds(50, 10_000).default(500),
    whenNotCommitted: verdict.default("refer"),
  }),
  attempts: section({
    maxBadReads: z.number().int().min(1).max(5).default(5),
  }),
});

const ADVICE = "docs/configuration.md";

/**
 * A policy from a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parsePolicy(text: string, file: string): Policy {
  return readYaml(text, file, checked, ADVICE) as Policy;
}

/** Rules are told apart by their ids, in records and on the screen. */
const checked = policySchema.superRefine((policy, context) => {
  const seen = new Set<string>();
  const look = (rules: readonly Rule[], path: (string | number)[]): void => {
    for (const [index, each] of rules.entries()) {
      if (seen.has(each.id)) {
        const message = `"${each.id}" names another rule already`;
        context.addIssue({ code: "custom", path: [...path, index, "id"], message });
      }
      seen.add(each.id);
      if (each.kind === "any-of") look(each.rules, [...path, index, "rules"]);
    }
  };
  look(policy.rules, ["rules"]);
});

/** The same check for a policy that is data already; used where it comes inside something else. */
export const policyDocument = checked;
