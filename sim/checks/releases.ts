/** The record is what happened: what it says was opened did open, or is corrected; staff are answered. */
import type { RecordBody } from "../../src/core/record.ts";
import { hasEnded, type TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";
import { isWithdrawal } from "./records.ts";

/** The gate's own deadline, the wire, and a correction that is drafted then. */
const WITHIN_MS = 1_500;
/** The longest wait for a record, and the gate's deadline after it. */
const ANSWERED_WITHIN_MS = 3_000;

/** Every record of an opening that did not come, and everybody who was left without an answer. */
export function checkReleases(entries: readonly TraceEntry[]): string[] {
  const facts = factsOf(entries);
  const problems: string[] = [];
  for (const entry of entries) {
    if (entry.what === "record-stored") {
      const { body } = entry.draft;
      const claimed = claimOf(body);
      if (claimed !== undefined && !facts.holds(claimed, entry.at)) {
        problems.push(`${timeText(entry.at)}: a record says that the gate opened, and it did not`);
      }
      if (isOverruled(body) && !facts.decidedAbout.has(body.visitRef)) {
        problems.push(`${timeText(entry.at)}: staff are said to have decided about another visit`);
      }
    }
    if (entry.what === "staff" && isQuestion(entry) && !facts.answered(entry)) {
      problems.push(`${timeText(entry.at)}: ${entry.by} got no answer`);
    }
  }
  return problems;
}

/** What a record says about the gate, by what a correction would name. */
function claimOf(body: RecordBody): string | undefined {
  if (body.type === "gate-released") return body.releaseRef;
  if (body.type !== "visit-decided" || body.decision.outcome !== "granted") return undefined;
  return body.visitRef;
}

function isOverruled(body: RecordBody): body is Extract<RecordBody, { type: "visit-decided" }> {
  return body.type === "visit-decided" && body.authority !== undefined;
}

type Staff = Extract<TraceEntry, { what: "staff" }>;
const isQuestion = ({ did, refused }: Staff): boolean => did === undefined && refused === undefined;

class Facts {
  readonly up: { fromMs: number; untilMs: number }[] = [];
  readonly corrected = new Set<string>();
  readonly decidedAbout = new Set<string>();
  readonly answers: Staff[] = [];
  readonly ends: number[] = [];

  /** The gate was open about then, the record was corrected, or the unit had no time to do either. */
  holds(claimed: string, atMs: number): boolean {
    if (this.corrected.has(claimed)) return true;
    const opened = this.up.some(
      ({ fromMs, untilMs }) => fromMs <= atMs + WITHIN_MS && untilMs >= atMs - 1,
    );
    return opened || this.#ended(atMs, WITHIN_MS);
  }

  answered({ at, by, visitRef }: Staff): boolean {
    const answer = this.answers.some(
      (each) =>
        each.by === by &&
        each.visitRef === visitRef &&
        each.at >= at &&
        each.at <= at + ANSWERED_WITHIN_MS,
    );
    return answer || this.#ended(at, ANSWERED_WITHIN_MS);
  }

  #ended(atMs: number, withinMs: number): boolean {
    return this.ends.some((endMs) => endMs >= atMs - 1 && endMs <= atMs + withinMs);
  }
}

function factsOf(entries: readonly TraceEntry[]): Facts {
  const facts = new Facts();
  let upSinceMs: number | undefined;
  const endMs = entries.at(-1)?.at ?? 0;
  for (const entry of entries) {
    if (entry.what === "gate-line") {
      if (entry.level === 1) upSinceMs ??= entry.at;
      else if (upSinceMs !== undefined) {
        facts.up.push({ fromMs: upSinceMs, untilMs: entry.at });
        upSinceMs = undefined;
      }
    }
    if (entry.what === "unit" && hasEnded(entry.did)) facts.ends.push(entry.at);
    if (entry.what === "command" && entry.visitRef !== undefined && entry.flaw === undefined) {
      facts.decidedAbout.add(entry.visitRef);
    }
    if (entry.what === "staff") {
      if (entry.visitRef !== undefined) facts.decidedAbout.add(entry.visitRef);
      if (!isQuestion(entry)) facts.answers.push(entry);
    }
    if (entry.what === "turn") noteCorrections(facts, entry);
  }
  if (upSinceMs !== undefined) facts.up.push({ fromMs: upSinceMs, untilMs: endMs });
  facts.ends.push(endMs);
  return facts;
}

function noteCorrections(facts: Facts, { event, effects }: Extract<TraceEntry, { what: "turn" }>) {
  if (event.kind === "commanded" && event.command.name === "release") {
    if (event.command.visitRef !== undefined) facts.decidedAbout.add(event.command.visitRef);
  }
  for (const effect of effects) {
    if (effect.kind !== "commit-record") continue;
    const { body } = effect.record;
    if (body.type === "gate-not-released") {
      for (const ref of [body.releaseRef, body.visitRef])
        if (ref !== undefined) facts.corrected.add(ref);
    }
    if (body.type === "visit-decided" && isWithdrawal(body.decision)) {
      facts.corrected.add(body.visitRef);
    }
  }
}
