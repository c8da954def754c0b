/** Evidence: what was observed, by whom, when, until when it is valid and how far it is trusted. */
import type { Disease } from "./disease.ts";
import type { Instant } from "../time.ts";
import type { Reason } from "../reason.ts";

/** Health code colours; a fact about a person, never the decision. */
export type CodeColour = "green" | "yellow" | "red";

/**
 * How far a statement can be trusted.
 * - `verified`: signed by a trusted issuer, and the signature was checked here
 * - `looked-up`: found in the unit's own directory
 * - `observed`: measured or sensed by a device of this unit
 */
export type Trust = "verified" | "looked-up" | "observed";

/** Where a statement comes from, and how old the source's own data was. */
export interface Source {
  /** Device or list: `code-reader`, `card-reader`, `thermometer`, `directory`, `resolver`, `operator`. */
  name: string;
  /** Issuer, key id or list version, as far as known; no personal data. */
  detail?: string;
  /** When the source's data was made or last confirmed (epoch ms); absent for direct observations. */
  asOfMs?: number;
}

interface Statement {
  /** Unique within a visit, e.g. `nat-1`. */
  id: string;
  trust: Trust;
  source: Source;
  /** When this unit learned it. */
  observedAt: Instant;
  /** Outside this span the statement does not count (epoch ms). */
  validFromMs?: number;
  validUntilMs?: number;
}

/**
 * The result of a test. `unknown`: there is a result, and it is not understood here, not final, or
 * not certain. Only `negative` meets a rule.
 */
export type TestResult = "negative" | "positive" | "pending" | "unknown";

/** What an issuer or the district reports of a test it knows. */
export type ReportedResult = Exclude<TestResult, "unknown">;

/** What every test states. */
interface Tested {
  disease: Disease;
  result: TestResult;
  /** When the swab was taken; the earliest moment that it can have been. */
  sampledAtMs: number;
  /** The latest moment that it can have been, where only a day or a period is known. */
  sampledUntilMs?: number;
}

export type Evidence = Statement &
  (
    | { kind: "code-colour"; colour: CodeColour }
    | (Tested & {
        kind: "nucleic-acid-test";
        /** When the laboratory reported; absent while pending. */
        reportedAtMs?: number;
      })
    | (Tested & { kind: "antigen-test" })
    /** A test of a kind that no list here has: it proves nothing, and it is not left out either. */
    | (Tested & {
        kind: "other-test";
        /** Which test, as the credential names it. */
        test?: string;
      })
    | {
        kind: "vaccination";
        disease: Disease;
        /** Doses given: the same dose reported twice is one. */
        doses: number;
        /** Doses that complete the series; absent where the credential does not state it. */
        dosesNeeded?: number;
        /** A day without a time is midnight UTC (`dayOf` in calendar.ts). */
        lastDoseAtMs: number;
        /** The last day that it can have been, where only a month or a year is known. */
        lastDoseUntilMs?: number;
        product?: string;
      }
    | {
        kind: "recovery";
        disease: Disease;
        firstPositiveAtMs: number;
        /** First and last day for which its issuer lets it count. */
        fromMs?: number;
        untilMs?: number;
      }
    | {
        kind: "temperature";
        estimateC: number;
        skinC: number;
        ambientC: number;
        spreadK: number;
      }
    | { kind: "membership"; roles: readonly string[] }
    | {
        kind: "business-rules";
        /** Who made the rules, e.g. a country code. */
        rulesOf: string;
        result: "passed" | "failed" | "open";
        failed: readonly string[];
        open: readonly string[];
      }
  );

export type EvidenceKind = Evidence["kind"];
export type EvidenceOf<K extends EvidenceKind> = Extract<Evidence, { kind: K }>;

/** Who a credential belongs to, without saying who: a pseudonym and what staff may see. */
export interface Holder {
  /** HMAC-SHA-256 under the district's key, base64url; the same on all its units. */
  pseudonym: string;
  /** Name with all but its first character masked, e.g. `王**`. */
  maskedName?: string;
  /** Year of birth where the credential states it. */
  birthYear?: number;
}

export const CREDENTIAL_KINDS = [
  "health-pass-live",
  "health-pass-paper",
  "opaque-token",
  "resident-id",
  "eu-dcc",
  "smart-health-card",
  "nz-covid-pass",
  "vds-nc",
  "mdoc",
  "unknown",
] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** What was presented, after verification: what it states, whether it is valid, and why not. */
export interface Credential {
  kind: CredentialKind;
  /** True only if its authenticity and its own validity were established. */
  isValid: boolean;
  /** Why it is not valid; empty when it is. */
  reasons: readonly Reason[];
  /** Recognises the same code presented again (hash under a key of this unit, base64url). */
  reference: string;
  holder?: Holder;
  /** When the code itself was made (epoch ms): the age of a live code counts from here. */
  issuedAtMs?: number;
  validUntilMs?: number;
  /** What has to be shown with it; absent when it counts alone. */
  supportingDocument?: "id-card";
  evidence: readonly Evidence[];
  /** Who signed, or which list answered. */
  issuer?: string;
  /** Date of the trust list, revocation list or directory that was relied on (epoch ms); oldest wins. */
  basisAsOfMs?: number;
  basis?: "trust-list" | "directory" | "resolver";
}
