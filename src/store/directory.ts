/** The unit's directory on disk: who is known, by pseudonym or token, with the date of the whole. */
import type Database from "better-sqlite3";
import type {
  DirectoryAnswer,
  DirectoryEntry,
  DirectoryKey,
  DirectoryLookup,
  DirectoryRow,
} from "../core/evidence/directory.ts";
import { canonicalJson, sha256Hex } from "../base/canonical-json.ts";
import { asStoreError, StoreError } from "./errors.ts";
import type { Meta } from "./schema.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";

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

/** What a whole set that was staged must be when it is put in force. */
export interface StagedSet {
  asOfMs: number;
  version: number;
  /** How many entries were staged: anything else is not the set that is meant. */
  size: number;
}

export interface DirectoryStore extends DirectoryLookup {
  /** Adds or replaces entries; the directory then has the given date. */
  upsert(rows: readonly (DirectoryRow | DirectoryEntry)[], asOfMs: number): Promise<void>;
  /** All or nothing: a change that fails leaves the old entries and their old date. */
  apply(change: DirectoryChange): Promise<void>;
  /**
   * Writes rows of the next whole set beside the one in force, a portion at a time, so that nobody at
   * the door waits for a large set.
   */
  stage(rows: readonly DirectoryRow[]): Promise<void>;
  /**
   * Removes a portion of what lies beside the set in force: a set given up, or the former one.
   * @returns whether there is more
   */
  clearStaging(): Promise<boolean>;
  /** Puts the staged set in force in one step; what was in force then lies beside it. */
  activate(set: StagedSet): Promise<void>;
  /** Rows of the set in force in the order of their pseudonyms, those after a given one. */
  page(afterPseudonym: string, limit: number): Promise<DirectoryRow[]>;
  /** When the directory was last brought up to date (epoch ms); undefined: never. */
  asOf(): number | undefined;
  version(): number | undefined;
  size(): number;
}

/** Rows removed in one go: a few milliseconds of the database's time. */
const CLEAR_PORTION = 250;

/** Two places for a whole set: one is in force while the next is written into the other. */
interface Place {
  entries: string;
  tokens: string;
}
const PLACES: readonly [Place, Place] = [
  { entries: "directory", tokens: "tokens" },
  { entries: "directory_beside", tokens: "tokens_beside" },
];
/** The second place, made when it is first used. */
export const STANDBY_TABLES = `
  CREATE TABLE IF NOT EXISTS directory_beside
    (pseudonym TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tokens_beside
    (reference TEXT PRIMARY KEY, pseudonym TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tokens_beside_by_pseudonym ON tokens_beside (pseudonym);
`;

/** The tables behind it. */
export class DirectoryTable {
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  readonly #meta: Meta;
  #asOfMs: number | undefined;
  #version: number | undefined;
  #size: number;
  #second: boolean;

  constructor(database: Database.Database, meta: Meta) {
    this.#database = database;
    this.#prepare = preparing(database);
    this.#meta = meta;
    this.#second = meta.get("directory-place") === "second";
    this.#asOfMs = numberOf(meta.get("directory-as-of"));
    this.#version = numberOf(meta.get("directory-version"));
    this.#size = this.#count();
  }

  facts(): { asOfMs: number | undefined; version: number | undefined; size: number } {
    return { asOfMs: this.#asOfMs, version: this.#version, size: this.#size };
  }

  apply(change: DirectoryChange): void {
    try {
      this.#database.transaction(() => this.#change(change)).immediate();
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
    const { entries, tokens } = this.#inForce();
    const text =
      "pseudonym" in key
        ? this.#prepare<[string], string>(`SELECT entry FROM ${entries} WHERE pseudonym = ?`)
            .pluck()
            .get(key.pseudonym)
        : this.#prepare<[string], string>(
            `SELECT entry FROM ${tokens} JOIN ${entries} USING (pseudonym) WHERE reference = ?`,
          )
            .pluck()
            .get(key.tokenReference);
    const directoryAsOfMs = this.#asOfMs;
    if (typeof text !== "string") return { directoryAsOfMs };
    return { entry: JSON.parse(text) as DirectoryEntry, directoryAsOfMs };
  }

  stage(rows: readonly DirectoryRow[]): void {
    try {
      this.#database.exec(STANDBY_TABLES);
      this.#database.transaction(() => this.#put(this.#beside(), rows)).immediate();
    } catch (error) {
      throw asStoreError(error, "staging the directory");
    }
  }

  clearStaging(): boolean {
    const { entries, tokens } = this.#beside();
    const some = (table: string, key: string): number =>
      this.#prepare(
        `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} LIMIT ${CLEAR_PORTION})`,
      ).run().changes;
    try {
      this.#database.exec(STANDBY_TABLES);
      return this.#database
        .transaction(() => some(tokens, "reference") + some(entries, "pseudonym") > 0)
        .immediate();
    } catch (error) {
      throw asStoreError(error, "clearing the directory's second place");
    }
  }

