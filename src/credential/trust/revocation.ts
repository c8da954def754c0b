/** Which credentials are revoked: lists as data with a date, exact or as a Bloom filter. */
import type { Instant } from "../../core/time.ts";
import type { BloomFilter } from "./bloom.ts";

/**
 * What a list states about a number. Only a filter answers `possibly-revoked`: it never misses an
 * entry, and now and then answers yes for a number that is none, so it is no ground to turn anybody away.
 */
export type RevocationVerdict = "revoked" | "superseded" | "possibly-revoked";

/** What a list states about a number. */
export interface RevocationEntry {
  verdict: RevocationVerdict;
  /** Credentials signed at or after this (epoch ms) are not meant. */
  beforeMs?: number;
}

/** One active list. */
export interface RevocationList {
  /** Whose numbers it has: a namespace of a format. */
  namespace: string;
  /** When the publisher made it, or when it was imported (epoch ms). */
  asOfMs: number;
  /** Entries by number. */
  entries?: ReadonlyMap<string, RevocationEntry>;
  /** Many entries in little memory; answers yes once too often about as rarely as it was built for. */
  filter?: BloomFilter;
  /** Numbers that filters hit wrongly: their publisher knows that these are valid. */
  cleared?: ReadonlySet<string>;
  /** After this the list no longer counts (epoch ms); absent: it never ends. */
  expiresAtMs?: number;
  /** What of it could not be read and was left out; the rest is active. */
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

/** The active lists, by the name of their source; each replaced whole, or left as it was. */
export class RevocationStore {
  #lists = new Map<string, readonly RevocationList[]>();
  #byNamespace = new Map<string, RevocationList[]>();

  /** Activates a source's lists in place of its former ones. */
  replace(source: string, lists: readonly RevocationList[]): void {
    this.#lists.set(source, lists);
    this.#index();
  }

  /** Activates lists in place of all there were, in one step. */
  replaceAll(lists: Iterable<readonly [source: string, lists: readonly RevocationList[]]>): void {
    this.#lists = new Map(lists);
    this.#index();
  }

  /**
   * Whether a number is revoked.
   * @param signedAtMs when the credential in question was signed
   * @param at now; without it a list that has ended still counts
   */
  find(
    namespace: string,
    number: string,
    signedAtMs?: number,
    at?: Instant,
  ): RevocationHit | undefined {
    const lists = this.#active(namespace, at);
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
  counterOf(namespace: string, keyId: string): number | undefined {
    const counters = this.#of(namespace).flatMap((list) =>
      list.keyId === keyId && list.counter !== undefined ? [list.counter] : [],
    );
    return counters.length === 0 ? undefined : Math.max(...counters);
  }

  /** The date of the oldest active list of that namespace. */
  asOfMs(namespace: string, at?: Instant): number | undefined {
    const dates = this.#active(namespace, at).map((list) => list.asOfMs);
    return dates.length === 0 ? undefined : Math.min(...dates);
  }

  #index(): void {
    this.#byNamespace.clear();
    for (const list of [...this.#lists.values()].flat()) {
      this.#byNamespace.set(list.namespace, [...this.#of(list.namespace), list]);
    }
  }

  /** Without those that have ended. An untrusted clock ends none: it must not clear anybody. */
  #active(namespace: string, at: Instant | undefined): readonly RevocationList[] {
    const lists = this.#of(namespace);
    if (at?.wallTrusted !== true) return lists;
    return lists.filter(({ expiresAtMs = Infinity }) => at.wallMs <= expiresAtMs);
  }

  #of(namespace: string): readonly RevocationList[] {
    return this.#byNamespace.get(namespace) ?? [];
  }
}

function isMeant(beforeMs: number | undefined, signedAtMs: number | undefined): boolean {
  // Without a signing time the entry cannot be ruled out.
  return beforeMs === undefined || signedAtMs === undefined || signedAtMs < beforeMs;
}
