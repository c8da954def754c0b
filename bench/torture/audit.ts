/** What a storm left behind: each record of the story looked for, and both chains verified. */
import { recordsIn } from "../../tests/support/archive.ts";
import type { ArchivedRecord } from "../../src/district/record-archive.ts";
import { SqliteRecordArchive } from "../../src/district/sqlite-record-archive.ts";
import { auditUnit } from "../../src/store/offline/audit.ts";
import { ChainVerifier, genesisHash, type Link } from "../../src/protocol/record-chain.ts";
import { holderOf, numberOf, UNIT } from "./story.ts";

export interface Findings {
  /** Records at the far end. */
  stored: number;
  /** Told durable by the unit, and not at the far end. */
  lost: number[];
  /** At the far end more than once, under different numbers. */
  twice: number[];
  /** At the far end, under another holder's pseudonym or under none. */
  misattributed: number[];
  /** Still in the unit's outbox. */
  pending: number;
  /** Faults of the unit's chain and of the far end's copy of it. */
  chainFaults: string[];
}

/** @param told record numbers the unit said were durable, with their sequence numbers */
export async function audit(
  unitDatabase: string,
  archiveDatabase: string,
  told: ReadonlyMap<number, number>,
): Promise<Findings> {
  const unit = auditUnit(unitDatabase);
  const archive = new SqliteRecordArchive(archiveDatabase);
  try {
    const copies: { epoch: string; rows: ArchivedRecord[] }[] = [];
    for (const { unit: name, epoch } of await archive.streams()) {
      copies.push({ epoch, rows: await recordsIn(archive, name, epoch) });
    }
    const seen = new Map<number, number>();
    const twice: number[] = [];
    const misattributed: number[] = [];
    for (const { seq, canonical, holder } of copies.flatMap(({ rows }) => rows)) {
      const number = numberOf(canonical);
      if (number === undefined) continue;
      if (seen.has(number)) twice.push(number);
      if (holder !== holderOf(number)) misattributed.push(number);
      seen.set(number, seq);
    }
    const lost = [...told].filter(([number, seq]) => seen.get(number) !== seq);
    return {
      stored: seen.size,
      lost: lost.map(([number]) => number),
      twice,
      misattributed,
      pending: unit.pending,
      chainFaults: [
        ...unit.faults.map(({ kind, seq, detail }) => `unit: ${kind} at ${seq}: ${detail}`),
        ...copies.flatMap(({ epoch, rows }) =>
          faultsOf(rows, UNIT, epoch).map((fault) => `far end: ${fault}`),
        ),
      ],
    };
  } finally {
    await archive.close();
  }
}

function faultsOf(rows: Iterable<Link>, unit: string, epoch: string): string[] {
  const verifier = new ChainVerifier({ unit, epoch, seq: 0, hash: genesisHash(unit, epoch) });
  const faults: string[] = [];
  for (const row of rows) {
    for (const { kind, seq, detail } of verifier.next(row)) {
      faults.push(`${kind} at ${seq}: ${detail}`);
    }
  }
  return faults;
}
