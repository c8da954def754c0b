/** The policy file: one schema from which types, defaults and the reference follow. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { COVID_19 } from "../core/evidence/disease.ts";
import type { Policy } from "../core/policy/policy.ts";
import { CREDENTIAL_REASONS } from "../core/reason.ts";
import { credentialKinds, plainName, rule, ruleProblems, verdict } from "./rule-schema.ts";
import {
  disease,
  moment,
  numberAboveZero,
  openingSpan,
  section,
  text,
  timeZone,
  wholeFrom,
} from "./values.ts";
import { readYaml } from "./yaml-file.ts";

const hours = (): z.ZodNumber => numberAboveZero(87_600);
const epochMs = (): z.ZodNumber => wholeFrom(0, Number.MAX_SAFE_INTEGER);

const openingHours = z
  .strictObject({
    utcOffsetMinutes: wholeFrom(-840, 840)
      .multipleOf(15, "expected minutes in steps of 15, e.g. 480 where clocks are 8 hours ahead")
      .exactOptional()
      .describe(
        "instead of timeZone: how many minutes the venue's local time is ahead of UTC all year, e.g. 480",
      ),
    spans: z
      .array(openingSpan())
      .min(1, "expected at least one span")
      .describe("`mon-fri 08:00-20:00`; an end at or before the beginning is on the next day"),
    whenClosed: verdict.default("deny"),
  })
  .optional()
  .describe("absent: always open");

const visit = section({
  windowMs: wholeFrom(1_000, 120_000)
    .default(20_000)
    .describe("evidence of one visit must come within this time"),
  releaseMs: wholeFrom(500, 10_000).default(4_000).describe("how long the gate is unlocked"),
  resultMs: wholeFrom(500, 60_000)
    .default(4_000)
    .describe(
      "how long a result stays on the screen where nobody sees whether its visitor still stands there; 8 s at least",
    ),
  maxOpenMs: wholeFrom(1_000, 600_000)
    .default(15_000)
    .describe("how long the door may stay open before the alarm"),
});

const liveCode = section({
  maxAgeMs: wholeFrom(1_000, 86_400_000)
    .default(1_800_000)
    .describe("an older one is a screenshot"),
  maxSkewMs: wholeFrom(0, 3_600_000)
    .default(120_000)
    .describe("how far in the future a code may be dated: phones are not synchronised either"),
  reuseWindowMs: wholeFrom(0, 86_400_000)
    .default(300_000)
    .describe("showing a code again within this time, after it let someone in, is a reuse"),
  whenReused: verdict.default("refer"),
});

/**
 * What may stand in a policy. Keys are the core's own, so that a record and a file say the same;
 * a moment may be written with its offset instead of in milliseconds.
 */
export const policySchema = z
  .strictObject({
    id: plainName,
    version: wholeFrom(1, 1_000_000_000).describe("grows with every change"),
    issuedAt: moment().optional().describe("instead of issuedAtMs, e.g. 2026-01-01T00:00:00+08:00"),
    issuedAtMs: epochMs().optional().describe("epoch milliseconds; 0 when neither is given"),
    expiresAt: moment().optional().describe("instead of expiresAtMs"),
    expiresAtMs: epochMs()
      .optional()
      .describe("after this the policy is too old to admit anyone silently; absent: never"),
    venueCategory: plainName.default("general"),
    timeZone: timeZone()
      .exactOptional()
      .describe(
        "the venue's IANA time zone: opening hours and days since a dose are counted by its calendar, " +
          "summer time included; Asia/Shanghai when neither this nor utcOffsetMinutes is given",
      ),
    disease: disease()
      .default(COVID_19)
      .describe(
        "what tests, doses and recoveries have to be of, unless a rule says otherwise: covid-19, or " +
          "another disease by its code, e.g. snomed:6142004 or icd:1E32",
      ),
    openingHours,
    acceptedCredentials: credentialKinds.default([
      "health-pass-live",
      "health-pass-paper",
      "opaque-token",
      "resident-id",
    ]),
    rules: z.array(rule).max(100, "expected at most 100 rules").describe("see Rules"),
    alwaysAdmitRoles: z
      .array(text(64))
      .default([])
      .describe("roles that pass without further rules once their credential holds"),
    whenCredentialFails: z
      .partialRecord(z.enum(CREDENTIAL_REASONS), verdict.exclude(["grant"]))
      .default({
        "holder-unknown": "refer",
        "directory-unreachable": "refer",
        "possibly-revoked": "refer",
      })
      .describe(
        "by reason; reasons that are not listed deny, except what the unit could not read or does not " +
          "have (`card-validity-unknown`, `directory-unreachable`, `possibly-revoked`): these refer; none " +
          "can grant",
      ),
    visit,
    liveCode,
    freshness: section({
      maxTrustListAgeHours: hours().default(72),
      maxDirectoryAgeHours: hours().default(24),
      whenOlder: verdict.default("refer"),
    }),
    clock: section({ whenUntrusted: verdict.default("refer") }),
    record: section({
      commitWithinMs: wholeFrom(50, 10_000)
        .default(500)
        .describe("how long the gate waits for the record to be durable"),
      whenNotCommitted: verdict.default("refer"),
    }),
    attempts: section({
      maxBadReads: wholeFrom(1, 5)
        .default(5)
        .describe("bad reads in a row before the alarm; at most 5 (GB 50396-2007 §5.1.5)"),
    }),
  })
  .meta({ title: "Digital Sentinel policy" });

