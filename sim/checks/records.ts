/** Safety of the records: each decision is written down exactly once, in order, without a gap. */
import type { TraceEntry } from "../trace.ts";
import { time } from "./gate.ts";

/** Every decision that is missing, doubled or out of order. */
export function checkRecords(entries: readonly TraceEntry[]): string[] {
  const problems: string[] = [];
  const drafted = new Map<string, number>();
  const stored = new Map<string, number>();
  const refused = new Set<string>();
  const acknowledged = new Set<string>();
  let lastSeq: number | undefined;
  let powerLostAtMs = -Infinity;
  for (const entry of entries) {
    if (entry.what === "turn") {
      for (const effect of entry.effects) {
        if (effect.kind === "commit-record") drafted.set(effect.record.key, entry.at);
      }
      if (entry.event.kind === "record-committed") acknowledged.add(entry.event.key);
    }
    if (entry.what === "record-refused") refused.add(entry.key);
    if (entry.what === "unit" && entry.did !== "started") powerLostAtMs = entry.at;
    if (entry.what !== "record-stored") continue;
    const { key } = entry.draft;
    stored.set(key, (stored.get(key) ?? 0) + 1);
    if (!drafted.has(key)) problems.push(`${time(entry.at)}: a record nobody asked for was stored`);
    if (lastSeq !== undefined && entry.seq !== lastSeq + 1) {
      problems.push(`${time(entry.at)}: record ${entry.seq} follows record ${lastSeq}`);
    }
    lastSeq = entry.seq;
  }
  for (const [key, atMs] of drafted) {
    const times = stored.get(key) ?? 0;
    if (times > 1) problems.push(`${time(atMs)}: a record was stored ${times} times`);
    // What was on its way when the unit went dark was never said to be durable.
    const cutOff = atMs >= powerLostAtMs - CUT_OFF_MS;
    if (times === 0 && !refused.has(key) && !cutOff) {
      problems.push(`${time(atMs)}: a record was neither stored nor refused`);
    }
    if (times === 0 && acknowledged.has(key)) {
      problems.push(`${time(atMs)}: a record was called durable and was not stored`);
    }
  }
  return problems;
}

/** A slow disk takes two seconds a record. */
const CUT_OFF_MS = 3_000;
