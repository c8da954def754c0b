/** What was called back: revocation lists as data with a date, exact or as a Bloom filter. */
import type { BloomFilter } from "./bloom.ts";

/** Whose numbers a list holds; the same number of two formats is not the same thing. */
export type RevocationNamespace =
  | "health-pass"
  | "eu-dcc-uci"
  | "eu-dcc-country-uci"
  | "eu-dcc-signature"
  | "smart-health-card"
  | "nz-covid-pass"
  | "vds-nc";

/** Why an entry is on a list. */
export type RevocationVerdict = "revoked" | "superseded";

/** One list in force. */
export interface RevocationList {
  namespace: RevocationNamespace;
  /** When the publisher made it, or when it was imported (epoch ms). */
  asOfMs: number;
  /** Entries by number; what was signed at or after `beforeMs`, where given, is not meant. */
  entries?: ReadonlyMap<string, { verdict: RevocationVerdict; beforeMs?: number }>;
  /** Many entries in little memory; answers yes once too often about as rarely as it was built for. */
  filter?: BloomFilter;
  /** The issuer's counter for this list, for SMART Health Cards. */
  counter?: number;
}

/** An entry that was hit. */
export interface RevocationHit {
  verdict: RevocationVerdict;
  /** How often a filter answers yes wrongly; absent for an exact list. */
  falsePositiveRate?: number;
}

/** The lists in force, by the name of their source; each replaced whole, or left as it was. */
export class RevocationStore {
  #lists = new Map<string, readonly RevocationList[]>();

  /** Puts a source's lists in force in place of its former ones. */
  replace(source: string, lists: readonly RevocationList[]): void {
    this.#lists.set(source, lists);
  }

  /** Whether a number was called back. `signedAtMs` is when the credential in question was signed. */
  find(
    namespace: RevocationNamespace,
    number: string,
    signedAtMs?: number,
  ): RevocationHit | undefined {
    for (const list of this.#of(namespace)) {
      const entry = list.entries?.get(number);
      if (entry !== undefined && isMeant(entry.beforeMs, signedAtMs)) {
        return { verdict: entry.verdict };
      }
      if (list.filter?.mayHold(number) === true) {
        return { verdict: "revoked", falsePositiveRate: list.filter.falsePositiveRate };
      }
    }
    return undefined;
  }

  /** The issuer's counter of the newest list for numbers that begin with `prefix`. */
  counter(source: string): number | undefined {
    return this.#lists.get(source)?.[0]?.counter;
  }

  /** The date of the oldest list in force for that namespace. */
  asOfMs(namespace: RevocationNamespace): number | undefined {
    const dates = this.#of(namespace).map((list) => list.asOfMs);
    return dates.length === 0 ? undefined : Math.min(...dates);
  }

  #of(namespace: RevocationNamespace): RevocationList[] {
    return [...this.#lists.values()].flat().filter((list) => list.namespace === namespace);
  }
}

function isMeant(beforeMs: number | undefined, signedAtMs: number | undefined): boolean {
  // Without a signing time the entry cannot be ruled out.
  return beforeMs === undefined || signedAtMs === undefined || signedAtMs < beforeMs;
}