type PolicyFile = z.output<typeof policySchema>;

/** A policy that is data already, e.g. inside something that was signed, in the same form. */
export const policyDocument = policySchema
  .superRefine((file, context) => {
    const problems = [
      ...ruleProblems(file.rules, ["rules"]),
      ...timeProblems(file),
      ...zoneProblems(file),
    ];
    for (const { path, message } of problems) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  })
  .transform(toPolicy);

function timeProblems(file: PolicyFile): { path: string[]; message: string }[] {
  const twice = (["issuedAt", "expiresAt"] as const)
    .filter((name) => file[name] !== undefined && file[`${name}Ms`] !== undefined)
    .map((name) => ({ path: [name], message: `expected either this or ${name}Ms` }));
  const until = momentOf(file.expiresAt, file.expiresAtMs);
  if (until === undefined || until > (momentOf(file.issuedAt, file.issuedAtMs) ?? 0)) return twice;
  const name = file.expiresAt === undefined ? "expiresAtMs" : "expiresAt";
  return [...twice, { path: [name], message: "expected a moment after the policy was issued" }];
}

function zoneProblems({ timeZone: zone, openingHours: hours }: PolicyFile) {
  if (zone === undefined || hours?.utcOffsetMinutes === undefined) return [];
  const path = ["openingHours", "utcOffsetMinutes"];
  return [{ path, message: "expected either this or timeZone, which knows summer time too" }];
}

function momentOf(written: string | undefined, ms: number | undefined): number | undefined {
  return written === undefined ? ms : Date.parse(written);
}

// Absent members are absent here as well: YAML and JSON know no undefined.
function toPolicy({ issuedAt, issuedAtMs, expiresAt, expiresAtMs, ...same }: PolicyFile): Policy {
  const until = momentOf(expiresAt, expiresAtMs);
  return {
    ...same,
    issuedAtMs: momentOf(issuedAt, issuedAtMs) ?? 0,
    ...(until === undefined ? {} : { expiresAtMs: until }),
  } as Policy;
}

const ADVICE = "docs/operators/configuration.md";

/**
 * A policy from a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parsePolicy(yamlText: string, file: string): Policy {
  return readYaml(yamlText, file, policyDocument, ADVICE);
}

/** Venue categories with a policy to begin with. */
export const PRESET_POLICIES = [
  "care-home",
  "clinic",
  "office",
  "pharmacy",
  "plant",
  "residential",
  "school",
  "supermarket",
] as const;
export type PresetPolicy = (typeof PRESET_POLICIES)[number];

/** The YAML text of a venue category's policy, for a district to adapt. */
export function presetPolicyText(name: PresetPolicy): string {
  return readFileSync(new URL(`policies/${name}.yaml`, import.meta.url), "utf8");
}

/** The policy of a venue category. */
export function presetPolicy(name: PresetPolicy): Policy {
  return parsePolicy(presetPolicyText(name), `${name}.yaml`);
}

/** @throws ConfigError where it is not a policy */
export function readPolicySet(bytes: Uint8Array): Policy {
  return parsePolicy(Buffer.from(bytes).toString("utf8"), "policy");
}
