/** What was called back: revocation lists as data with a date, exact or as a Bloom filter. */
import type { Instant } from "../../core/time.ts";
import type { BloomFilter } from "./bloom.ts";

/** Whose numbers a list holds; the same number of two formats is not the same thing. */
export const REVOCATION_NAMESPACES = [
  "health-pass",
  "eu-dcc-uci",
  "eu-dcc-country-uci",
  "eu-dcc-signature",
  "smart-health-card",
  "nz-covid-pass",
  "vds-nc",
] as const;
export type RevocationNamespace = (typeof REVOCATION_NAMESPACES)[number];

/**
 * What a list says of a number. `possibly-revoked` is the word of a filter alone: it never forgets an
 * entry, and now and then answers yes for a number that is none, so nobody may be turned away on it.
 */
export type RevocationVerdict = "revoked" | "superseded" | "possibly-revoked";

/** What a list says of a number. */
export interface RevocationEntry {
  verdict: RevocationVerdict;
  /** What was signed at or after this (epoch ms) is not meant. */
  beforeMs?: number;
}

/** One list in force. */
export interface RevocationList {
  namespace: RevocationNamespace;
  /** When the publisher made it, or when it was imported (epoch ms). */
  asOfMs: number;
  /** Entries by number. */
  entries?: ReadonlyMap<string, RevocationEntry>;
  /** Many entries in little memory; answers yes once too often about as rarely as it was built for. */
  filter?: BloomFilter;
  /** Numbers that filters hit wrongly: their publisher knows that these hold. */
  cleared?: ReadonlySet<string>;
  /** After this the list says nothing any more (epoch ms); absent: it never ends. */
  expiresAtMs?: number;
  /** What of it could not be read and was left out; the rest is in force. */
  warnings?: readonly string[];
  /** Whose list it is, and the issuer's count of its editions, for SMART Health Cards. */
  keyId?: string;
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
  #byNamespace = new Map<RevocationNamespace, RevocationList[]>();

  /** Puts a source's lists in force in place of its former ones. */
  replace(source: string, lists: readonly RevocationList[]): void {
    this.#lists.set(source, lists);
    this.#index();
  }

  /** Puts lists in force in place of all there were, in one step. */
  replaceAll(lists: Iterable<readonly [source: string, lists: readonly RevocationList[]]>): void {
    this.#lists = new Map(lists);
    this.#index();
  }

  /**
   * Whether a number was called back.
   * @param signedAtMs when the credential in question was signed
   * @param at now; without it a list that has ended still counts
   */
  find(
    namespace: RevocationNamespace,
    number: string,
    signedAtMs?: number,
    at?: Instant,
  ): RevocationHit | undefined {
    const lists = this.#inForce(namespace, at);
    for (const { entries } of lists) {
      const entry = entries?.get(number);
      if (entry !== undefined && isMeant(entry.beforeMs, signedAtMs)) {
        return { verdict: entry.verdict };
      }
    }
    if (lists.some(({ cleared }) => cleared?.has(number))) return undefined;
    const filter = lists.find((list) => list.filter?.mayContain(number))?.filter;
    return filter === undefined
      ? undefined
      : { verdict: "possibly-revoked", falsePositiveRate: filter.falsePositiveRate };
  }

  /** The newest counter of the lists an issuer's key has; undefined without any. */
  counterOf(namespace: RevocationNamespace, keyId: string): number | undefined {
    const counters = this.#of(namespace).flatMap((list) =>
      list.keyId === keyId && list.counter !== undefined ? [list.counter] : [],
    );
    return counters.length === 0 ? undefined : Math.max(...counters);
  }

  /** The date of the oldest list in force for that namespace. */
  asOfMs(namespace: RevocationNamespace, at?: Instant): number | undefined {
    const dates = this.#inForce(namespace, at).map((list) => list.asOfMs);
    return dates.length === 0 ? undefined : Math.min(...dates);
  }

  #index(): void {
    this.#byNamespace.clear();
    for (const list of [...this.#lists.values()].flat()) {
      this.#byNamespace.set(list.namespace, [...this.#of(list.namespace), list]);
    }
  }

  /** Without those that have ended. A clock that is not trusted ends none: it must not clear anybody. */
  #inForce(namespace: RevocationNamespace, at: Instant | undefined): readonly RevocationList[] {
    const lists = this.#of(namespace);
    if (at?.wallTrusted !== true) return lists;
    return lists.filter(({ expiresAtMs = Infinity }) => at.wallMs <= expiresAtMs);
  }

  #of(namespace: RevocationNamespace): readonly RevocationList[] {
    return this.#byNamespace.get(namespace) ?? [];
  }
}

function isMeant(beforeMs: number | undefined, signedAtMs: number | undefined): boolean {
  // Without a signing time the entry cannot be ruled out.
  return beforeMs === undefined || signedAtMs === undefined || signedAtMs < beforeMs;
}
