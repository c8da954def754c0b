/** The simulated district: it issues passes, keeps the directory, revokes, and gives a unit what it trusts. */
import { optional } from "../../src/base/optional.ts";
import type { DirectoryEntry } from "../../src/core/evidence/directory.ts";
import { DAY_MS } from "../../src/core/time.ts";
import {
  createIssuerKey,
  publicIssuerFile,
  type IssuerKey,
} from "../../src/credential/formats/health-pass/issuer-key.ts";
import {
  issueHealthPass,
  type HealthPassContent,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf, tokenReferenceOf } from "../../src/credential/pseudonym.ts";
import {
  REVOCATIONS_KIND,
  type RevocationFile,
} from "../../src/credential/trust/revocation-files.ts";
import type { RevocationVerdict } from "../../src/credential/trust/revocation.ts";
import type { Random } from "../kernel/random.ts";
import type { NewDataSet } from "./data-publisher.ts";
import { UNIT_FILES } from "../platform/unit-files.ts";

const TRUST_FILE = `${UNIT_FILES.trustFolder}/issuers.json`;
const REVOKED_FILE = `${UNIT_FILES.revokedFolder}/district.json`;

/** The issuer that is always there. */
export const DISTRICT_ISSUER = "district";

export interface SimulatedDistrictOptions {
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

/** Files of one unit, as an installer lays them down. */
export interface UnitFiles {
  put(path: string, content: string | Uint8Array, modifiedMs?: number): void;
}

interface ForeignFile {
  content: Uint8Array;
  asOfMs: number;
}

/** Issues passes, keeps the directory, revokes; and gives a unit its keys, lists and directory as files. */
export class SimulatedDistrict {
  readonly #random: Random;
  readonly #startMs: number;
  readonly #districtKey: Uint8Array;
  readonly #unitKey: Uint8Array;
  readonly #issuers = new Map<string, Issuer>();
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #tokens = new Map<string, string>();
  readonly #revoked = new Map<string, RevocationVerdict>();
  readonly #trustFiles = new Map<string, ForeignFile>();
  readonly #revocationFiles = new Map<string, ForeignFile>();
  #directoryAsOfMs: number;
  #trustListAsOfMs: number;
  #revokedAsOfMs: number;

  constructor(options: SimulatedDistrictOptions) {
    this.#random = options.random;
    this.#startMs = options.startMs;
    this.#directoryAsOfMs = options.directoryAsOfMs ?? options.startMs;
    this.#trustListAsOfMs = options.trustListAsOfMs ?? options.startMs;
    this.#revokedAsOfMs = options.startMs;
    this.#districtKey = options.districtKey ?? bytes(options.random.fork("district-key"), 32);
    this.#unitKey = bytes(options.random.fork("unit-key"), 32);
    this.addIssuer(DISTRICT_ISSUER, this.makeKey(DISTRICT_ISSUER));
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
  }

  /** Dates the unit's trust list. */
  setTrustListAsOf(atMs: number): void {
    this.#trustListAsOfMs = atMs;
  }

  /** Another authority's trust file, handed on as it is. */
  addTrustFile(name: string, content: Uint8Array, asOfMs: number): void {
    this.#trustFiles.set(pathIn(UNIT_FILES.trustFolder, name), { content, asOfMs });
  }

  /** Another authority's revocation list, handed on as it is. */
  addRevocationFile(name: string, content: Uint8Array, asOfMs: number): void {
    this.#revocationFiles.set(pathIn(UNIT_FILES.revokedFolder, name), { content, asOfMs });
  }

