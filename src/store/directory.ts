/** The unit's directory on disk: who is known, by pseudonym or token, with the date of the whole. */
import type Database from "better-sqlite3";
import type {
  DirectoryAnswer,
  DirectoryEntry,
  DirectoryKey,
  DirectoryLookup,
} from "../core/directory.ts";
import { canonicalJson, sha256Hex } from "./canonical.ts";
import { asStoreError, StoreError } from "./errors.ts";
import type { Meta } from "./schema.ts";

/** An entry with the tokens that lead to it. */
export interface DirectoryRow {
  entry: DirectoryEntry;
  /** Keyed hashes of opaque tokens. */
  tokenReferences?: readonly string[];
}

/** A step from one version to the next, or a whole new set. */
export interface DirectoryChange {
  /** What stands before is thrown away first. */
  replace?: boolean;
  put: readonly DirectoryRow[];
  remove?: readonly string[];
  asOfMs: number;
  /** Version of the set, where a district counts them. */
  version?: number;
  /** Expected `digest()` of the result: the change is undone when it differs. */
  expectedDigest?: string;
}

export interface DirectoryStore extends DirectoryLookup {
  /** Adds or replaces entries; the directory then has the given date. */
  upsert(rows: readonly (DirectoryRow | DirectoryEntry)[], asOfMs: number): Promise<void>;
  /** All or nothing: a change that fails leaves the old entries and their old date. */
  apply(change: DirectoryChange): Promise<void>;
  /** When the directory was last brought up to date (epoch ms); undefined: never. */
  asOf(): number | undefined;
  version(): number | undefined;
  size(): number;
}

/** The tables behind it. */
export class DirectoryTable {
  readonly #database: Database.Database;
  readonly #meta: Meta;
  #asOfMs: number | undefined;
  #version: number | undefined;
  #size: number;

  constructor(database: Database.Database, meta: Meta) {
    this.#database = database;
    this.#meta = meta;
    this.#asOfMs = numberOf(meta.get("directory-as-of"));
    this.#version = numberOf(meta.get("directory-version"));
    this.#size = this.#count();
  }

  facts(): { asOfMs: number | undefined; version: number | undefined; size: number } {
    return { asOfMs: this.#asOfMs, version: this.#version, size: this.#size };
  }

  apply(change: DirectoryChange): void {
    try {
      this.#database.transaction(() => this.#change(change))();
    } catch (error) {
      throw asStoreError(error, "updating the directory");
    }
    this.#asOfMs = change.asOfMs;
    this.#version = change.version ?? this.#version;
    this.#size = this.#count();
  }

  /** @throws StoreError while the unit has never been given a directory: out of reach, not unknown */
  lookup(key: DirectoryKey): DirectoryAnswer {
    if (this.#asOfMs === undefined) {
      throw new StoreError("invalid", "this unit has not been given a directory yet");
    }
    const text =
      "pseudonym" in key
        ? this.#database
            .prepare<[string], string>("SELECT entry FROM directory WHERE pseudonym = ?")
            .pluck()
            .get(key.pseudonym)
        : this.#database
            .prepare<[string], string>(
              "SELECT entry FROM tokens JOIN directory USING (pseudonym) WHERE reference = ?",
            )
            .pluck()
            .get(key.tokenReference);
    const directoryAsOfMs = this.#asOfMs;
    if (typeof text !== "string") return { directoryAsOfMs };
    return { entry: JSON.parse(text) as DirectoryEntry, directoryAsOfMs };
  }

  #change(change: DirectoryChange): void {
    if (change.replace === true) this.#database.exec("DELETE FROM tokens; DELETE FROM directory;");
    const dropTokens = this.#database.prepare("DELETE FROM tokens WHERE pseudonym = ?");
    const drop = this.#database.prepare("DELETE FROM directory WHERE pseudonym = ?");
    for (const pseudonym of change.remove ?? []) {
      dropTokens.run(pseudonym);
      drop.run(pseudonym);
    }
    const put = this.#database.prepare("INSERT OR REPLACE INTO directory VALUES (?, ?)");
    const putToken = this.#database.prepare("INSERT OR REPLACE INTO tokens VALUES (?, ?)");
    for (const { entry, tokenReferences } of change.put) {
      dropTokens.run(entry.pseudonym);
      put.run(entry.pseudonym, canonicalJson(entry));
      for (const reference of tokenReferences ?? []) putToken.run(reference, entry.pseudonym);
    }
    if (change.expectedDigest !== undefined && change.expectedDigest !== this.#digest()) {
      throw new StoreError("invalid", "the directory would not be what its manifest promises");
    }
    this.#meta.set("directory-as-of", String(change.asOfMs));
    if (change.version !== undefined) this.#meta.set("directory-version", String(change.version));
  }

  #digest(): string {
    const rows = this.#database.prepare<[], string>(
      "SELECT entry FROM directory ORDER BY pseudonym",
    );
    const tokens = this.#database.prepare<[], { reference: string; pseudonym: string }>(
      "SELECT reference, pseudonym FROM tokens ORDER BY reference",
    );
    const entries: DirectoryEntry[] = [];
    for (const text of rows.pluck().iterate()) entries.push(JSON.parse(text) as DirectoryEntry);
    return digestOf(entries, tokens.all());
  }

  #count(): number {
    return Number(this.#database.prepare("SELECT count(*) FROM directory").pluck().get());
  }
}

/** SHA-256 of a whole directory in a fixed order, so that a delta's result can be checked. */
export function directoryDigest(rows: readonly DirectoryRow[]): string {
  const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const entries = rows.map((row) => row.entry).sort((a, b) => byText(a.pseudonym, b.pseudonym));
  const tokens = rows
    .flatMap((row) =>
      (row.tokenReferences ?? []).map((reference) => ({
        reference,
        pseudonym: row.entry.pseudonym,
      })),
    )
    .sort((a, b) => byText(a.reference, b.reference));
  return digestOf(entries, tokens);
}

function digestOf(
  entries: readonly DirectoryEntry[],
  tokens: readonly { reference: string; pseudonym: string }[],
): string {
  return sha256Hex(canonicalJson({ entries, tokens }));
}

/** Accepts a bare entry where no tokens lead to it. */
export function asRows(rows: readonly (DirectoryRow | DirectoryEntry)[]): DirectoryRow[] {
  return rows.map((row) => ("entry" in row ? row : { entry: row }));
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
