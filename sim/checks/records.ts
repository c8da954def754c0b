/** Safety of the records: each decision is written down exactly once, in order, without a gap. */
import type { Decision } from "../../src/core/decision/decision.ts";
import type { RecordBody } from "../../src/core/record.ts";
import { hasEnded, type TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** Every decision that is missing, doubled or out of order. */
export function checkRecords(entries: readonly TraceEntry[]): string[] {
  const problems: string[] = [];
  const drafted = new Map<string, number>();
  const decided = new Set<string>();
  const stored = new Map<string, number>();
  const refused = new Set<string>();
  const acknowledged = new Set<string>();
  let lastSeq: number | undefined;
  const wentDarkAtMs: number[] = [];
  for (const entry of entries) {
    if (entry.what === "turn") {
      for (const effect of entry.effects) {
        if (effect.kind !== "commit-record") continue;
        drafted.set(effect.record.key, entry.at);
        if (isDoubled(effect.record.body, decided)) {
          problems.push(`${timeText(entry.at)}: a decision was written down a second time`);
        }
      }
      if (entry.event.kind === "record-committed") acknowledged.add(entry.event.key);
    }
    if (entry.what === "record-refused") refused.add(entry.key);
    if (entry.what === "unit" && hasEnded(entry.did)) wentDarkAtMs.push(entry.at);
    if (entry.what !== "record-stored") continue;
    const { key } = entry.draft;
    stored.set(key, (stored.get(key) ?? 0) + 1);
    if (!drafted.has(key))
      problems.push(`${timeText(entry.at)}: a record nobody asked for was stored`);
    if (lastSeq !== undefined && entry.seq !== lastSeq + 1) {
      problems.push(`${timeText(entry.at)}: record ${entry.seq} follows record ${lastSeq}`);
    }
    lastSeq = entry.seq;
  }
  for (const [key, atMs] of drafted) {
    const times = stored.get(key) ?? 0;
    if (times > 1) problems.push(`${timeText(atMs)}: a record was stored ${times} times`);
    // A record on its way when the unit lost power was never acknowledged as durable.
    const cutOff = wentDarkAtMs.some((darkMs) => atMs <= darkMs && atMs >= darkMs - CUT_OFF_MS);
    if (times === 0 && !refused.has(key) && !cutOff) {
      problems.push(`${timeText(atMs)}: a record was neither stored nor refused`);
    }
    if (times === 0 && acknowledged.has(key)) {
      problems.push(`${timeText(atMs)}: a record was called durable and was not stored`);
    }
  }
  return problems;
}

const WITHDRAWALS: readonly string[] = ["record-not-committed", "gate-failed", "locked-down"];

/** A grant that could not be carried out: not written down, locked down meanwhile, or a gate that failed. */
export const isWithdrawal = ({ reasons }: Decision): boolean =>
  reasons.length === 1 && WITHDRAWALS.includes(reasons[0]?.code ?? "");

/** Staff may decide again, and a grant may be taken back that could not be carried out. Nothing else. */
function isDoubled(body: RecordBody, decided: Set<string>): boolean {
  if (body.type !== "visit-decided") return false;
  const { visitRef, decision, authority } = body;
  const again = decided.has(visitRef);
  decided.add(visitRef);
  return again && authority === undefined && !isWithdrawal(decision);
}

/**
 * Every record that did not reach the broker, in a run at whose end nothing is pending. What was
 * stored in the moment the unit stopped has its next start to go.
 */
export function checkDelivery(entries: readonly TraceEntry[]): string[] {
  const arrived = new Set<number>();
  for (const entry of entries) {
    if (entry.what === "broker-took" && entry.seq !== undefined) arrived.add(entry.seq);
  }
  const endMs = entries.at(-1)?.at ?? 0;
  return entries.flatMap((entry) => {
    if (entry.what !== "record-stored" || arrived.has(entry.seq)) return [];
    if (entry.at > endMs - LAST_MOMENT_MS) return [];
    return [`${timeText(entry.at)}: record ${entry.seq} is in no outbox and never arrived`];
  });
}

/** The way to the broker and back. */
const LAST_MOMENT_MS = 1_000;
/** A slow disk takes two seconds a record. */
const CUT_OFF_MS = 3_000;
