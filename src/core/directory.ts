/** The unit's directory: who is known here, as far as the district sent it, each entry with its age. */
import type { CodeColour, TestResult } from "./evidence.ts";

/** What the district knows of one person, under a pseudonym. Times are epoch ms. */
export interface DirectoryEntry {
  /** HMAC-SHA-256 of the holder's number under the district's key, base64url. */
  pseudonym: string;
  maskedName?: string;
  birthYear?: number;
  roles: readonly string[];
  colour?: CodeColour;
  nucleicAcidTests: readonly { result: TestResult; sampledAtMs: number; reportedAtMs?: number }[];
  antigenTests: readonly { result: TestResult; sampledAtMs: number }[];
  vaccination?: { doses: number; dosesNeeded?: number; lastDoseAtMs: number; product?: string };
  /** When the district last confirmed this entry. */
  asOfMs: number;
}

/** How a lookup is keyed: by holder pseudonym, or by the keyed hash of an opaque token. */
export type DirectoryKey = { pseudonym: string } | { tokenReference: string };

/** An answer, or that nobody is known by that key; both with the directory's own date. */
export interface DirectoryAnswer {
  entry?: DirectoryEntry;
  /** When this unit's directory was last brought up to date (epoch ms). */
  directoryAsOfMs: number;
}

/** Asks the directory; rejects when it cannot be reached at all. */
export interface DirectoryLookup {
  lookup(key: DirectoryKey): Promise<DirectoryAnswer>;
}
