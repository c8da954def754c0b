/** The unit's durable memory: records in a chain, the outbox, the directory and settings, in SQLite. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { randomBytes } from "node:crypto";
import type Database from "better-sqlite3";
import type { RecordBody, RecordDraft } from "../core/record.ts";
import type { Instant } from "../core/time.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import { genesisHash, link, type Link } from "../protocol/record-chain.ts";
import { asRows, DirectoryTable, type DirectoryStore } from "./directory.ts";
import { asStoreError, StoreError } from "./errors.ts";
import { signingKeyFromSeed, type UnitSigningKey } from "./signing-key.ts";
import {
  OUTBOX_DEFAULTS,
  OutboxTable,
  type Outbox,
  type OutboxLimits,
  type OutboxState,
} from "./outbox.ts";
import { Pruner, type Pruned, type PruneRequest } from "./retention/prune.ts";
import { scheduleRetention, type Retention } from "./retention/retention.ts";
import { Meta, openDatabase } from "./schema.ts";
import { closeDatabase } from "../base/sqlite/scrub-log.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";
import { PersonalDataTable, type PersonalData, type RandomBytes } from "./personal-data.ts";

/** Which database, and how it behaves. */
export interface StoreFile {
  /** A file, or ":memory:" for a run without a disk. */
  path: string;
  unitId: string;
  /** Bytes for keys, nonces and the epoch; seeded in simulation, the system's own otherwise. */
  random?: RandomBytes;
  outbox?: Partial<OutboxLimits>;
  /** What a new database takes over from one that had to be set aside. */
  inherited?: Inheritance;
}

export interface Inheritance {
  /** Of the signing key, hex: whoever knows the unit by its key goes on knowing it. */
  seed?: string;
  settings: readonly (readonly [name: string, value: string])[];
}

export interface StoreOptions extends StoreFile, Retention {
  /** Tells the retention what day it is. */
  clock: Clock;
}

/** A record as it can be shown on the unit itself. */
export interface StoredRecord {
  seq: number;
  at: Instant;
  body: RecordBody;
  /** The far end has it. */
  delivered: boolean;
  /** Absent when there was none, or when it was forgotten. */
  personal?: PersonalData;
}

export interface Store {
  readonly unitId: string;
  /** New with each new database: with the sequence number it names a record for ever. */
  readonly epoch: string;
  readonly signingKey: UnitSigningKey;
  readonly outbox: Outbox;
  readonly directory: DirectoryStore;
  readonly settings: KeyValueStore;
  /**
   * Makes a record and its outbox row durable in one transaction. The same draft committed again
   * (its key names it) gives the same number: after a crash in between, once is still once.
   *
   * @throws StoreError `full`, `disk` or `closed`; then nothing was stored
   */
  commit(draft: RecordDraft): Promise<{ seq: number }>;
  /** The newest records, newest first. */
  recent(count: number): Promise<StoredRecord[]>;
  /** Destroys the keys of one holder. @returns how many records lost their link to the person */
  forget(holderPseudonym: string): Promise<number>;
  /** Destroys keys older than the retention. @returns how many records lost their link */
  forgetBefore(atMs: number): Promise<number>;
  /** One bounded step of removing old, delivered records; the chain then begins at a checkpoint. */
  prune(request: PruneRequest): Promise<Pruned>;
  close(): Promise<void>;
}

/** Makes a store that works in the calling thread; everything settles in microtasks. */
export function openStore(options: StoreOptions): Store {
  const store = new SqliteStore(options);
  store.retain(options.clock, options);
  return store;
}

/** The store alone, for whoever keeps the retention elsewhere. */
export function openStoreFile(file: StoreFile): Store {
  return new SqliteStore(file);
}

interface Waiting {
  draft: RecordDraft;
  resolve: (result: { seq: number }) => void;
  reject: (error: StoreError) => void;
}

class SqliteStore implements Store {
  readonly unitId: string;
  readonly epoch: string;
  readonly signingKey: UnitSigningKey;
  readonly outbox: Outbox;
  readonly directory: DirectoryStore;
  readonly settings: KeyValueStore;
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  readonly #meta: Meta;
  readonly #seals: PersonalDataTable;
  readonly #table: OutboxTable;
  readonly #pruner: Pruner;
  readonly #stateListeners: ((state: OutboxState) => void)[] = [];
  readonly #commitListeners: ((head: number) => void)[] = [];
  #head: { seq: number; hash: string };
  #state: OutboxState;
  #waiting: Waiting[] = [];
  #retention: Timer | undefined;

