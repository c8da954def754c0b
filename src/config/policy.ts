/** Reads policies: from a YAML file as people write it, or in the core's own shape as units exchange it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { OpeningSpan, Policy } from "../core/policy.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { policyFile, whenCredentialFails, type PolicyFile } from "./policy-schema.ts";
import { ConfigError, type Problem } from "./problems.ts";
import { fileKind, readValue, readYaml } from "./read-yaml.ts";
import { credentialKind, rule, ruleProblems, verdict } from "./rule-schema.ts";
import {
  daysOf,
  minutesOf,
  numberFrom,
  offsetMinutesOf,
  plainName,
  text,
  wholeFrom,
} from "./values.ts";

const POLICY_FILE = fileKind(policyFile);

/**
 * A policy from its YAML text. What the file leaves out has the defaults of docs/configuration.md.
 * @param fileName stands in the messages
 * @throws ConfigError with the path and line of every fault
 */
export function parsePolicy(yamlText: string, fileName: string): Policy {
  const { value, fault } = readYaml(yamlText, fileName, POLICY_FILE);
  const problems = togetherProblems(value);
  if (problems.length > 0) throw fault(problems);
  return toPolicy(value);
}

/** What stands in one preset's file name. */
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

/** The YAML text of a venue category's policy: a beginning that a district adapts. */
export function presetPolicyText(name: PresetPolicy): string {
  return readFileSync(new URL(`policies/${name}.yaml`, import.meta.url), "utf8");
}

/** The policy of a venue category. */
export function presetPolicy(name: PresetPolicy): Policy {
  return parsePolicy(presetPolicyText(name), `${name}.yaml`);
}

/** The JSON Schema and the field descriptions behind `parsePolicy`. */
export const policyFileSchema = POLICY_FILE.json;

function togetherProblems(file: PolicyFile): Problem[] {
  const problems: Problem[] = ruleProblems(file.rules, ["rules"]);
  if (file.expiresAt !== undefined && Date.parse(file.expiresAt) <= Date.parse(file.issuedAt)) {
    problems.push({ path: ["expiresAt"], message: "expected a moment after issuedAt" });
  }
  return problems;
}

function toPolicy(file: PolicyFile): Policy {
  const { openingHours, expiresAt, issuedAt, visit, liveCode, record, ...same } = file;
  return {
    ...same,
    issuedAtMs: Date.parse(issuedAt),
    ...(expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) }),
    ...(openingHours === undefined
      ? {}
      : {
          openingHours: {
            utcOffsetMinutes: offsetMinutesOf(openingHours.utcOffset),
            spans: openingHours.spans.map(toSpan),
            whenClosed: openingHours.whenClosed,
          },
        }),
    visit: {
      windowMs: visit.windowSeconds * SECOND_MS,
      releaseMs: visit.releaseSeconds * SECOND_MS,
      resultMs: visit.resultSeconds * SECOND_MS,
      maxOpenMs: visit.maxOpenSeconds * SECOND_MS,
    },
    liveCode: {
      maxAgeMs: liveCode.maxAgeMinutes * MINUTE_MS,
      maxSkewMs: liveCode.maxSkewMinutes * MINUTE_MS,
      reuseWindowMs: liveCode.reuseWindowMinutes * MINUTE_MS,
      whenReused: liveCode.whenReused,
    },
    record: {
      commitWithinMs: record.commitWithinSeconds * SECOND_MS,
      whenNotCommitted: record.whenNotCommitted,
    },
  };
}

function toSpan({ days, hours }: { days: string | string[]; hours: string }): OpeningSpan {
  const numbers = [days].flat().flatMap((written) => daysOf(written) ?? []);
  return { days: [...new Set(numbers)].sort((a, b) => a - b), ...minutesOf(hours) };
}

const epochMs = wholeFrom(0, Number.MAX_SAFE_INTEGER);
const durationMs = numberFrom(0, 366 * 24 * HOUR_MS);

// The core's shape. Nothing of the frame may be left out: a district says what it means.
const wirePolicy = z.strictObject({
  id: plainName(),
  version: wholeFrom(1, 1_000_000_000),
  issuedAtMs: epochMs,
  expiresAtMs: epochMs.exactOptional(),
  venueCategory: text(60),
  openingHours: z
    .strictObject({
      utcOffsetMinutes: wholeFrom(-1_440, 1_440),
      spans: z
        .array(
          z.strictObject({
            days: z.array(wholeFrom(1, 7)).min(1, "expected at least one day"),
            fromMinute: wholeFrom(0, 1_439),
            untilMinute: wholeFrom(0, 1_440),
          }),
        )
        .min(1, "expected at least one span"),
      whenClosed: verdict,
    })
    .exactOptional(),
  acceptedCredentials: z.array(credentialKind).min(1, "expected at least one kind"),
  rules: z.array(rule),
  alwaysAdmitRoles: z.array(text(60)),
  whenCredentialFails,
  visit: z.strictObject({
    windowMs: durationMs,
    releaseMs: numberFrom(1, 60_000),
    resultMs: durationMs,
    maxOpenMs: durationMs,
  }),
  liveCode: z.strictObject({
    maxAgeMs: durationMs,
    maxSkewMs: durationMs,
    reuseWindowMs: durationMs,
    whenReused: verdict,
  }),
  freshness: z.strictObject({
    maxTrustListAgeHours: numberFrom(0, 87_600),
    maxDirectoryAgeHours: numberFrom(0, 87_600),
    whenOlder: verdict,
  }),
  clock: z.strictObject({ whenUntrusted: verdict }),
  record: z.strictObject({ commitWithinMs: numberFrom(1, 10_000), whenNotCommitted: verdict }),
  attempts: z.strictObject({ maxBadReads: wholeFrom(1, 5) }),
});
const WIRE_POLICY = fileKind(wirePolicy);

/**
 * Checks a policy that is in the core's shape already, e.g. parsed from a document whose signature held.
 * @param from stands in the messages
 * @throws ConfigError
 */
export function checkPolicy(value: unknown, from: string): Policy {
  const policy = readValue(value, from, WIRE_POLICY);
  const problems = ruleProblems(policy.rules, ["rules"]);
  if (problems.length > 0) throw new ConfigError(from, problems);
  return policy;
}
