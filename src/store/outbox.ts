/** The outbox: records that have not reached their destination, in order, bounded. */
import type { Database, Statement } from "better-sqlite3";

/** One record as it leaves the unit. */
export interface OutboxRow {
  seq: number;
  /** CloudEvents JSON. */
  payload: string;
}

export type OutboxState = "normal" | "filling" | "full";

/** Above this part of the limit staff is told, while there is still room. */
const FILLING_AT = 0.8;

/** Lives in the store's database; rows enter with their record, in its transaction. */
export class Outbox {
  readonly limit: number;
  readonly #insert: Statement;
  readonly #after: Statement;
  readonly #remove: Statement;
  #pending: number;
  #state: OutboxState = "normal";
  #onState: (state: OutboxState) => void = () => {};
  #onAdded: () => void = () => {};

  constructor(database: Database, limit: number) {
    this.limit = limit;
    this.#insert = database.prepare("INSERT INTO outbox (seq, payload) VALUES (?, ?)");
    this.#after = database.prepare(
      "SELECT seq, payload FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
    );
    this.#remove = database.prepare("DELETE FROM outbox WHERE seq BETWEEN ? AND ?");
    const row = database.prepare("SELECT count(*) AS count FROM outbox").get();
    this.#pending = (row as { count: number }).count;
  }

  /** How many records wait. */
  pending(): number {
    return this.#pending;
  }

  full(): boolean {
    return this.#pending >= this.limit;
  }

  /** Tells the state now if it is not normal, and on every change. One listener. */
  onState(listener: (state: OutboxState) => void): void {
    this.#onState = listener;
    if (this.#state !== "normal") listener(this.#state);
    this.#review();
  }

  /** Called after a row became durable. One listener: whoever sends. */
  onAdded(listener: () => void): void {
    this.#onAdded = listener;
  }

  /** Rows after a sequence number, oldest first, at most `limit`. */
  after(seq: number, limit: number): OutboxRow[] {
    return this.#after.all(seq, limit) as OutboxRow[];
  }

  /** These arrived: they leave the outbox. Returns how many there were. */
  acknowledge(fromSeq: number, toSeq: number): number {
    const { changes } = this.#remove.run(fromSeq, toSeq);
    this.#pending -= changes;
    this.#review();
    return changes;
  }

  /** Inside the record's transaction. */
  insert(row: OutboxRow): void {
    this.#insert.run(row.seq, row.payload);
  }

  /** After the transaction. */
  added(): void {
    this.#pending += 1;
    this.#review();
    this.#onAdded();
  }

  #review(): void {
    const state: OutboxState = this.full()
      ? "full"
      : this.#pending >= this.limit * FILLING_AT
        ? "filling"
        : "normal";
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