  /** @throws StoreError `invalid` when what is staged is not as many entries as it should be */
  activate({ asOfMs, version, size }: StagedSet): void {
    try {
      this.#database.exec(STANDBY_TABLES);
      this.#database
        .transaction(() => {
          const staged = this.#count(this.#beside());
          if (staged !== size) {
            throw new StoreError("invalid", `${staged} entries were staged, not ${size}`);
          }
          this.#meta.set("directory-place", this.#second ? "first" : "second");
          this.#meta.set("directory-as-of", String(asOfMs));
          this.#meta.set("directory-version", String(version));
        })
        .immediate();
    } catch (error) {
      throw asStoreError(error, "putting a directory in force");
    }
    this.#second = !this.#second;
    this.#asOfMs = asOfMs;
    this.#version = version;
    this.#size = size;
  }

  page(afterPseudonym: string, limit: number): DirectoryRow[] {
    const { entries, tokens } = this.#inForce();
    const rows = this.#prepare<[string, number], { pseudonym: string; entry: string }>(
      `SELECT pseudonym, entry FROM ${entries} WHERE pseudonym > ? ORDER BY pseudonym LIMIT ?`,
    ).all(afterPseudonym, limit);
    const references = this.#prepare<[string], string>(
      `SELECT reference FROM ${tokens} WHERE pseudonym = ? ORDER BY reference`,
    ).pluck();
    return rows.map(({ pseudonym, entry }) => {
      const tokenReferences = references.all(pseudonym);
      const row = { entry: JSON.parse(entry) as DirectoryEntry };
      return tokenReferences.length === 0 ? row : { ...row, tokenReferences };
    });
  }

  #inForce(): Place {
    return PLACES[this.#second ? 1 : 0];
  }

  #beside(): Place {
    return PLACES[this.#second ? 0 : 1];
  }

  #change(change: DirectoryChange): void {
    const { entries, tokens } = this.#inForce();
    if (change.replace === true) {
      this.#database.exec(`DELETE FROM ${tokens}; DELETE FROM ${entries};`);
    }
    const dropTokens = this.#prepare(`DELETE FROM ${tokens} WHERE pseudonym = ?`);
    const drop = this.#prepare(`DELETE FROM ${entries} WHERE pseudonym = ?`);
    for (const pseudonym of change.remove ?? []) {
      dropTokens.run(pseudonym);
      drop.run(pseudonym);
    }
    this.#put(this.#inForce(), change.put);
    if (change.expectedDigest !== undefined && change.expectedDigest !== this.#digest()) {
      throw new StoreError("invalid", "the directory would not be what its manifest promises");
    }
    this.#meta.set("directory-as-of", String(change.asOfMs));
    if (change.version !== undefined) this.#meta.set("directory-version", String(change.version));
  }

  #put({ entries, tokens }: Place, rows: readonly DirectoryRow[]): void {
    const dropTokens = this.#prepare(`DELETE FROM ${tokens} WHERE pseudonym = ?`);
    const put = this.#prepare(`INSERT OR REPLACE INTO ${entries} VALUES (?, ?)`);
    const putToken = this.#prepare(`INSERT OR REPLACE INTO ${tokens} VALUES (?, ?)`);
    for (const { entry, tokenReferences } of rows) {
      dropTokens.run(entry.pseudonym);
      put.run(entry.pseudonym, canonicalJson(entry));
      for (const reference of tokenReferences ?? []) putToken.run(reference, entry.pseudonym);
    }
  }

  #digest(): string {
    const { entries, tokens } = this.#inForce();
    const texts = this.#prepare<[], string>(`SELECT entry FROM ${entries} ORDER BY pseudonym`);
    const ways = this.#prepare<[], { reference: string; pseudonym: string }>(
      `SELECT reference, pseudonym FROM ${tokens} ORDER BY reference`,
    );
    const known: DirectoryEntry[] = [];
    for (const text of texts.pluck().iterate()) known.push(JSON.parse(text) as DirectoryEntry);
    return digestOf(known, ways.all());
  }

  #count({ entries }: Place = this.#inForce()): number {
    return Number(this.#prepare(`SELECT count(*) FROM ${entries}`).pluck().get());
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
