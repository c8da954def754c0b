/** The tables of a unit's database, and how its file is opened. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { asStoreError, StoreError } from "./errors.ts";
import { makePrivate } from "../base/sqlite/private-file.ts";
import { scrubLog } from "../base/sqlite/scrub-log.ts";

/** "DSU1" in ASCII: tells a unit's database from any other SQLite file. */
export const UNIT_APPLICATION_ID = 0x44_53_55_31;
const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- The chain. Holds no personal data and is never changed, only cut at its old end.
  CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    canonical TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  -- What the far end has not acknowledged.
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY) STRICT;
  -- The link from a record to a person, readable only while its key exists.
  CREATE TABLE sealed (
    seq INTEGER PRIMARY KEY,
    key_id INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    box BLOB NOT NULL
  ) STRICT;
  CREATE INDEX sealed_by_key ON sealed (key_id);
  CREATE TABLE holder_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    holder_tag BLOB NOT NULL,
    day INTEGER NOT NULL,
    key BLOB NOT NULL,
    UNIQUE (holder_tag, day)
  ) STRICT;
  CREATE TABLE directory (pseudonym TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tokens (reference TEXT PRIMARY KEY, pseudonym TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_by_pseudonym ON tokens (pseudonym);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Opens a unit's database, makes its tables when it is new, and sets what durability rests on.
 *
 * @param path a file, or ":memory:"
 * @throws StoreError `damaged`, `foreign` or `disk`
 */
export function openDatabase(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    if (path !== ":memory:" && !existsSync(path)) create(path);
    makePrivate(path);
    database = new Database(path);
    prepare(database, path);
    // Left by a process that was killed: keys may have been destroyed since its pages were written.
    scrubLog(database, 0);
    return database;
  } catch (error) {
    database?.close();
    throw asStoreError(error, `opening the database ${path}`);
  }
}

/** Makes a new database under another name: a power cut never leaves an empty file under its own. */
function create(path: string): void {
  const unfinished = `${path}.new`;
  for (const end of ["", "-wal", "-shm"]) rmSync(`${unfinished}${end}`, { force: true });
  makePrivate(unfinished);
  const database = new Database(unfinished);
  try {
    prepare(database, unfinished);
  } finally {
    database.close();
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function prepare(database: Database.Database, path: string): void {
  // A commit returns only after fsync: a record that was reported durable survives a power cut.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  // Deleted keys must not stay readable in free pages, nor in temporary files.
  database.pragma("secure_delete = ON");
  database.pragma("temp_store = MEMORY");
  const application = database.pragma("application_id", { simple: true });
  const version = database.pragma("user_version", { simple: true });
  const empty =
    database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0 && version === 0;
  if (empty) {
    database
      .transaction(() => {
        database.exec(TABLES);
        database.pragma(`application_id = ${UNIT_APPLICATION_ID}`);
        database.pragma(`user_version = ${SCHEMA_VERSION}`);
      })
      .immediate();
    return;
  }
  if (application !== UNIT_APPLICATION_ID || version !== SCHEMA_VERSION) {
    throw new StoreError(
      "foreign",
      `${path} is not a unit's database of version ${SCHEMA_VERSION}: name another file`,
      { application: Number(application), version: Number(version) },
    );
  }
}

/**
 * Runs what may be undone by a power cut: still all or nothing, but without an fsync of its own.
 * For whatever can be done once more without anybody noticing.
 */
export function relaxed<T>(database: Database.Database, work: () => T): T {
  database.pragma("synchronous = NORMAL");
  try {
    return work();
  } finally {
    database.pragma("synchronous = FULL");
  }
}

/** Named values that the store itself needs. */
export class Meta {
  readonly #get: Database.Statement<[string], string>;
  readonly #set: Database.Statement<[string, string]>;

  constructor(database: Database.Database) {
    this.#get = database.prepare<[string], string>("SELECT value FROM meta WHERE name = ?").pluck();
    this.#set = database.prepare(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
  }

  get(name: string): string | undefined {
    return this.#get.get(name);
  }

  set(name: string, value: string): void {
    this.#set.run(name, value);
  }

  /** The stored value, or what `make` gives the first time. */
  getOrMake(name: string, make: () => string): string {
    const stored = this.get(name);
    if (stored !== undefined) return stored;
    const made = make();
    this.set(name, made);
    return made;
  }
}
