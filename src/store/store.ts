/** The unit's records on disk: each one chained, sealed where personal, and queued in one transaction. */
import { randomBytes } from "node:crypto";
import SqliteDatabase, { type Database } from "better-sqlite3";
import type { RecordBody, RecordDraft } from "../core/record.ts";
import type { Clock } from "../../hal/clock.ts";
import { CHAIN_START, chainHash, type ChainedRecord } from "./chain.ts";
import { Outbox } from "./outbox.ts";
import { SealedPart } from "./seal.ts";

export interface StoreOptions {
  /** A file, or `:memory:` for a run that leaves nothing behind. */
  path: string;
  unitId: string;
  clock: Clock;
  /** Records that may wait to be sent; the gate is told well before, and refuses at the limit. */
  outboxLimit?: number;
}

/** A record as it is kept. */
export interface StoredRecord extends ChainedRecord {
  previous: Buffer;
  hash: Buffer;
}

/** The unit's disk. `commit` resolves when the record would survive a power cut. */
export interface Store {
  readonly epoch: string;
  readonly outbox: Outbox;
  readonly sealed: SealedPart;
  commit(draft: RecordDraft): Promise<{ seq: number }>;
  /** Newest first. */
  recent(limit: number): StoredRecord[];
  /** Walks the whole chain, oldest first. */
  all(): IterableIterator<StoredRecord>;
  close(): void;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at_ms REAL NOT NULL,
  wall_trusted INTEGER NOT NULL, body TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seal_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT, holder TEXT NOT NULL, day TEXT NOT NULL,
  secret BLOB NOT NULL, UNIQUE (holder, day)
) STRICT;
CREATE TABLE IF NOT EXISTS sealed (
  seq INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
`;

/**
 * Opens or creates a store. WAL with synchronous FULL: each transaction is on the disk when it
 * returns. secure_delete overwrites what is deleted, so that a destroyed key is gone.
 */
export function openStore(options: StoreOptions): Store {
  const database = new SqliteDatabase(options.path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("secure_delete = ON");
  database.exec(SCHEMA);
  return new SqliteStore(database, options);
}

interface RecordRow {
  seq: number;
  key: string;
  at_ms: number;
  wall_trusted: number;
  body: string;
  previous: Buffer;
  hash: Buffer;
}

class SqliteStore implements Store {
  readonly epoch: string;
  readonly outbox: Outbox;
  readonly sealed: SealedPart;
  readonly #database: Database;
  readonly #unitId: string;
  #seq: number;
  #hash: Buffer;

  constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#unitId = options.unitId;
    this.epoch = this.#meta("epoch", () => randomBytes(8).toString("base64url"));
    const owner = this.#meta("unit", () => options.unitId);
    if (owner !== options.unitId) {
      throw new Error(
        `${options.path} holds the records of unit "${owner}", not of "${options.unitId}": ` +
          "give this unit a store of its own, or wipe that one first",
      );
    }
    const last = database
      .prepare("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1")
      .get() as { seq: number; hash: Buffer } | undefined;
    this.#seq = last?.seq ?? 0;
    this.#hash = last?.hash ?? CHAIN_START;
    this.outbox = new Outbox(database, options.outboxLimit ?? 1_000_000);
    this.sealed = new SealedPart(database);
  }

  async commit(draft: RecordDraft): Promise<{ seq: number }> {
    const known = this.#database.prepare("SELECT seq FROM records WHERE key = ?").get(draft.key);
    if (known !== undefined) return known as { seq: number };
    if (this.outbox.full()) {
      throw new Error(`the outbox is full: ${this.outbox.limit} records wait to be sent`);
    }
    const seq = this.#seq + 1;
    const record: ChainedRecord = {
      unitId: this.#unitId,
      epoch: this.epoch,
      seq,
      key: draft.key,
      atMs: draft.at.wallMs,
      wallTrusted: draft.at.wallTrusted,
      body: draft.body,
    };
    const hash = chainHash(this.#hash, record);
    this.#database.transaction(() => this.#write(record, hash, draft.personal)).immediate();
    this.#seq = seq;
    this.#hash = hash;
    this.outbox.added();
    return { seq };
  }

  recent(limit: number): StoredRecord[] {
    const rows = this.#database
      .prepare("SELECT * FROM records ORDER BY seq DESC LIMIT ?")
      .all(limit) as RecordRow[];
    return rows.map((row) => this.#record(row));
  }

  *all(): IterableIterator<StoredRecord> {
    const rows = this.#database.prepare("SELECT * FROM records ORDER BY seq").iterate();
    for (const row of rows) yield this.#record(row as RecordRow);
  }

  close(): void {
    this.#database.close();
  }

  #write(record: ChainedRecord, hash: Buffer, personal: RecordDraft["personal"]): void {
    const { seq, key, atMs, wallTrusted, body } = record;
    this.#database
      .prepare(
        "INSERT INTO records (seq, key, at_ms, wall_trusted, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run(seq, key, atMs, wallTrusted ? 1 : 0, JSON.stringify(body), this.#hash, hash);
    this.outbox.insert({ seq, payload: cloudEvent(record, hash, personal?.holderPseudonym) });
    if (personal !== undefined) this.sealed.put(seq, atMs, personal);
  }

  #record(row: RecordRow): StoredRecord {
    return {
      unitId: this.#unitId,
      epoch: this.epoch,
      seq: row.seq,
      key: row.key,
      atMs: row.at_ms,
      wallTrusted: row.wall_trusted === 1,
      body: JSON.parse(row.body) as RecordBody,
      previous: row.previous,
      hash: row.hash,
    };
  }

  #meta(name: string, make: () => string): string {
    const row = this.#database.prepare("SELECT value FROM meta WHERE name = ?").get(name);
    if (row !== undefined) return (row as { value: string }).value;
    const value = make();
    this.#database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)").run(name, value);
    return value;
  }
}

/** A record as CloudEvents 1.0 structured JSON; of a person it carries the pseudonym only. */
function cloudEvent(record: ChainedRecord, hash: Buffer, holder: string | undefined): string {
  const { unitId, epoch, seq, atMs, wallTrusted, body } = record;
  return JSON.stringify({
    specversion: "1.0",
    id: `${unitId}/${epoch}/${seq}`,
    source: `/units/${unitId}`,
    type: `sentinel.${body.type}`,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    data: {
      epoch,
      seq,
      timeTrusted: wallTrusted,
      hash: hash.toString("base64url"),
      ...(holder === undefined ? {} : { holder }),
      record: body,
    },
  });
}
