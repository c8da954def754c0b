/** What must hold in every run, whatever goes wrong: read from the trace alone. */
import type { TraceEntry } from "../kernel/trace.ts";
import { checkCommands } from "./commands.ts";
import { checkEvidence } from "./evidence.ts";
import { checkGate } from "./gate.ts";
import { checkRecords } from "./records.ts";
import { checkStaff } from "./staff.ts";
import { checkReleases } from "./releases.ts";
import { checkWayOut } from "./way-out.ts";

/**
 * Every broken promise of a run, in sentences; empty when all were kept.
 * - no release without a granted and recorded decision, an exit request, a recorded override by
 *   staff or a command; held open only by fire or evacuation; none over its limit
 * - fire and exit button open the way at once
 * - every decision recorded exactly once
 * - what the records say was opened did open, or is corrected; staff are answered within a bound
 * - nobody's evidence counts for somebody else
 * - staff decide about a visit that still stands, once, and are always answered
 * - a command counts once, and only when somebody gave it who may
 */
export function checkTrace(entries: readonly TraceEntry[]): string[] {
  return [
    ...checkGate(entries),
    ...checkWayOut(entries),
    ...checkRecords(entries),
    ...checkReleases(entries),
    ...checkEvidence(entries),
    ...checkCommands(entries),
    ...checkStaff(entries),
  ];
}