  constructor(options: StoreFile) {
    const random = options.random ?? randomBytes;
    const database = openDatabase(options.path);
    this.#database = database;
    this.#prepare = preparing(database);
    this.#meta = new Meta(database);
    this.unitId = options.unitId;
    try {
      this.epoch = this.#begin(options, random);
    } catch (error) {
      closeDatabase(database);
      throw asStoreError(error, `opening the database ${options.path}`);
    }
    const secret = (name: string): Uint8Array => Buffer.from(this.#meta.get(name) ?? "", "hex");
    this.#seals = new PersonalDataTable(
      database,
      `${this.unitId}/${this.epoch}`,
      secret("tag-key"),
      random,
    );
    this.#table = new OutboxTable(database, this.#meta, this.#seals, {
      ...OUTBOX_DEFAULTS,
      ...options.outbox,
    });
    const identity = signingKeyFromSeed(secret("signing-seed"));
    this.signingKey = { publicKey: identity.publicKey, sign: async (text) => identity.sign(text) };
    const chain = { unit: this.unitId, epoch: this.epoch };
    this.#pruner = new Pruner(database, this.#meta, chain, (text) => identity.sign(text));
    this.#head = this.#readHead();
    this.#state = this.#table.state();
    this.outbox = this.#outbox();
    this.directory = directoryOf(new DirectoryTable(database, this.#meta));
    this.settings = settingsOf(database);
  }

  retain(clock: Clock, retention: Retention): void {
    this.#retention = scheduleRetention(this, clock, retention);
  }

  commit(draft: RecordDraft): Promise<{ seq: number }> {
    return new Promise((resolve, reject) => {
      // Drafts that arrive together share one transaction, and so one fsync.
      if (this.#waiting.push({ draft, resolve, reject }) === 1) {
        queueMicrotask(() => this.#flush());
      }
    });
  }

  async recent(count: number): Promise<StoredRecord[]> {
    const rows = this.#prepare<[number], { seq: number; canonical: string; waiting: number }>(
      `SELECT seq, canonical, seq IN (SELECT seq FROM outbox) AS waiting
         FROM records ORDER BY seq DESC LIMIT ?`,
    ).all(count);
    return rows.map(({ seq, canonical, waiting }) => {
      const { at, body } = JSON.parse(canonical) as { at: Instant; body: RecordBody };
      const personal = this.#seals.decrypt(seq);
      const stored = { seq, at, body, delivered: waiting === 0 };
      return personal === undefined ? stored : { ...stored, personal };
    });
  }

  async forget(holderPseudonym: string): Promise<number> {
    return this.#seals.forget(holderPseudonym);
  }

  async forgetBefore(atMs: number): Promise<number> {
    return this.#seals.purge(atMs);
  }

  async prune(request: PruneRequest): Promise<Pruned> {
    return this.#pruner.step(request);
  }

  async close(): Promise<void> {
    this.#retention?.cancel();
    this.#flush();
    closeDatabase(this.#database);
  }

  #begin(options: StoreFile, random: RandomBytes): string {
    return this.#database.transaction(() => {
      const hex = (length: number): string => Buffer.from(random(length)).toString("hex");
      const unit = this.#meta.getOrMake("unit", () => options.unitId);
      if (unit !== options.unitId) {
        throw new StoreError(
          "foreign",
          `the database ${options.path} belongs to unit ${unit}, not ${options.unitId}: name another file or wipe it`,
        );
      }
      this.#meta.getOrMake("tag-key", () => hex(32));
      this.#meta.getOrMake("signing-seed", () => options.inherited?.seed ?? hex(32));
      if (this.#meta.get("epoch") === undefined) this.#inherit(options.inherited?.settings ?? []);
      return this.#meta.getOrMake("epoch", () => hex(8));
    })();
  }

  #inherit(settings: Inheritance["settings"]): void {
    const put = this.#database.prepare("INSERT OR IGNORE INTO settings VALUES (?, ?)");
    for (const [name, value] of settings) put.run(name, value);
  }

  #readHead(): { seq: number; hash: string } {
    const last = this.#prepare<[], { seq: number; hash: string }>(
      "SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1",
    ).get();
    const [seq, hash] = (this.#meta.get("head") ?? "").split(":");
    // The head outlives its record: after the whole chain was pruned, numbers still go on from it.
    if (hash !== undefined && Number(seq) > (last?.seq ?? 0)) return { seq: Number(seq), hash };
    return last ?? { seq: 0, hash: genesisHash(this.unitId, this.epoch) };
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const before = this.#head;
    const done: (() => void)[] = [];
    let refused = 0;
    try {
      // The write lock first: a transaction that has read already waits for no other process.
      this.#database
        .transaction(() => {
          for (const { draft, resolve, reject } of waiting) {
            try {
              const seq = this.#append(draft);
              done.push(() => resolve({ seq }));
            } catch (error) {
              const failure = asStoreError(error, `storing record ${draft.key}`);
              if (failure.kind === "disk" || failure.kind === "damaged") throw failure;
              if (failure.kind === "full") refused += 1;
              done.push(() => reject(failure));
            }
          }
          for (let count = 0; count < refused; count++) this.#table.refused();
        })
        .immediate();
    } catch (error) {
      this.#head = before;
      this.#seals.rolledBack();
      this.#recount();
      const failure = asStoreError(error, "storing records");
      for (const { reject } of waiting) reject(failure);
      return;
    }
    for (const settle of done) settle();
    this.#reportState();
    if (this.#head.seq > before.seq) {
      for (const listener of this.#commitListeners) listener(this.#head.seq);
    }
  }

  #append(draft: RecordDraft): number {
    const known = this.#prepare<[string], { seq: number }>(
      "SELECT seq FROM records WHERE key = ?",
    ).get(draft.key);
    if (known !== undefined) return known.seq;
    const seq = this.#head.seq + 1;
    const next = this.#link(draft, seq);
    this.#table.admit(draft.body.type === "visit-decided" || draft.body.type === "visit-ended");
    this.#prepare("INSERT INTO records (seq, key, canonical, hash) VALUES (?, ?, ?, ?)").run(
      seq,
      draft.key,
      next.canonical,
      next.hash,
    );
    this.#table.add(seq);
    if (draft.personal !== undefined) this.#seals.encrypt(seq, draft.at.wallMs, draft.personal);
    this.#meta.set("head", `${seq}:${next.hash}`);
    this.#head = { seq, hash: next.hash };
    return seq;
  }

  #link(draft: RecordDraft, seq: number): Link {
    const { at, body } = draft;
    const { unitId: unit, epoch } = this;
    try {
      return link({ unit, epoch, seq, prev: this.#head.hash, at, body });
    } catch (error) {
      throw new StoreError(
        "invalid",
        `record ${draft.key} cannot be written down: ${String(error)}`,
      );
    }
  }

  #recount(): void {
    try {
      this.#table.recount();
    } catch {
      // The disk is failing: the numbers of before are the best there are.
    }
  }

  #reportState(): void {
    const state = this.#table.state();
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  #outbox(): Outbox {
    const table = this.#table;
    return {
      unit: this.unitId,
      epoch: this.epoch,
      pending: () => table.pending(),
      state: () => table.state(),
      lost: () => table.lost(),
      head: () => this.#head.seq,
      read: async (fromSeq, limit) => table.read(fromSeq, limit),
      markDelivered: async (ranges) => {
        const removed = table.markDelivered(ranges);
        this.#reportState();
        return removed;
      },
      requeue: async (ranges) => {
        const added = table.requeue(ranges);
        this.#reportState();
        return added;
      },
      onState: (listener) => {
        this.#stateListeners.push(listener);
      },
      onCommitted: (listener) => {
        this.#commitListeners.push(listener);
      },
    };
  }
}

function directoryOf(table: DirectoryTable): DirectoryStore {
  return {
    lookup: async (key) => table.lookup(key),
    upsert: async (rows, asOfMs) => table.apply({ put: asRows(rows), asOfMs }),
    apply: async (change) => table.apply(change),
    stage: async (rows) => table.stage(rows),
    clearStaging: async () => table.clearStaging(),
    activate: async (set) => table.activate(set),
    page: async (after, limit) => table.page(after, limit),
    asOf: () => table.facts().asOfMs,
    version: () => table.facts().version,
    size: () => table.facts().size,
  };
}

function settingsOf(database: Database.Database): KeyValueStore {
  const get = database.prepare<[string], string>("SELECT value FROM settings WHERE name = ?");
  const set = database.prepare(
    "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  get.pluck();
  return {
    async get(name) {
      return get.get(name);
    },
    async set(name, value) {
      set.run(name, value);
    },
  };
}
