/** What the far end has not acknowledged: bounded, counted, and read in order. */
import type Database from "better-sqlite3";
import { asStoreError, StoreError } from "./errors.ts";
import { relaxed, type Meta } from "./schema.ts";
import type { EncryptedRow, PersonalDataTable } from "./personal-data.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";

export type OutboxState = "normal" | "filling" | "full";

/** First and last sequence number, both included. */
export type SeqRange = readonly [from: number, to: number];

/** A record that waits to be sent. The pseudonym is unsealed as it leaves, never stored beside it. */
export interface OutboxRow {
  seq: number;
  canonical: string;
  hash: string;
  holderPseudonym?: string;
}

export interface OutboxLimits {
  /** Records that may wait. 250,000 are about 400 MB and months of a busy door. */
  limit: number;
  /** Share of the limit from which the outbox counts as filling. */
  fillingAt: number;
  /**
   * What happens at the limit. `refuse`: a visit's record is not taken, and the policy says what
   * then holds at the door. `drop-oldest`: the oldest waiting record is given up; it stays in the
   * chain on the unit, but is no longer sent by itself.
   */
  whenFull: "refuse" | "drop-oldest";
}

export const OUTBOX_DEFAULTS: OutboxLimits = {
  limit: 250_000,
  fillingAt: 0.8,
  whenFull: "refuse",
};

/** Beyond the limit there is room for alarms and gate movements: those must be recorded to the last. */
const RESERVE = 1_000;
/** Records put back in one transaction; a commit waits for it. */
const AGAIN_AT_ONCE = 5_000;
/** Share of the limit up to which records are put back: the rest is for what is decided meanwhile. */
const AGAIN_UP_TO = 0.5;

/** The outbox as the uplink sees it; the same behind a worker. */
export interface Outbox {
  readonly unit: string;
  readonly epoch: string;
  /** Records waiting. */
  pending(): number;
  state(): OutboxState;
  /** Last committed sequence number; 0 before the first. */
  head(): number;
  /** Records that were refused or given up at the limit, since the epoch began. */
  lost(): number;
  /** Waiting records from a sequence number on, oldest first. */
  read(fromSeq: number, limit: number): Promise<OutboxRow[]>;
  /** Takes acknowledged records out. @returns how many were waiting */
  markDelivered(ranges: readonly SeqRange[]): Promise<number>;
  /** Puts delivered records back that are asked for again. @returns how many now wait because of it */
  requeue(ranges: readonly SeqRange[]): Promise<number>;
  onState(listener: (state: OutboxState) => void): void;
  /** Called after each commit with the new head. */
  onCommitted(listener: (head: number) => void): void;
}

const LOST = "outbox-lost";

/** A record without a personal part, or whose key is destroyed. */
interface UnsealedRow {
  key: null;
}

/** The table behind the outbox. `admit` and `add` run inside the transaction of a commit. */
export class OutboxTable {
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  readonly #meta: Meta;
  readonly #seals: PersonalDataTable;
  readonly #limits: OutboxLimits;
  #pending: number;
  #lost: number;

  constructor(
    database: Database.Database,
    meta: Meta,
    seals: PersonalDataTable,
    limits: OutboxLimits,
  ) {
    this.#database = database;
    this.#prepare = preparing(database);
    this.#meta = meta;
    this.#seals = seals;
    this.#limits = limits;
    this.#pending = this.#count();
    this.#lost = Number(meta.get(LOST) ?? 0);
  }

  pending(): number {
    return this.#pending;
  }

  lost(): number {
    return this.#lost;
  }

