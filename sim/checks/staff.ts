/** Safety of what staff decide: about the visit they meant, once, and always answered. */
import type { Event } from "../../src/core/event.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** The policy's bound for a record, the gate's deadline after it, and a second for both ways. */
const ANSWERED_WITHIN_MS = 3_000;

type StaffEntry = Extract<TraceEntry, { what: "staff" }>;

/** Every request of staff that went wrong. */
export function checkStaff(entries: readonly TraceEntry[]): string[] {
  const requests = new Requests();
  const decisions = new DecisionsByHand(visitsMeant(entries));
  return entries.flatMap((entry) => [...requests.take(entry), ...decisions.take(entry)]);
}

/** Follows each request to its answer: in time, about a visit that stood, and one admission a visit. */
class Requests {
  /** Without an answer yet. */
  readonly #open: StaffEntry[] = [];
  readonly #endedAtMs = new Map<string, number>();
  /** Who admitted the visitor of a visit. */
  readonly #admittedBy = new Map<string, string>();

  take(entry: TraceEntry): string[] {
    // Without power, or stopped for an update, a unit answers nothing.
    if (entry.what === "unit" && entry.did !== "started") this.#open.length = 0;
    const problems = this.#overdue(entry.at);
    if (entry.what === "record-stored" && entry.draft.body.type === "visit-ended") {
      this.#endedAtMs.set(entry.draft.body.visitRef, entry.at);
    }
    if (entry.what !== "staff") return problems;
    if (isRequest(entry)) this.#open.push(entry);
    else problems.push(...this.#answered(entry));
    return problems;
  }

  #overdue(nowMs: number): string[] {
    const [oldest] = this.#open;
    if (oldest === undefined || nowMs - oldest.at <= ANSWERED_WITHIN_MS) return [];
    this.#open.shift();
    return [`${timeText(oldest.at)}: ${oldest.by} asked, and was not answered`];
  }

  #answered({ at, by, visitRef, did }: StaffEntry): string[] {
    const index = this.#open.findIndex((each) => each.by === by && each.visitRef === visitRef);
    const [request] = index < 0 ? [] : this.#open.splice(index, 1);
    if (did === undefined || request === undefined || visitRef === undefined) return [];
    const problems: string[] = [];
    const endedAtMs = this.#endedAtMs.get(visitRef);
    if (endedAtMs !== undefined && endedAtMs < request.at) {
      problems.push(`${timeText(at)}: ${by} decided about a visit that was over`);
    }
    if (did !== "admitted") return problems;
    const before = this.#admittedBy.get(visitRef);
    if (before !== undefined) {
      problems.push(
        `${timeText(at)}: ${by} admitted a visitor whom ${before} had admitted already`,
      );
    }
    this.#admittedBy.set(visitRef, by);
    return problems;
  }
}

const isRequest = ({ did, refused }: StaffEntry): boolean =>
  did === undefined && refused === undefined;

/** Follows the decisions about each visit: one by hand is about a visit that was meant and is open. */
class DecisionsByHand {
  /** Visits that staff or a command may have decided about. */
  readonly #meant: ReadonlySet<string>;
  /** Visits that are settled until a record revises them. */
  readonly #settled = new Set<string>();

  constructor(meant: ReadonlySet<string>) {
    this.#meant = meant;
  }

  take(entry: TraceEntry): string[] {
    if (entry.what === "turn") return this.#decided(entry);
    if (entry.what !== "record-stored") return [];
    const { body } = entry.draft;
    if (body.type !== "visit-decided" || body.authority === undefined) return [];
    if (this.#meant.has(body.visitRef)) return [];
    return [`${timeText(entry.at)}: a record names staff for a visit they did not decide about`];
  }

  #decided({ at, event, effects }: Extract<TraceEntry, { what: "turn" }>): string[] {
    const request = requestOf(event);
    const problems: string[] = [];
    for (const effect of effects) {
      if (effect.kind !== "commit-record" || effect.record.body.type !== "visit-decided") continue;
      const { visitRef, decision, authority } = effect.record.body;
      if (request !== undefined && visitRef !== request.visitRef) {
        problems.push(
          `${timeText(at)}: ${request.by} decided about one visit, and another was decided`,
        );
      }
      if (request !== undefined && this.#settled.has(visitRef)) {
        problems.push(
          `${timeText(at)}: ${request.by} decided about a visit that was decided already`,
        );
      }
      if (authority !== undefined || decision.outcome === "granted") this.#settled.add(visitRef);
      else this.#settled.delete(visitRef);
    }
    return problems;
  }
}

/** Who decides by this event, and about which visit. */
function requestOf(event: Event): { by: string; visitRef: string | undefined } | undefined {
  if (event.kind === "operator-decided") {
    return { by: event.authority.by, visitRef: event.visitRef };
  }
  if (event.kind !== "commanded" || event.command.name !== "release") return undefined;
  return { by: event.authority.by, visitRef: event.command.visitRef };
}

/** Every visit that staff, or a command without a flaw, named. */
function visitsMeant(entries: readonly TraceEntry[]): Set<string> {
  const meant = new Set<string>();
  for (const entry of entries) {
    const named =
      entry.what === "staff" || (entry.what === "command" && entry.flaw === undefined)
        ? entry.visitRef
        : entry.what === "turn" && entry.event.kind === "commanded"
          ? requestOf(entry.event)?.visitRef
          : undefined;
    if (named !== undefined) meant.add(named);
  }
  return meant;
}
