/** Whether what a collector stored is complete, and is what the unit has. */
import { ChainVerifier, genesisHash, type ChainFault } from "../protocol/record-chain.ts";
import type { RecordArchive, Stream } from "./record-archive.ts";
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
export async function auditStream(archive: RecordArchive, stream: Stream): Promise<StreamReport> {
  const { unit, epoch } = stream;
  const anchor = { unit, epoch, seq: 0, hash: genesisHash(unit, epoch) };
  const verifier = new ChainVerifier(anchor);
  const faults: ChainFault[] = [];
  const here = new RangeSet();
  let records = 0;
  for await (const row of archive.records(unit, epoch)) {
    records += 1;
    here.add(row.seq);
    for (const fault of verifier.next(row)) if (faults.length < LISTED) faults.push(fault);
  }
  const removed = stream.ranges.flatMap(([from, to]) => here.missing(from, to));
  return { ...stream, records, removed, faults };
}

/** What differs between a unit's database and the collector's copy of it, by sequence number. */
export interface Comparison {
  compared: number;
  /** Both have the number, with another content. */
  different: number[];
  /** Delivered according to the unit, and not here. */
  lost: number[];
  /** Here, but gone from the unit; pruned ones are not counted. */
  onlyHere: number[];
}

/** @param records of the unit's own database, in their order */
export async function compare(
  archive: RecordArchive,
  { unit, epoch }: { unit: string; epoch: string },
  records: Iterable<{ seq: number; hash: string; waiting: boolean }>,
): Promise<Comparison> {
  const here = new Map<number, string>();
  for await (const { seq, hash } of archive.records(unit, epoch)) here.set(seq, hash);
  const result: Comparison = { compared: 0, different: [], lost: [], onlyHere: [] };
  let first: number | undefined;
  for (const { seq, hash, waiting } of records) {
    first ??= seq;
    const received = here.get(seq);
    here.delete(seq);
    if (received === undefined) {
      if (!waiting) result.lost.push(seq);
    } else {
      result.compared += 1;
      if (received !== hash) result.different.push(seq);
    }
  }
  const oldest = first ?? Infinity;
  result.onlyHere = [...here.keys()].filter((seq) => seq >= oldest);
  return result;
}