  state(): OutboxState {
    if (this.#pending >= this.#limits.limit) return "full";
    return this.#pending >= this.#limits.limit * this.#limits.fillingAt ? "filling" : "normal";
  }

  /** @throws StoreError `full`; the refusal is counted by `refused`, outside the failing transaction */
  admit(ofVisit: boolean): void {
    const limit = this.#limits.limit + (ofVisit ? 0 : RESERVE);
    if (this.#pending < limit) return;
    if (this.#limits.whenFull === "drop-oldest") {
      this.#prepare("DELETE FROM outbox WHERE seq = (SELECT min(seq) FROM outbox)").run();
      this.#pending -= 1;
      this.#countLost();
      return;
    }
    throw new StoreError(
      "full",
      `${this.#pending} records wait to be delivered, the limit is ${limit}: restore the link to the broker or raise the limit`,
      { pending: this.#pending, limit },
    );
  }

  refused(): void {
    this.#countLost();
  }

  add(seq: number): void {
    this.#prepare("INSERT INTO outbox (seq) VALUES (?)").run(seq);
    this.#pending += 1;
  }

  /** After a transaction that was rolled back. */
  recount(): void {
    this.#pending = this.#count();
    this.#lost = Number(this.#meta.get(LOST) ?? 0);
  }

  read(fromSeq: number, limit: number): OutboxRow[] {
    try {
      // The boxes in the same statement: one for each record would cost more than opening them.
      const rows = this.#prepare<[number, number], OutboxRow & (EncryptedRow | UnsealedRow)>(
        `SELECT outbox.seq, canonical, hash, key_id AS id, holder_keys.key, nonce, box
           FROM outbox JOIN records USING (seq)
           LEFT JOIN sealed USING (seq) LEFT JOIN holder_keys ON holder_keys.id = key_id
           WHERE outbox.seq >= ? ORDER BY outbox.seq LIMIT ?`,
      ).all(fromSeq, limit);
      return rows.map((row) => {
        const { seq, canonical, hash } = row;
        const holderPseudonym =
          row.key === null ? undefined : this.#seals.decryptRow(seq, row)?.holderPseudonym;
        const plain = { seq, canonical, hash };
        return holderPseudonym === undefined ? plain : { ...plain, holderPseudonym };
      });
    } catch (error) {
      throw asStoreError(error, "reading the outbox");
    }
  }

  markDelivered(ranges: readonly SeqRange[]): number {
    try {
      const remove = this.#prepare("DELETE FROM outbox WHERE seq BETWEEN ? AND ?");
      const take = this.#database.transaction(() =>
        ranges.reduce((sum, [from, to]) => sum + remove.run(from, to).changes, 0),
      );
      // If a power cut undoes it, records are sent twice, and dropped there.
      const removed = relaxed(this.#database, () => take.immediate());
      this.#pending -= removed;
      return removed;
    } catch (error) {
      this.recount();
      throw asStoreError(error, "clearing the outbox");
    }
  }

  /** Only what is still in the chain, and only while there is ample room. */
  requeue(ranges: readonly SeqRange[]): number {
    const room = Math.floor(this.#limits.limit * AGAIN_UP_TO) - this.#pending;
    let left = Math.min(AGAIN_AT_ONCE, room);
    try {
      const put = this.#prepare(
        `INSERT INTO outbox (seq) SELECT seq FROM records
           WHERE seq BETWEEN ? AND ? AND seq NOT IN (SELECT seq FROM outbox) ORDER BY seq LIMIT ?`,
      );
      const putAll = this.#database.transaction(() =>
        ranges.reduce((sum, [from, to]) => {
          const { changes } = left > 0 ? put.run(from, to, left) : { changes: 0 };
          left -= changes;
          return sum + changes;
        }, 0),
      );
      // If a power cut undoes it, they are asked for once more.
      const added = relaxed(this.#database, () => putAll.immediate());
      this.#pending += added;
      return added;
    } catch (error) {
      this.recount();
      throw asStoreError(error, "putting records back into the outbox");
    }
  }

  #countLost(): void {
    this.#lost += 1;
    this.#meta.set(LOST, String(this.#lost));
  }

  #count(): number {
    return Number(this.#prepare("SELECT count(*) FROM outbox").pluck().get());
  }
}
