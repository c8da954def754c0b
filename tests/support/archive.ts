/** A collector's database as tests look at it. */
import type { ArchivedRecord, RecordArchive } from "../../src/district/record-archive.ts";

/** Every record of one stream, in the unit's order. */
export async function recordsIn(
  archive: RecordArchive,
  unit: string,
  epoch: string,
): Promise<ArchivedRecord[]> {
  const records: ArchivedRecord[] = [];
  for await (const record of archive.records(unit, epoch)) records.push(record);
  return records;
}
