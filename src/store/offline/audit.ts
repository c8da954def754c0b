/** Reads a unit's database without changing it, and says whether its chain still holds. */
import Database from "better-sqlite3";
import {
  ChainVerifier,
  genesisHash,
  type ChainFault,
  type Link,
} from "../../protocol/record-chain.ts";
import { CHECKPOINT, readCheckpoint } from "../retention/checkpoint.ts";
import { StoreError } from "../errors.ts";
import { signingKeyFromSeed } from "../signing-key.ts";
import { Meta, UNIT_APPLICATION_ID } from "../schema.ts";

export interface AuditReport {
  unit: string;
  epoch: string;
  /** Records that were there. */
  records: number;
  /** Where the checked part begins; set when older records were pruned. */
  checkpoint?: { seq: number; prunedAtMs: number };
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
 * only the far end's copy shows that (`compare`). Where old records were pruned, the chain begins
 * at a checkpoint that the unit signed.
 *
 * @param publicKey the unit's key as its birth messages carried it; else the one in the file
 * @throws StoreError `foreign` or `damaged` when the file cannot be read as a unit's database
 */
export function auditUnit(path: string, publicKey?: string): AuditReport {
  const database = openReadOnly(path);
  try {
    const meta = new Meta(database);
    const unit = meta.get("unit") ?? "";
    const epoch = meta.get("epoch") ?? "";
    const start = beginningOf(meta, { unit, epoch }, publicKey);
    const verifier = new ChainVerifier({ unit, epoch, ...start.anchor });
    const faults: ChainFault[] = [...start.faults];
    let faultCount = faults.length;
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
    const head = splitPlace(meta.get("head")) ?? start.anchor;
    note(tailFaults(verifier.head(), head));
    const count = (table: "sealed" | "outbox"): number =>
      Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    return {
      unit,
      epoch,
      records,
      ...(start.checkpoint === undefined ? {} : { checkpoint: start.checkpoint }),
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

/** Where the chain begins: at its genesis, or at a checkpoint that the unit must have signed. */
function beginningOf(
  meta: Meta,
  chain: { unit: string; epoch: string },
  publicKey: string | undefined,
): {
  anchor: { seq: number; hash: string };
  checkpoint?: { seq: number; prunedAtMs: number };
  faults: ChainFault[];
} {
  const genesis = { seq: 0, hash: genesisHash(chain.unit, chain.epoch) };
  const text = meta.get(CHECKPOINT);
  if (text === undefined) return { anchor: genesis, faults: [] };
  const key = publicKey ?? ownKey(meta);
  const opened = readCheckpoint(text, chain, key);
  if (opened === undefined) {
    const detail = "its text is not a checkpoint";
    return { anchor: genesis, faults: [{ kind: "forged-checkpoint", seq: 0, detail }] };
  }
  const { seq, hash, prunedAtMs } = opened.checkpoint;
  const anchor = { seq, hash };
  if (opened.holds) return { anchor, checkpoint: { seq, prunedAtMs }, faults: [] };
  const detail = "this unit did not sign that records up to here were pruned";
  return { anchor, faults: [{ kind: "forged-checkpoint", seq, detail }] };
}

function ownKey(meta: Meta): string {
  try {
    return signingKeyFromSeed(Buffer.from(meta.get("signing-seed") ?? "", "hex")).publicKey;
  } catch {
    return "";
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
