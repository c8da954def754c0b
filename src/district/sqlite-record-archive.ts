/** The smallest far end: a collector's database in one SQLite file. */
import Database from "better-sqlite3";
import { makePrivate } from "../base/sqlite/private-file.ts";
import { closeDatabase, scrubLog } from "../base/sqlite/scrub-log.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";
import type { ReceivedRecord } from "./received-record.ts";
import type {
  ArchivedRecord,
  CommittedBatch,
  Conflict,
  Presence,
  RecordArchive,
  RecordBatch,
  Stream,
} from "./record-archive.ts";
import { AntiPassbackDetector, type AntiPassbackViolation } from "./anti-passback.ts";
import { RangeSet, type Range } from "../base/range-set.ts";

/** "DSC1" in ASCII. */
const APPLICATION_ID = 0x44_53_43_31;
const SCHEMA_VERSION = 1;
/** Pages in the write-ahead log before it is copied over: 16 MB, a copy for every 10,000 records or so. */
const LOG_PAGES = 4_096;
/** How long forgetting waits for a collector's own transaction. */
const LOG_WAIT_MS = 5_000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS records (
    unit TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    hash TEXT NOT NULL, prev TEXT NOT NULL, type TEXT NOT NULL, at_ms REAL NOT NULL,
    holder TEXT, canonical TEXT NOT NULL, received_ms REAL NOT NULL,
    PRIMARY KEY (unit, epoch, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_by_holder ON records (holder) WHERE holder IS NOT NULL;
  -- One row for each life of a unit's database.
  CREATE TABLE IF NOT EXISTS streams (
    unit TEXT NOT NULL, epoch TEXT NOT NULL, first_received_ms REAL NOT NULL, ranges TEXT NOT NULL,
    PRIMARY KEY (unit, epoch)
  ) STRICT, WITHOUT ROWID;
  -- A number that came again with another content: somebody changed a record.
  CREATE TABLE IF NOT EXISTS conflicts (
    unit TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    canonical TEXT NOT NULL, received_ms REAL NOT NULL,
    PRIMARY KEY (unit, epoch, seq, hash)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS presence (
    unit TEXT PRIMARY KEY, state TEXT NOT NULL, received_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Whether a file is a collector's database. */
export function isCollectorDatabase(path: string): boolean {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return database.pragma("application_id", { simple: true }) === APPLICATION_ID;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

/** A stream as it is kept in memory. */
interface Known {
  unit: string;
  epoch: string;
  set: RangeSet;
}

export class SqliteRecordArchive implements RecordArchive {
  readonly #antiPassback: AntiPassbackDetector;
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  #sets = new Map<string, Known>();
  /** The sets in memory are ahead of the database: a transaction was rolled back. */
  #stale = false;
  readonly #insert: Database.Statement;
  readonly #hashOf: Database.Statement<[string, string, number], string>;
  readonly #inTransaction: (work: () => void) => void;

  /**
   * @param path a file, or ":memory:"
   * @throws Error when the file is another program's database
   */
  constructor(path: string) {
    makePrivate(path);
    const database = new Database(path);
    this.#database = database;
    this.#prepare = preparing(database);
    const transaction = database.transaction((work: () => void) => work());
    // The write lock first: a transaction that has read already does not wait for "sentinel forget".
    this.#inTransaction = (work) => transaction.immediate(work);
    database.pragma("journal_mode = WAL");
    database.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
    // An acknowledgement makes the unit delete its copy: it must be on the disk before.
    database.pragma("synchronous = FULL");
    database.pragma("secure_delete = ON");
    database.pragma("temp_store = MEMORY");
    const application = database.pragma("application_id", { simple: true });
    const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
    if (application !== APPLICATION_ID && tables !== 0) {
      database.close();
      throw new Error(`${path} is not a collector's database: name another file`);
    }
    database.exec(TABLES);
    this.#antiPassback = new AntiPassbackDetector(database);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
    this.#insert = database.prepare("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#hashOf = database
      .prepare<[string, string, number], string>(
        "SELECT hash FROM records WHERE unit = ? AND epoch = ? AND seq = ?",
      )
      .pluck();
    this.#load();
  }

  async store({ records, presences = [], receivedMs }: RecordBatch): Promise<CommittedBatch> {
    let stored = 0;
    let duplicates = 0;
    let conflicts = 0;
    const touched = new Set<Known>();
    // Where even this read fails the batch does: what is saved from incomplete sets would ask for
    // records that are here, and refuse them when they come.
    if (this.#stale) this.#load();
    try {
      this.#inTransaction(() => {
        for (const record of records) {
          const stream = this.#stream(record);
          touched.add(stream);
          const known = stream.set.has(record.seq)
            ? this.#hashOf.get(record.unit, record.epoch, record.seq)
            : undefined;
          // One that had arrived and was removed by somebody is as good as one that never did.
          if (known === undefined) {
            this.#put(record, receivedMs);
            this.#antiPassback.note(record);
            stream.set.add(record.seq);
            stored += 1;
          } else if (known === record.hash) {
            duplicates += 1;
          } else {
            this.#keepConflict(record, receivedMs);
            conflicts += 1;
          }
        }
        for (const stream of touched) this.#saveStream(stream, receivedMs);
        for (const presence of presences) this.#savePresence(presence, receivedMs);
      });
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    return { stored, duplicates, conflicts, touched: [...touched].map(describe) };
  }

  async streams(): Promise<Stream[]> {
    if (this.#stale) this.#load();
    return [...this.#sets.values()].map(describe);
  }

  async *records(unit: string, epoch: string): AsyncIterableIterator<ArchivedRecord> {
    yield* this.#database
      .prepare<[string, string], ArchivedRecord>(
        "SELECT seq, hash, canonical, holder FROM records WHERE unit = ? AND epoch = ? ORDER BY seq",
      )
      .iterate(unit, epoch);
  }

  async count(): Promise<number> {
    return Number(this.#database.prepare("SELECT count(*) FROM records").pluck().get());
  }

  async conflicts(): Promise<Conflict[]> {
    return this.#database
      .prepare<[], Conflict>(
        "SELECT unit, epoch, seq, hash FROM conflicts ORDER BY unit, epoch, seq",
      )
      .all();
  }

  async reusedCodes(): Promise<AntiPassbackViolation[]> {
    return this.#antiPassback.list();
  }

  async countReusedCodes(): Promise<number> {
    return this.#antiPassback.count();
  }

  /** @throws Error when the log cannot be cut, because another process reads the database */
  async forget(holderPseudonym: string): Promise<number> {
    const { changes } = this.#database
      .prepare("UPDATE records SET holder = NULL WHERE holder = ?")
      .run(holderPseudonym);
    this.#antiPassback.forget(holderPseudonym);
    // The write-ahead log still holds old pages with the pseudonym.
    if (!scrubLog(this.#database, LOG_WAIT_MS)) {
      throw new Error(
        "the pseudonym is taken out, but another process uses the database and its log still holds it: try again",
      );
    }
    return changes;
  }

  async close(): Promise<void> {
    closeDatabase(this.#database);
  }

  #load(): void {
    const sets = new Map<string, Known>();
    const rows = this.#database
      .prepare<[], { unit: string; epoch: string; ranges: string }>(
        "SELECT unit, epoch, ranges FROM streams ORDER BY first_received_ms",
      )
      .all();
    for (const { unit, epoch, ranges } of rows) {
      const set = new RangeSet(JSON.parse(ranges) as Range[]);
      sets.set(`${unit}/${epoch}`, { unit, epoch, set });
    }
    this.#sets = sets;
    this.#stale = false;
  }

  #stream({ unit, epoch }: ReceivedRecord): Known {
    const name = `${unit}/${epoch}`;
    const known = this.#sets.get(name);
    if (known !== undefined) return known;
    const fresh = { unit, epoch, set: new RangeSet() };
    this.#sets.set(name, fresh);
    return fresh;
  }

  #put(record: ReceivedRecord, receivedMs: number): void {
    const { unit, epoch, seq, hash, prev, type, atMs, holder, canonical } = record;
    this.#insert.run(
      unit,
      epoch,
      seq,
      hash,
      prev,
      type,
      atMs,
      holder ?? null,
      canonical,
      receivedMs,
    );
  }

  #keepConflict(record: ReceivedRecord, receivedMs: number): void {
    const { unit, epoch, seq, hash, canonical } = record;
    this.#prepare("INSERT OR IGNORE INTO conflicts VALUES (?, ?, ?, ?, ?, ?)").run(
      unit,
      epoch,
      seq,
      hash,
      canonical,
      receivedMs,
    );
  }

  #savePresence({ unit, state }: Presence, receivedMs: number): void {
    this.#prepare(
      "INSERT INTO presence VALUES (?, ?, ?) ON CONFLICT (unit) DO UPDATE SET state = excluded.state, received_ms = excluded.received_ms",
    ).run(unit, state, receivedMs);
  }

  #saveStream(stream: Known, nowMs: number): void {
    this.#prepare(
      "INSERT INTO streams VALUES (?, ?, ?, ?) ON CONFLICT (unit, epoch) DO UPDATE SET ranges = excluded.ranges",
    ).run(stream.unit, stream.epoch, nowMs, JSON.stringify(stream.set.ranges()));
  }
}

function describe({ unit, epoch, set }: Known): Stream {
  const ranges = set.ranges().map(([from, to]) => [from, to] as const);
  return { unit, epoch, through: set.through(), ranges, gaps: set.gaps() };
}
