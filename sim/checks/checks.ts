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
 * - a release on record opened the gate, or is corrected; staff are answered within a bound
 * - no evidence counts for another person
 * - staff decide about a visit that is not over, once, and are always answered
 * - a command is applied once, and only when an authorised key gave it
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
