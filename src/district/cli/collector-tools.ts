/** The district's half of verbs that work on both kinds of database: `audit` and `forget`. */
import { existsSync } from "node:fs";
import type {
  CollectorTools,
  ProvenRecord,
  SalvageTarget,
} from "../../cli/support/collector-tools.ts";
import { UsageError } from "../../cli/support/usage.ts";
import { recordEvent } from "../../protocol/cloud-event.ts";
import type { ChainFault } from "../../protocol/record-chain.ts";
import { auditStream, compare, type StreamReport } from "../audit.ts";
import type { RecordArchive } from "../record-archive.ts";
import { readRecordEvent, type ReceivedRecord } from "../received-record.ts";
import { isCollectorDatabase, SqliteRecordArchive } from "../sqlite-record-archive.ts";
import { reuseCommand } from "./reuse.ts";

/** Faults and ranges printed for one stream. */
const PRINTED = 20;

export const collectorTools: CollectorTools = {
  isCollectorDatabase,

  auditVerbs: () => [reuseCommand()],

  audit: (path, json, print) =>
    withArchive(path, async (archive) => {
      const streams: StreamReport[] = [];
      for (const stream of await archive.streams())
        streams.push(await auditStream(archive, stream));
      const conflicts = await archive.conflicts();
      const holds =
        conflicts.length === 0 &&
        streams.every(({ faults, removed }) => faults.length + removed.length === 0);
      if (json) print(JSON.stringify({ holds, streams, conflicts }));
      else {
        for (const stream of streams) for (const line of describeStream(stream)) print(line);
        for (const { unit, seq } of conflicts) {
          print(`  record ${seq} of unit ${unit} came again with another content`);
        }
        print(
          holds ? "every record is as it was written" : "NOT every record is as it was written",
        );
      }
      return holds;
    }),

  async compare(path, stream, records) {
    refuseOthers(path);
    return await withArchive(path, (archive) => compare(archive, stream, records));
  },

  forget: (path, holderPseudonym) =>
    withArchive(path, (archive) => archive.forget(holderPseudonym)),

  async openForSalvage(path): Promise<SalvageTarget> {
    if (existsSync(path)) refuseOthers(path);
    const archive = new SqliteRecordArchive(path);
    return {
      store: (salvaged, receivedMs) => {
        const records = salvaged.flatMap((record) => receivedOf(record) ?? []);
        return archive.store({ records, receivedMs });
      },
      close: () => archive.close(),
    };
  },
};

function refuseOthers(path: string): void {
  if (!isCollectorDatabase(path)) throw new UsageError(`${path} is not a collector's database`);
}

async function withArchive<T>(
  path: string,
  work: (archive: RecordArchive) => Promise<T>,
): Promise<T> {
  const archive = new SqliteRecordArchive(path);
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}

/** The record as it would have arrived over the wire, checked the same way. */
function receivedOf({ unit, seq, canonical, hash }: ProvenRecord): ReceivedRecord | undefined {
  const event = recordEvent({ district: "salvaged", unitId: unit }, { seq, canonical, hash });
  const received = readRecordEvent(Buffer.from(event), unit);
  return "fault" in received ? undefined : received;
}

function* describeStream(stream: StreamReport): Generator<string> {
  const { unit, epoch, records, through, gaps, removed, faults } = stream;
  yield `unit ${unit}, epoch ${epoch}: ${records} records, without a gap through ${through}`;
  for (const [from, to] of gaps.slice(0, PRINTED)) yield `  missing: ${from} to ${to}`;
  for (const [from, to] of removed.slice(0, PRINTED)) {
    yield `  had arrived and is gone: ${from} to ${to}`;
  }
  // Missing numbers were printed as ranges.
  for (const fault of faults.filter(({ kind }) => kind !== "missing").slice(0, PRINTED)) {
    yield describeFault(fault);
  }
}

function describeFault({ kind, seq, detail }: ChainFault): string {
  return `  record ${seq}: ${kind}: ${detail}`;
}
