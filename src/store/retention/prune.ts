/** Cutting the chain at its old end, a few records at a time, so that no card ever fills. */
import type Database from "better-sqlite3";
import type { Instant } from "../../core/time.ts";
import { CHECKPOINT, signCheckpoint } from "./checkpoint.ts";
import { asStoreError, StoreError } from "../errors.ts";
import { relaxed, type Meta } from "../schema.ts";
import { preparing, type Prepare } from "../../base/sqlite/statements.ts";

/** One step of pruning. */
export interface PruneRequest {
  /** Records made before this wall time go. */
  beforeMs: number;
  /** Wall time now; stands in the checkpoint. */
  atMs: number;
}

export interface Pruned {
  /** Records that went in this step. */
  removed: number;
  /** Whether another step may find something to do. */
  more: boolean;
}

// A commit waits for one step at most: 3 to 5 ms on a busy x86-64 machine.
const REMOVED_AT_ONCE = 64;
const LOOKED_AT_ONCE = 256;

export class Pruner {
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  readonly #meta: Meta;
  readonly #chain: { unit: string; epoch: string };
  readonly #sign: (text: string) => string;
  /** Every record up to here is old enough. */
  #oldThrough = 0;
  /** Every record up to here was looked at. */
  #lookedThrough = 0;

  constructor(
    database: Database.Database,
    meta: Meta,
    chain: { unit: string; epoch: string },
    sign: (text: string) => string,
  ) {
    this.#database = database;
    this.#prepare = preparing(database);
    this.#meta = meta;
    this.#chain = chain;
    this.#sign = sign;
  }

  /**
   * Removes the oldest records, as long as they are old and delivered, and notes where the chain
   * now begins. A record dated by a clock that was not to be believed is as old as the one after it.
   *
   * @throws StoreError `disk` or `damaged`; then nothing was removed
   */
  step({ beforeMs, atMs }: PruneRequest): Pruned {
    try {
      const oldest = this.#edge("SELECT min(seq) FROM records");
      if (oldest === undefined) return { removed: 0, more: false };
      const looking = this.#oldThrough < oldest && this.#look(oldest, beforeMs);
      const waiting = this.#edge("SELECT min(seq) FROM outbox") ?? Infinity;
      const through = Math.min(this.#oldThrough, waiting - 1, oldest + REMOVED_AT_ONCE - 1);
      if (through < oldest) return { removed: 0, more: looking };
      return { removed: this.#remove(through, atMs), more: true };
    } catch (error) {
      throw asStoreError(error, "pruning old records");
    }
  }

  /** Looks at the next records. @returns whether there are more to look at */
  #look(oldest: number, beforeMs: number): boolean {
    const from = Math.max(oldest, this.#lookedThrough + 1);
    const rows = this.#prepare<[number, number], { seq: number; canonical: string }>(
      "SELECT seq, canonical FROM records WHERE seq >= ? ORDER BY seq LIMIT ?",
    ).all(from, LOOKED_AT_ONCE);
    for (const { seq, canonical } of rows) {
      const { at } = JSON.parse(canonical) as { at: Instant };
      if (at.wallTrusted && at.wallMs >= beforeMs) return false;
      if (at.wallTrusted) this.#oldThrough = seq;
      this.#lookedThrough = seq;
    }
    return rows.length === LOOKED_AT_ONCE;
  }

  #remove(through: number, prunedAtMs: number): number {
    return relaxed(this.#database, () => {
      // The file keeps its size and uses the space again: cutting it would free blocks that still hold
      // copies of the pages SQLite moves.
      return this.#database
        .transaction(() => {
          const hash = this.#prepare<[number], { hash: string }>(
            "SELECT hash FROM records WHERE seq = ?",
          ).get(through)?.hash;
          if (hash === undefined) {
            throw new StoreError("damaged", `record ${through} is missing: nothing is pruned`);
          }
          this.#prepare("DELETE FROM sealed WHERE seq <= ?").run(through);
          const { changes } = this.#prepare("DELETE FROM records WHERE seq <= ?").run(through);
          const checkpoint = { ...this.#chain, seq: through, hash, prunedAtMs };
          this.#meta.set(CHECKPOINT, signCheckpoint(checkpoint, this.#sign));
          return changes;
        })
        .immediate();
    });
  }

  #edge(sql: string): number | undefined {
    const value = this.#prepare<[], Record<string, unknown>>(sql).get();
    const [edge] = Object.values(value ?? {});
    return typeof edge === "number" ? edge : undefined;
  }
}
