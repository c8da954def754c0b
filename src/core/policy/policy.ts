/** Policy as data: what a venue asks for, how fresh, and what happens when it cannot be had. */
import type { Zone } from "./calendar.ts";
import { COVID_19, type Disease } from "../evidence/disease.ts";
import type { CodeColour, CredentialKind } from "../evidence/evidence.ts";

/** What follows from a rule that is not met. The strictest of all rules decides. */
export type Verdict = "grant" | "refer" | "deny";

/** Narrows a rule to some visitors; without it the rule is for all. */
export interface AppliesTo {
  /** Roles from the directory, e.g. `courier`. */
  roles?: readonly string[];
  exceptRoles?: readonly string[];
  credentialKinds?: readonly CredentialKind[];
}

interface RuleBase {
  /** Unique within the policy; shown to staff. */
  id: string;
  appliesTo?: AppliesTo;
  /** There is evidence, and it does not meet the rule. */
  whenUnmet: Verdict;
  /** There is no evidence. */
  whenMissing: Verdict;
  /** There is evidence of unknown meaning: pending, or not understood. Absent: refer; it never grants. */
  whenUnclear?: Exclude<Verdict, "grant">;
  /** Its source is out of reach (device down, directory unreachable). */
  whenUnreachable: Verdict;
}

/** Rules about one disease. */
interface OfDisease {
  /** Which one; absent: the policy's. */
  disease?: Disease;
}

/** Rules about a test. */
interface OfTest extends OfDisease {
  maxAgeHours: number;
  /**
   * Whether a newer test whose result is still pending hides the result before it. Absent: it does;
   * `false` suits places where all people are tested every other day and results take a night.
   */
  pendingHides?: boolean;
}

export type Rule = RuleBase &
  (
    | { kind: "code-colour"; accepted: readonly CodeColour[] }
    | (OfTest & {
        kind: "nucleic-acid-test";
        /** Sampling and report are different times: the rule must say which one it counts from. */
        countFrom: "sampledAt" | "reportedAt";
      })
    | (OfTest & { kind: "antigen-test" })
    | (OfDisease & {
        kind: "vaccination";
        /** Doses asked for; `complete` asks for what the credential calls a complete series. */
        minDoses: number | "complete";
        /** Calendar days at the venue; the day of the dose is day 0. */
        minDaysSinceLastDose?: number;
        maxDaysSinceLastDose?: number;
      })
    /** Calendar days at the venue since the first positive test, within the credential's own term. */
    | (OfDisease & { kind: "recovery"; minDays: number; maxDays: number })
    | { kind: "temperature"; maxC: number; minC: number }
    | { kind: "roster"; roles: readonly string[] }
    | { kind: "business-rules"; rulesOf: string }
    | {
        kind: "any-of";
        /** Met when one of them is met; otherwise the reasons of all are given. */
        rules: readonly Rule[];
      }
  );

export type RuleKind = Rule["kind"];

/** One span of a week in the venue's local time, e.g. Monday 08:00–20:00. */
export interface OpeningSpan {
  /** 1 Monday … 7 Sunday (ISO 8601). */
  days: readonly number[];
  /** Minutes after midnight; `untilMinute` ≤ `fromMinute` runs into the next day. */
  fromMinute: number;
  untilMinute: number;
}

/** A whole policy. Versioned; signed when it comes from the district. */
export interface Policy {
  id: string;
  version: number;
  /** Epoch ms. */
  issuedAtMs: number;
  /** After this the policy itself is too old to admit anyone silently; absent: never. */
  expiresAtMs?: number;
  venueCategory: string;
  /** The venue's IANA time zone, e.g. `Asia/Shanghai`: opening hours and days are counted in it. */
  timeZone?: string;
  /** The disease that rules ask about unless they name another; absent: COVID-19. */
  disease?: Disease;
  openingHours?: {
    /** Minutes the venue's local time is ahead of UTC, all year, where no time zone is given. */
    utcOffsetMinutes?: number;
    spans: readonly OpeningSpan[];
    whenClosed: Verdict;
  };
  acceptedCredentials: readonly CredentialKind[];
  rules: readonly Rule[];
  /** Roles that pass without further rules once their credential holds, e.g. `staff`. */
  alwaysAdmitRoles: readonly string[];
  /** What a credential that does not hold leads to; unlisted reasons deny. */
  whenCredentialFails: Readonly<Partial<Record<string, Verdict>>>;
  visit: {
    /** Evidence of one visit must come within this time. */
    windowMs: number;
    releaseMs: number;
    /** How long a result stays where presence is unknown; at least 8 s. */
    resultMs: number;
    /** After a release, how long the door may stay open before the alarm. */
    maxOpenMs: number;
  };
  liveCode: {
    maxAgeMs: number;
    /** How far in the future a code may be dated: phones are not synchronised either. */
    maxSkewMs: number;
    /** Presenting the same live code again within this time, after it admitted a visitor, is a reuse. */
    reuseWindowMs: number;
    whenReused: Verdict;
  };
  freshness: {
    maxTrustListAgeHours: number;
    maxDirectoryAgeHours: number;
    whenOlder: Verdict;
  };
  clock: { whenUntrusted: Verdict };
  record: {
    /** How long the gate waits for the record to be durable. */
    commitWithinMs: number;
    /** What holds when it is not. */
    whenNotCommitted: Verdict;
  };
  attempts: {
    /** Bad reads in a row before the alarm; at most 5 (GB 50396-2007 §5.1.5). */
    maxBadReads: number;
  };
}

/** The zone of a policy that names none. */
export const DEFAULT_TIME_ZONE = "Asia/Shanghai";

/** By which clock on the wall a policy counts days and hours. */
export function zoneOf({
  timeZone,
  openingHours,
}: Pick<Policy, "timeZone" | "openingHours">): Zone {
  return timeZone ?? openingHours?.utcOffsetMinutes ?? DEFAULT_TIME_ZONE;
}

/** The disease a policy's rules ask about. */
export function diseaseOf({ disease }: Pick<Policy, "disease">): Disease {
  return disease ?? COVID_19;
}
