/** Who is trusted to sign: keys by key id, as data with a date, replaced whole or not at all. */
import type { KeyObject, X509Certificate } from "node:crypto";
import type { CoseAlgorithm } from "../codecs/cose.ts";

/** One trusted key. */
export interface TrustedKey {
  /** Whose credentials it may sign: the `trustUse` of a format. */
  use: string;
  /** COSE key ids as hex, JOSE key ids and DID URLs as they are. */
  keyId: string;
  publicKey: KeyObject;
  /** Who signs with it; a SMART Health Card's `iss` must equal it where given. */
  issuer?: string;
  /** Outside this span (epoch ms) nothing that it signed is valid. */
  notBeforeMs?: number;
  notAfterMs?: number;
  /** The one signature algorithm it is for; without it any that fits the key. */
  algorithm?: CoseAlgorithm;
  /** What the key's certificate allows: its extended key usage, as object identifiers. */
  keyUsages?: readonly string[];
  /** A SMART Health Card key's certificate chain, its own certificate first. */
  chain?: readonly X509Certificate[];
  /** The revocation list's counter that a SMART Health Card issuer announces with the key. */
  crlVersion?: number;
}

/** What one import brought. */
export interface TrustSet {
  /** When the publisher made it, or when it was imported (epoch ms). */
  asOfMs: number;
  /** After this the whole set counts as expired (epoch ms). */
  expiresAtMs?: number;
  keys: readonly TrustedKey[];
  /** Certificates that others are checked against: country signing authorities, card issuers' roots. */
  anchors: readonly X509Certificate[];
  /** What of the file was left out, and why; the rest is active. */
  warnings?: readonly string[];
}

/** A key that was found, with the date of the set it stands in. */
export interface FoundKey extends TrustedKey {
  setAsOfMs: number;
}

/** An anchor with its span, and the date of the set it stands in. */
export interface FoundAnchor {
  certificate: X509Certificate;
  setAsOfMs: number;
  /** Its certificate's span, cut short where its set ends sooner (epoch ms). */
  notBeforeMs: number;
  notAfterMs: number;
}

/**
 * The active trust sets, by the name of their source. A set is replaced in one step once it was read
 * successfully; when an import fails, the old one stays, with its old date.
 */
export class TrustStore {
  #sets = new Map<string, TrustSet>();
  #keys = new Map<string, FoundKey[]>();
  #anchors = new Map<string, FoundAnchor[]>();

  /** Activates a set in place of the one from the same source. */
  replace(source: string, set: TrustSet): void {
    this.#sets.set(source, set);
    this.#index();
  }

  /** Activates sets in place of all there were, in one step. */
  replaceAll(sets: Iterable<readonly [source: string, set: TrustSet]>): void {
    this.#sets = new Map(sets);
    this.#index();
  }

  /** Removes the set of a source. */
  remove(source: string): void {
    this.#sets.delete(source);
    this.#index();
  }

  /** Every key of that use with that id; several, because short key ids collide. */
  find(use: string, keyId: string): readonly FoundKey[] {
    return this.#keys.get(`${use} ${keyId}`) ?? [];
  }

  /** Certificates a chain may end in for this one: itself, or those of the name that issued it. */
  anchorsFor(certificate: X509Certificate): readonly FoundAnchor[] {
    const named = this.#anchors.get(certificate.issuer) ?? [];
    const same = this.#anchors.get(certificate.subject) ?? [];
    return [...named, ...same.filter((each) => each.certificate.raw.equals(certificate.raw))];
  }

  /** The date of the oldest active set: how stale the unit's trust may be at worst. */
  asOfMs(): number | undefined {
    const dates = [...this.#sets.values()].map((set) => set.asOfMs);
    return dates.length === 0 ? undefined : Math.min(...dates);
  }

  /** The active sets, for the unit's health page. */
  summary(): { source: string; asOfMs: number; keys: number; anchors: number }[] {
    return [...this.#sets].map(([source, { asOfMs, keys, anchors }]) => ({
      source,
      asOfMs,
      keys: keys.length,
      anchors: anchors.length,
    }));
  }

  #index(): void {
    this.#keys.clear();
    this.#anchors.clear();
    for (const { keys, anchors, asOfMs, expiresAtMs } of this.#sets.values()) {
      for (const key of keys) {
        const found: FoundKey = { ...key, setAsOfMs: asOfMs };
        if (expiresAtMs !== undefined) {
          found.notAfterMs = Math.min(expiresAtMs, key.notAfterMs ?? Infinity);
        }
        const place = `${key.use} ${key.keyId}`;
        this.#keys.set(place, [...(this.#keys.get(place) ?? []), found]);
      }
      for (const certificate of anchors) {
        const { subject, validFromDate, validToDate } = certificate;
        const found: FoundAnchor = {
          certificate,
          setAsOfMs: asOfMs,
          notBeforeMs: validFromDate.getTime(),
          notAfterMs: Math.min(expiresAtMs ?? Infinity, validToDate.getTime()),
        };
        this.#anchors.set(subject, [...(this.#anchors.get(subject) ?? []), found]);
      }
    }
  }
}
