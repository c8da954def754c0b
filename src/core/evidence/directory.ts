/** The unit's directory: who is known here, as far as the district sent it, each entry with its age. */
import type { Disease } from "./disease.ts";
import type { CodeColour, ReportedResult } from "./evidence.ts";

/** A statement without a disease is one of COVID-19. */
interface OfDisease {
  disease?: Disease;
}

interface KnownTest extends OfDisease {
  result: ReportedResult;
  sampledAtMs: number;
}

interface KnownVaccination extends OfDisease {
  doses: number;
  dosesNeeded?: number;
  lastDoseAtMs: number;
  product?: string;
}

/** What the district knows of one person, under a pseudonym. Times are epoch ms. */
export interface DirectoryEntry {
  /** HMAC-SHA-256 of the holder's number under the district's key, base64url. */
  pseudonym: string;
  maskedName?: string;
  birthYear?: number;
  roles: readonly string[];
  colour?: CodeColour;
  nucleicAcidTests: readonly (KnownTest & { reportedAtMs?: number })[];
  antigenTests: readonly KnownTest[];
  vaccination?: KnownVaccination;
  /** When the district last confirmed this entry. */
  asOfMs: number;
}

/** How a lookup is keyed: by holder pseudonym, or by the keyed hash of an opaque token. */
export type DirectoryKey = { pseudonym: string } | { tokenReference: string };

/** An entry, or that the key is unknown; both with the directory's own date. */
export interface DirectoryAnswer {
  entry?: DirectoryEntry;
  /** When this unit's directory was last brought up to date (epoch ms). */
  directoryAsOfMs: number;
}

/** Asks the directory; rejects when it cannot be reached at all. */
export interface DirectoryLookup {
  lookup(key: DirectoryKey): Promise<DirectoryAnswer>;
}

/** An entry with the tokens that lead to it. */
export interface DirectoryRow {
  entry: DirectoryEntry;
  /** Keyed hashes of opaque tokens. */
  tokenReferences?: readonly string[];
}