  /** Where the unit finds its trust and revocation files. */
  filePaths(): { trust: string[]; revoked: string[] } {
    return {
      trust: [TRUST_FILE, ...this.#trustFiles.keys()],
      revoked: [REVOKED_FILE, ...this.#revocationFiles.keys()],
    };
  }

  hasIssuer(name: string): boolean {
    return this.#issuers.has(name);
  }

  /** The text of a pass's code. Whether its key was valid then is for the unit to find out. */
  issue(issuer: string, content: HealthPassContent): string {
    const found = this.#issuers.get(issuer);
    if (found === undefined) throw new Error(`there is no issuer "${issuer}"`);
    const unbounded = { notBeforeMs: -Infinity, notAfterMs: Infinity };
    return issueHealthPass({ ...found.key, ...unbounded }, content);
  }

  /** A serial that no pass has yet. */
  nextSerial(): string {
    return Buffer.from(bytes(this.#random, 8)).toString("hex");
  }

  pseudonymOf(number: string): string {
    return pseudonymOf(this.#districtKey, number);
  }

  /** Adds or replaces a person's entry, and the token that leads to it. */
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

  /** The entry that a token leads to. */
  entryOfToken(token: string): DirectoryEntry | undefined {
    const pseudonym = this.#tokens.get(tokenReferenceOf(this.#districtKey, token));
    return pseudonym === undefined ? undefined : this.#entries.get(pseudonym);
  }

  /** Revokes or supersedes passes by serial. */
  revoke(serials: readonly string[], verdict: RevocationVerdict, atMs: number): void {
    for (const serial of serials) this.#revoked.set(serial, verdict);
    this.#revokedAsOfMs = atMs;
  }

  /** Lays keys, trust lists, revocations and directory down among a unit's files. */
  handOver(files: UnitFiles): void {
    const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");
    files.put(UNIT_FILES.districtKey, hex(this.#districtKey));
    files.put(UNIT_FILES.unitKey, hex(this.#unitKey));
    files.put(TRUST_FILE, this.trustFile(), this.#trustListAsOfMs);
    files.put(REVOKED_FILE, this.revocationFile(), this.#revokedAsOfMs);
    for (const [path, { content, asOfMs }] of [...this.#trustFiles, ...this.#revocationFiles]) {
      files.put(path, content, asOfMs);
    }
    files.put(UNIT_FILES.directory, this.directoryFile(), this.#directoryAsOfMs);
  }

  /** What this district would publish now as a data set of a kind. */
  dataSet(kind: "directory" | "revocation" | "trust"): NewDataSet {
    const foreign = (files: ReadonlyMap<string, ForeignFile>): string[] =>
      [...files.values()].map(({ content }) => Buffer.from(content).toString("utf8"));
    switch (kind) {
      case "directory":
        return { kind, files: [this.directoryFile()], asOfMs: this.#directoryAsOfMs };
      case "revocation": {
        const files = [this.revocationFile(), ...foreign(this.#revocationFiles)];
        return { kind, files, asOfMs: this.#revokedAsOfMs };
      }
      case "trust": {
        const files = [this.trustFile(), ...foreign(this.#trustFiles)];
        return { kind, files, asOfMs: this.#trustListAsOfMs };
      }
    }
  }

  /** The public keys of every trusted issuer. */
  trustFile(): string {
    const keys = [...this.#issuers.values()].filter(({ trusted }) => trusted).map(({ key }) => key);
    // An issuer file holds one key at least; a key set may be empty.
    if (keys.length === 0) return JSON.stringify({ keys: [] });
    return JSON.stringify(publicIssuerFile(keys, this.#trustListAsOfMs));
  }

  revocationFile(): string {
    const serialsOf = (verdict: RevocationVerdict): string[] =>
      [...this.#revoked].flatMap(([serial, each]) => (each === verdict ? [serial] : []));
    return JSON.stringify({
      kind: REVOCATIONS_KIND,
      namespace: "health-pass",
      asOf: new Date(this.#revokedAsOfMs).toISOString(),
      revoked: serialsOf("revoked"),
      superseded: serialsOf("superseded"),
    } satisfies RevocationFile);
  }

  /** One JSON line a person, in the order of their pseudonyms. */
  directoryFile(): string {
    const references = new Map<string, string[]>();
    for (const [reference, pseudonym] of this.#tokens) {
      references.set(pseudonym, [...(references.get(pseudonym) ?? []), reference]);
    }
    return [...this.#entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pseudonym, entry]) => {
        const tokenReferences = references.get(pseudonym);
        return `${JSON.stringify({ ...entry, ...optional({ tokenReferences }) })}\n`;
      })
      .join("");
  }
}

/** Names of scenario files may be paths themselves. */
const pathIn = (folder: string, name: string): string => `${folder}/${encodeURIComponent(name)}`;

/** Bytes from seeded chance. */
export function bytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.integer(0, 255));
}
