/** Safety of what staff decide: about the visit they meant, once, and always answered. */
import type { Event } from "../../src/core/event.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** The policy's bound for a record, the gate's deadline twice, and a turn. */
const ANSWERED_WITHIN_MS = 4_000;

interface Asked {
  by: string;
  atMs: number;
  visitRef: string | undefined;
}

/** Every request of staff that went wrong. */
export function checkStaff(entries: readonly TraceEntry[]): string[] {
  const problems: string[] = [];
  const open: Asked[] = [];
  const decisions = new Decisions();
  const ended = new Map<string, number>();
  const admitted = new Map<string, string>();
  const late = (asked: Asked, nowMs: number): boolean => nowMs - asked.atMs > ANSWERED_WITHIN_MS;
  for (const entry of entries) {
    // Without power, or stopped for an update, a unit answers nothing.
    if (entry.what === "unit" && entry.did !== "started") open.length = 0;
    const overdue = open.findIndex((asked) => late(asked, entry.at));
    const [asked] = overdue < 0 ? [] : open.splice(overdue, 1);
    if (asked !== undefined) {
      problems.push(`${timeText(asked.atMs)}: ${asked.by} asked, and was not answered`);
    }
    if (entry.what === "record-stored" && entry.draft.body.type === "visit-ended") {
      ended.set(entry.draft.body.visitRef, entry.at);
    }
    if (entry.what === "turn") problems.push(...decisions.take(entry));
    if (entry.what !== "staff") continue;
    const { by, visitRef, did, refused } = entry;
    if (did === undefined && refused === undefined) {
      open.push({ by, atMs: entry.at, visitRef });
      continue;
    }
    const index = open.findIndex((each) => each.by === by && each.visitRef === visitRef);
    const [request] = index < 0 ? [] : open.splice(index, 1);
    if (did === undefined || request === undefined || visitRef === undefined) continue;
    const endedAtMs = ended.get(visitRef);
    if (endedAtMs !== undefined && endedAtMs < request.atMs) {
      problems.push(`${timeText(entry.at)}: ${by} decided about a visit that was over`);
    }
    if (did !== "admitted") continue;
    const before = admitted.get(visitRef);
    if (before !== undefined) {
      problems.push(`${timeText(entry.at)}: ${by} admitted whom ${before} had admitted already`);
    }
    admitted.set(visitRef, by);
  }
  return problems;
}

/** Follows what was decided about each visit last: a decision by hand is about one that is still open. */
class Decisions {
  /** Visits that are settled until a record takes it back. */
  readonly #settled = new Set<string>();

  /** A decision by hand or by command for somebody else than was meant, or where there was one. */
  take({ at, event, effects }: Extract<TraceEntry, { what: "turn" }>): string[] {
    const meant = meantBy(event);
    const problems: string[] = [];
    for (const effect of effects) {
      if (effect.kind !== "commit-record" || effect.record.body.type !== "visit-decided") continue;
      const { visitRef, decision, authority } = effect.record.body;
      if (meant !== undefined && visitRef !== meant.visitRef) {
        problems.push(
          `${timeText(at)}: ${meant.by} decided about one visit, and another was decided`,
        );
      }
      if (meant !== undefined && this.#settled.has(visitRef)) {
        problems.push(
          `${timeText(at)}: ${meant.by} decided about a visit that was decided already`,
        );
      }
      if (authority !== undefined || decision.outcome === "granted") this.#settled.add(visitRef);
      else this.#settled.delete(visitRef);
    }
    return problems;
  }
}

function meantBy(event: Event): { by: string; visitRef: string | undefined } | undefined {
  if (event.kind === "operator-decided") {
    return { by: event.authority.by, visitRef: event.visitRef };
  }
  if (event.kind !== "commanded" || event.command.name !== "release") return undefined;
  return { by: event.authority.by, visitRef: event.command.visitRef };
}
