/** The simulated district: who issues passes, who is known, what was called back, and one unit's trust in it. */
import type {
  DirectoryAnswer,
  DirectoryEntry,
  DirectoryKey,
} from "../../src/core/evidence/directory.ts";
import {
  createIssuerKey,
  trustOfIssuers,
  type IssuerKey,
} from "../../src/credential/trust/issuer-key.ts";
import {
  issueHealthPass,
  type HealthPassContent,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf, tokenReferenceOf } from "../../src/credential/pseudonym.ts";
import { RevocationStore, type RevocationVerdict } from "../../src/credential/trust/revocation.ts";
import { TrustStore } from "../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../src/credential/verifier.ts";
import { DAY_MS } from "../../src/core/time.ts";
import type { CredentialVerifier } from "../../src/gateway/ports.ts";
import type { Random } from "../kernel/random.ts";

/** The issuer that is always there. */
export const DISTRICT_ISSUER = "district";

export interface DistrictOptions {
  random: Random;
  /** When the run starts, epoch ms. */
  startMs: number;
  /** Dates of what the unit was given; default the start. */
  trustListAsOfMs?: number;
  directoryAsOfMs?: number;
  districtKey?: Uint8Array;
}

export interface Issuer {
  key: IssuerKey;
  trusted: boolean;
}

/** Issues, knows and revokes; and is what the unit verifies against. */
export class District {
  readonly verifier: CredentialVerifier;
  readonly trust = new TrustStore();
  readonly #random: Random;
  readonly #startMs: number;
  readonly #districtKey: Uint8Array;
  readonly revocation = new RevocationStore();
  readonly #issuers = new Map<string, Issuer>();
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #tokens = new Map<string, string>();
  readonly #called = new Map<string, { verdict: RevocationVerdict }>();
  #directoryAsOfMs: number;
  #trustListAsOfMs: number;
  #reachable = true;

  constructor(options: DistrictOptions) {
    this.#random = options.random;
    this.#startMs = options.startMs;
    this.#directoryAsOfMs = options.directoryAsOfMs ?? options.startMs;
    this.#trustListAsOfMs = options.trustListAsOfMs ?? options.startMs;
    this.#districtKey = options.districtKey ?? bytes(options.random.fork("district-key"), 32);
    this.addIssuer(DISTRICT_ISSUER, this.makeKey(DISTRICT_ISSUER));
    this.verifier = createCredentialVerifier({
      trust: this.trust,
      revocation: this.revocation,
      directory: { lookup: (key) => this.#lookup(key) },
      districtKey: this.#districtKey,
      unitKey: bytes(options.random.fork("unit-key"), 32),
      directoryAsOf: () => this.#directoryAsOfMs,
    });
  }

  /** A key that depends on the seed and the name alone. */
  makeKey(
    issuer: string,
    options: { algorithm?: IssuerKey["algorithm"]; notBeforeMs?: number; notAfterMs?: number } = {},
  ): IssuerKey {
    return createIssuerKey({
      issuer,
      algorithm: options.algorithm ?? "EdDSA",
      notBeforeMs: options.notBeforeMs ?? this.#startMs - 365 * DAY_MS,
      notAfterMs: options.notAfterMs ?? this.#startMs + 730 * DAY_MS,
      seed: bytes(this.#random.fork(`issuer/${issuer}`), 32),
    });
  }

  /** Adds or replaces an issuer. One that is not trusted signs well and is not believed. */
  addIssuer(name: string, key: IssuerKey, trusted = true): void {
    this.#issuers.set(name, { key, trusted });
    this.#publishTrust();
  }

  /** Dates the unit's trust list. */
  setTrustListAsOf(atMs: number): void {
    this.#trustListAsOfMs = atMs;
    this.#publishTrust();
  }

  hasIssuer(name: string): boolean {
    return this.#issuers.has(name);
  }

  /** The text of a pass's code. Whether its key was in force then is for the unit to find out. */
  issue(issuer: string, content: HealthPassContent): string {
    const found = this.#issuers.get(issuer);
    if (found === undefined) throw new Error(`there is no issuer "${issuer}"`);
    const unbounded = { notBeforeMs: -Infinity, notAfterMs: Infinity };
    return issueHealthPass({ ...found.key, ...unbounded }, content);
  }

  /** A serial nobody has yet. */
  nextSerial(): string {
    return Buffer.from(bytes(this.#random, 8)).toString("hex");
  }

  pseudonymOf(number: string): string {
    return pseudonymOf(this.#districtKey, number);
  }

  /** Adds or replaces what is known of somebody, and the token that leads to them. */
  know(entry: DirectoryEntry, token?: string): void {
    this.#entries.set(entry.pseudonym, entry);
    if (token !== undefined) {
      this.#tokens.set(tokenReferenceOf(this.#districtKey, token), entry.pseudonym);
    }
  }

  forget(pseudonym: string): void {
    this.#entries.delete(pseudonym);
  }

  /** Dates the unit's directory. */
  setDirectoryAsOf(atMs: number): void {
    this.#directoryAsOfMs = atMs;
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  /** Calls passes back by serial. */
  revoke(serials: readonly string[], verdict: RevocationVerdict, atMs: number): void {
    for (const serial of serials) this.#called.set(serial, { verdict });
    this.revocation.replace("district", [
      { namespace: "health-pass", asOfMs: atMs, entries: new Map(this.#called) },
    ]);
  }

  #publishTrust(): void {
    const keys = [...this.#issuers.values()].filter(({ trusted }) => trusted).map(({ key }) => key);
    this.trust.replace("district", trustOfIssuers(keys, this.#trustListAsOfMs));
  }

  async #lookup(key: DirectoryKey): Promise<DirectoryAnswer> {
    if (!this.#reachable) throw new Error("the directory cannot be asked");
    const pseudonym = "pseudonym" in key ? key.pseudonym : this.#tokens.get(key.tokenReference);
    const entry = pseudonym === undefined ? undefined : this.#entries.get(pseudonym);
    const directoryAsOfMs = this.#directoryAsOfMs;
    return entry === undefined ? { directoryAsOfMs } : { entry, directoryAsOfMs };
  }
}

/** Bytes from seeded chance. */
export function bytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.integer(0, 255));
}
