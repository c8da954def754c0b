/** Whether what arrived at the far end is whole, and is what the unit has. */
import { ChainVerifier, genesisHash, type ChainFault } from "../protocol/record-chain.ts";
import { hashesOf } from "../store/offline/audit.ts";
import type { SqliteRecordArchive, Stream } from "./sqlite-record-archive.ts";
import { RangeSet, type Range } from "../base/range-set.ts";

export interface StreamReport extends Stream {
  records: number;
  /** Numbers that had arrived and are not here any more, at the end of the stream too. */
  removed: Range[];
  faults: ChainFault[];
}

/** Faults listed for one stream. */
const LISTED = 1_000;

/** Checks the chain of one stream as it arrived; what has not arrived shows as missing. */
export function auditStream(archive: SqliteRecordArchive, stream: Stream): StreamReport {
  const { unit, epoch } = stream;
  const anchor = { unit, epoch, seq: 0, hash: genesisHash(unit, epoch) };
  const verifier = new ChainVerifier(anchor);
  const faults: ChainFault[] = [];
  const here = new RangeSet();
  let records = 0;
  for (const row of archive.records(unit, epoch)) {
    records += 1;
    here.add(row.seq);
    for (const fault of verifier.next(row)) if (faults.length < LISTED) faults.push(fault);
  }
  const removed = stream.ranges.flatMap(([from, to]) => here.missing(from, to));
  return { ...stream, records, removed, faults };
}

/** What differs between a unit's database and the far end's copy of it. */
export interface Comparison {
  compared: number;
  /** Both have the number, with another content. */
  different: number[];
  /** Delivered, says the unit; not here. */
  lost: number[];
  /** Here, but gone from the unit (pruned ones are not counted). */
  onlyHere: number[];
}

/** @param unitPath the unit's database; @param epoch of the stream to compare it with */
export function compare(
  archive: SqliteRecordArchive,
  unitPath: string,
  unit: string,
  epoch: string,
): Comparison {
  const here = new Map<number, string>();
  for (const { seq, hash } of archive.records(unit, epoch)) here.set(seq, hash);
  const result: Comparison = { compared: 0, different: [], lost: [], onlyHere: [] };
  let first: number | undefined;
  for (const { seq, hash, waiting } of hashesOf(unitPath)) {
    first ??= seq;
    const arrived = here.get(seq);
    here.delete(seq);
    if (arrived === undefined) {
      if (!waiting) result.lost.push(seq);
    } else {
      result.compared += 1;
      if (arrived !== hash) result.different.push(seq);
    }
  }
  const oldest = first ?? Infinity;
  result.onlyHere = [...here.keys()].filter((seq) => seq >= oldest);
  return result;
}
