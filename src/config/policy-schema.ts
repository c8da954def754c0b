/** The policy file: what a venue asks for, in units people write. */
import { z } from "zod";
import { CREDENTIAL_REASONS } from "../core/reason.ts";
import { credentialKind, rule, verdict } from "./rule-schema.ts";
import {
  moment,
  numberAbove,
  numberFrom,
  openHours,
  plainName,
  text,
  utcOffset,
  weekdays,
  wholeFrom,
} from "./values.ts";

const span = z.strictObject({ days: weekdays(), hours: openHours() });

/** Why a credential does not hold → what follows; it never admits by itself. */
export const whenCredentialFails = z
  .partialRecord(z.enum(CREDENTIAL_REASONS), z.enum(["refer", "deny"]))
  .meta({ description: "What a credential that does not hold leads to; unlisted reasons deny." });

/** A policy as YAML. */
export const policyFile = z
  .strictObject({
    id: plainName(),
    version: wholeFrom(1, 1_000_000_000).meta({ description: "Grows with every change." }),
    issuedAt: moment(),
    expiresAt: moment()
      .exactOptional()
      .meta({ description: "After this the policy is too old to admit anyone; absent: never." }),
    venueCategory: text(60),
    openingHours: z
      .strictObject({
        utcOffset: utcOffset().default("+08:00"),
        spans: z.array(span).min(1, "expected at least one span"),
        whenClosed: verdict.default("refer"),
      })
      .exactOptional()
      .meta({ description: "Absent: always open." }),
    acceptedCredentials: z
      .array(credentialKind)
      .min(1, "expected at least one kind")
      .default(["health-pass-live", "health-pass-paper", "opaque-token", "resident-id"]),
    rules: z.array(rule),
    alwaysAdmitRoles: z.array(text(60)).default([]).meta({
      description: "Roles that pass without further rules once their credential holds.",
    }),
    whenCredentialFails: whenCredentialFails.default({
      "holder-unknown": "refer",
      "directory-unreachable": "refer",
      "card-expired": "refer",
    }),
    visit: z
      .strictObject({
        windowSeconds: numberFrom(1, 600)
          .default(20)
          .meta({ description: "Evidence of one visit must come within this time." }),
        releaseSeconds: numberFrom(0.5, 60).default(4),
        resultSeconds: numberFrom(1, 60)
          .default(4)
          .meta({ description: "How long a result stays on the screen." }),
        maxOpenSeconds: numberFrom(1, 600)
          .default(15)
          .meta({ description: "How long the door may stay open before the alarm." }),
      })
      .prefault({}),
    liveCode: z
      .strictObject({
        maxAgeMinutes: numberAbove(0).default(30),
        maxSkewMinutes: numberFrom(0, 60)
          .default(2)
          .meta({ description: "How far in the future a code may be dated." }),
        reuseWindowMinutes: numberFrom(0, 1_440).default(5).meta({
          description:
            "Showing a live code again within this time, after it let someone in, is a reuse.",
        }),
        whenReused: verdict.default("refer"),
      })
      .prefault({}),
    freshness: z
      .strictObject({
        maxTrustListAgeHours: numberAbove(0).default(72),
        maxDirectoryAgeHours: numberAbove(0).default(24),
        whenOlder: verdict.default("refer"),
      })
      .prefault({}),
    clock: z.strictObject({ whenUntrusted: verdict.default("refer") }).prefault({}),
    record: z
      .strictObject({
        commitWithinSeconds: numberFrom(0.05, 10)
          .default(1)
          .meta({ description: "How long the gate waits for the record to be durable." }),
        whenNotCommitted: verdict.default("refer"),
      })
      .prefault({}),
    attempts: z
      .strictObject({
        maxBadReads: wholeFrom(1, 5).default(5).meta({
          description: "Bad reads in a row before the alarm; at most 5 (GB 50396-2007 §5.1.5).",
        }),
      })
      .prefault({}),
  })
  .meta({ title: "Digital Sentinel policy" });

export type PolicyFile = z.infer<typeof policyFile>;
