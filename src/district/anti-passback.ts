/** One live code that let somebody in twice: a unit knows its own visits only, the district all of them. */
import type Database from "better-sqlite3";
import type { Evidence } from "../core/evidence/evidence.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";
import type { ReceivedRecord } from "./received-record.ts";

/** A visit that a code let in. */
export interface CodeUse {
  unit: string;
  epoch: string;
  seq: number;
  /** Epoch ms, as the unit believed. */
  atMs: number;
}

/** Two visits with the same code. For people to look at: it may be one person with two errands. */
export interface AntiPassbackViolation {
  /** Pseudonym. */
  holder: string;
  /** When the code was made. */
  madeAtMs: number;
  /** As they arrived here, which need not be as they happened. */
  first: CodeUse;
  again: CodeUse;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS code_uses (
    holder TEXT NOT NULL, made_ms REAL NOT NULL,
    unit TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, at_ms REAL NOT NULL,
    PRIMARY KEY (holder, made_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS code_uses_by_age ON code_uses (made_ms);
  CREATE TABLE IF NOT EXISTS passbacks (
    unit TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, at_ms REAL NOT NULL,
    holder TEXT NOT NULL, made_ms REAL NOT NULL,
    first_unit TEXT NOT NULL, first_epoch TEXT NOT NULL, first_seq INTEGER NOT NULL,
    first_at_ms REAL NOT NULL,
    PRIMARY KEY (unit, epoch, seq)
  ) STRICT, WITHOUT ROWID;
`;

/** Longer than any live code lives, and than a unit is usually without its broker. */
const REMEMBERED_MS = 7 * 86_400_000;
/** Uses forgotten with each one that is noted: more than one, so that the table shrinks. */
const FORGOTTEN_AT_ONCE = 4;

interface UseRow {
  unit: string;
  epoch: string;
  seq: number;
  at_ms: number;
}

interface PassbackRow extends UseRow {
  holder: string;
  made_ms: number;
  first_unit: string;
  first_epoch: string;
  first_seq: number;
  first_at_ms: number;
}

/** Watches what is stored at the far end. Its tables lie in the collector's database. */
export class AntiPassbackDetector {
  readonly #prepare: Prepare;

  constructor(database: Database.Database) {
    database.exec(TABLES);
    this.#prepare = preparing(database);
  }

  /** Takes a record that was just stored, within the same transaction. */
  note(record: ReceivedRecord): void {
    const code = codeOf(record);
    if (code === undefined) return;
    const { holder, madeAtMs } = code;
    const { unit, epoch, seq, atMs } = record;
    const before = this.#prepare<[string, number], UseRow>(
      "SELECT unit, epoch, seq, at_ms FROM code_uses WHERE holder = ? AND made_ms = ?",
    ).get(holder, madeAtMs);
    if (before === undefined) {
      this.#prepare("INSERT INTO code_uses VALUES (?, ?, ?, ?, ?, ?)").run(
        holder,
        madeAtMs,
        unit,
        epoch,
        seq,
        atMs,
      );
      this.#prepare(
        `DELETE FROM code_uses WHERE (holder, made_ms) IN
           (SELECT holder, made_ms FROM code_uses WHERE made_ms < ? LIMIT ${FORGOTTEN_AT_ONCE})`,
      ).run(madeAtMs - REMEMBERED_MS);
      return;
    }
    this.#prepare("INSERT OR IGNORE INTO passbacks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
      unit,
      epoch,
      seq,
      atMs,
      holder,
      madeAtMs,
      before.unit,
      before.epoch,
      before.seq,
      before.at_ms,
    );
  }

  count(): number {
    return Number(this.#prepare("SELECT count(*) FROM passbacks").pluck().get());
  }

  /** In the order in which the second visits happened. */
  list(): AntiPassbackViolation[] {
    const rows = this.#prepare<[], PassbackRow>("SELECT * FROM passbacks ORDER BY at_ms").all();
    return rows.map((row) => ({
      holder: row.holder,
      madeAtMs: row.made_ms,
      first: {
        unit: row.first_unit,
        epoch: row.first_epoch,
        seq: row.first_seq,
        atMs: row.first_at_ms,
      },
      again: { unit: row.unit, epoch: row.epoch, seq: row.seq, atMs: row.at_ms },
    }));
  }

  /** Takes everything about a holder out. */
  forget(holderPseudonym: string): void {
    this.#prepare("DELETE FROM code_uses WHERE holder = ?").run(holderPseudonym);
    this.#prepare("DELETE FROM passbacks WHERE holder = ?").run(holderPseudonym);
  }
}

/**
 * Which code a visit rests on: a record says neither its text nor its number, but whose it was and
 * when it was made, and nobody has two codes of the same second.
 */
function codeOf({
  type,
  holder,
  canonical,
}: ReceivedRecord): { holder: string; madeAtMs: number } | undefined {
  if (type !== "visit-decided" || holder === undefined) return undefined;
  // Most records are neither; their text is not worth being parsed again.
  if (!canonical.includes('"credentialKind":"health-pass-live"')) return undefined;
  if (!canonical.includes('"outcome":"granted"')) return undefined;
  const { body } = JSON.parse(canonical) as {
    body: {
      decision?: { outcome?: unknown };
      authority?: unknown;
      evidence?: readonly Partial<Evidence>[];
    };
  };
  // Staff who let somebody in looked at more than a code.
  if (body.decision?.outcome !== "granted" || body.authority !== undefined) return undefined;
  const colour = body.evidence?.find(({ kind }) => kind === "code-colour");
  const madeAtMs = colour?.source?.asOfMs;
  return typeof madeAtMs === "number" ? { holder, madeAtMs } : undefined;
}
