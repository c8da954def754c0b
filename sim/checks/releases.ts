/** The record is what happened: a release on record opened the gate, or is corrected. */
import type { RecordBody } from "../../src/core/record.ts";
import { hasEnded, type TraceEntry } from "../kernel/trace.ts";
import { isWithdrawal } from "./records.ts";
import { timeText } from "./time-text.ts";

/** The gate's own deadline, the wire, and a correction that is drafted then. */
const WITHIN_MS = 1_500;

/** Every recorded release that did not come and was not corrected. */
export function checkReleases(entries: readonly TraceEntry[]): string[] {
  const openings = openingsIn(entries);
  const corrected = correctedIn(entries);
  const endsAtMs = entries.flatMap((entry) =>
    entry.what === "unit" && hasEnded(entry.did) ? entry.at : [],
  );
  endsAtMs.push(entries.at(-1)?.at ?? 0);
  return entries.flatMap((entry) => {
    if (entry.what !== "record-stored") return [];
    const claimed = claimOf(entry.draft.body);
    if (claimed === undefined || corrected.has(claimed)) return [];
    const { at } = entry;
    const opened = openings.some(
      ({ fromMs, untilMs }) => fromMs <= at + WITHIN_MS && untilMs >= at - 1,
    );
    // A unit that ended had no time to open the gate or to correct the record.
    if (opened || endsAtMs.some((endMs) => endMs >= at - 1 && endMs <= at + WITHIN_MS)) return [];
    return [`${timeText(at)}: a record says that the gate opened, and it did not`];
  });
}

/** What a record says about the gate, by what a correction would name. */
function claimOf(body: RecordBody): string | undefined {
  if (body.type === "gate-released") return body.releaseRef;
  if (body.type !== "visit-decided" || body.decision.outcome !== "granted") return undefined;
  return body.visitRef;
}

/** When the gate's line was up. */
function openingsIn(entries: readonly TraceEntry[]): { fromMs: number; untilMs: number }[] {
  const openings: { fromMs: number; untilMs: number }[] = [];
  let upSinceMs: number | undefined;
  for (const entry of entries) {
    if (entry.what !== "gate-line") continue;
    if (entry.level === 1) upSinceMs ??= entry.at;
    else if (upSinceMs !== undefined) {
      openings.push({ fromMs: upSinceMs, untilMs: entry.at });
      upSinceMs = undefined;
    }
  }
  if (upSinceMs !== undefined) {
    openings.push({ fromMs: upSinceMs, untilMs: entries.at(-1)?.at ?? upSinceMs });
  }
  return openings;
}

/** Releases and visits that a later record corrects. */
function correctedIn(entries: readonly TraceEntry[]): Set<string> {
  const corrected = new Set<string>();
  for (const entry of entries) {
    if (entry.what !== "turn") continue;
    for (const effect of entry.effects) {
      if (effect.kind !== "commit-record") continue;
      const { body } = effect.record;
      if (body.type === "gate-not-released") {
        if (body.releaseRef !== undefined) corrected.add(body.releaseRef);
        if (body.visitRef !== undefined) corrected.add(body.visitRef);
      }
      if (body.type === "visit-decided" && isWithdrawal(body.decision)) {
        corrected.add(body.visitRef);
      }
    }
  }
  return corrected;
}
