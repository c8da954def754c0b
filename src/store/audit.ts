/** Reads a unit's database without changing it, and says whether its chain still holds. */
import Database from "better-sqlite3";
import { ChainVerifier, genesisHash, type ChainFault, type Link } from "./chain.ts";
import { StoreError } from "./errors.ts";
import { Meta, UNIT_APPLICATION_ID } from "./schema.ts";

export interface AuditReport {
  unit: string;
  epoch: string;
  /** Records that were there. */
  records: number;
  /** The chain is checked from here: older records were pruned after their time. */
  anchorSeq: number;
  /** Last record the database says it wrote. */
  head: { seq: number; hash: string };
  /** Records that still have a link to a person. */
  linked: number;
  pending: number;
  /** The first ones; `faultCount` counts all. */
  faults: ChainFault[];
  faultCount: number;
}

/** Faults listed in one report. */
const LISTED = 1_000;

/**
 * Checks every record of a unit's database: any that was changed, removed, put elsewhere or cut off
 * the end is found. Whoever can rewrite the whole chain and its head leaves no trace in this file;
 * only the far end's copy shows that (`compare`).
 *
 * @throws StoreError `foreign` or `damaged` when the file cannot be read as a unit's database
 */
export function auditUnit(path: string): AuditReport {
  const database = openReadOnly(path);
  try {
    const meta = new Meta(database);
    const unit = meta.get("unit") ?? "";
    const epoch = meta.get("epoch") ?? "";
    const anchor = splitPlace(meta.get("anchor")) ?? { seq: 0, hash: genesisHash(unit, epoch) };
    const verifier = new ChainVerifier({ unit, epoch, ...anchor });
    const faults: ChainFault[] = [];
    let faultCount = 0;
    let records = 0;
    const note = (found: readonly ChainFault[]): void => {
      faultCount += found.length;
      faults.push(...found.slice(0, Math.max(0, LISTED - faults.length)));
    };
    const rows = database.prepare<[], Link>(
      "SELECT seq, canonical, hash FROM records ORDER BY seq",
    );
    for (const row of rows.iterate()) {
      records += 1;
      note(verifier.next(row));
    }
    const head = splitPlace(meta.get("head")) ?? anchor;
    note(tailFaults(verifier.head(), head));
    const count = (table: "sealed" | "outbox"): number =>
      Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    return {
      unit,
      epoch,
      records,
      anchorSeq: anchor.seq,
      head,
      linked: count("sealed"),
      pending: count("outbox"),
      faults,
      faultCount,
    };
  } catch (error) {
    throw error instanceof StoreError
      ? error
      : new StoreError("damaged", `${path} cannot be read to its end: ${String(error)}`);
  } finally {
    database.close();
  }
}

/** Hash of each record of a unit's database, for comparing it with the far end's copy. */
export function* hashesOf(
  path: string,
): IterableIterator<{ seq: number; hash: string; waiting: boolean }> {
  const database = openReadOnly(path);
  try {
    const rows = database
      .prepare<[], { seq: number; hash: string; waiting: number }>(
        "SELECT seq, hash, seq IN (SELECT seq FROM outbox) AS waiting FROM records ORDER BY seq",
      )
      .iterate();
    for (const { seq, hash, waiting } of rows) yield { seq, hash, waiting: waiting === 1 };
  } finally {
    database.close();
  }
}

function tailFaults(
  seen: { seq: number; hash: string },
  head: { seq: number; hash: string },
): ChainFault[] {
  if (seen.seq === head.seq && seen.hash === head.hash) return [];
  if (seen.seq < head.seq) {
    const detail = `the database wrote ${head.seq} records, the last one here is ${seen.seq}`;
    return [{ kind: "cut-short", seq: seen.seq + 1, detail }];
  }
  if (seen.seq > head.seq) {
    return [
      {
        kind: "misplaced",
        seq: head.seq + 1,
        detail: `the database wrote only ${head.seq} records`,
      },
    ];
  }
  // The last record itself: a change in it was found by its own hash, unless that was changed too.
  return [
    { kind: "changed", seq: seen.seq, detail: "it is not the record the database wrote last" },
  ];
}

/** A place in the chain as the database notes it: `seq:hash`. */
function splitPlace(text: string | undefined): { seq: number; hash: string } | undefined {
  const [seq, hash] = (text ?? "").split(":");
  return hash === undefined ? undefined : { seq: Number(seq), hash };
}

function openReadOnly(path: string): Database.Database {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    if (database.pragma("application_id", { simple: true }) !== UNIT_APPLICATION_ID) {
      throw new StoreError("foreign", `${path} is not a unit's database: name another file`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
