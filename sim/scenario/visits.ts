/** Reads the visits of a run out of its trace: who came, what was decided, what the gate did. */
import type { AlarmKind } from "../../src/core/alarm.ts";
import type { Decision } from "../../src/core/decision/decision.ts";
import type { CredentialKind, Evidence } from "../../src/core/evidence/evidence.ts";
import type { RecordBody, VisitEnding } from "../../src/core/record.ts";
import type { Instant } from "../../src/core/time.ts";
import type { TraceEntry } from "../kernel/trace.ts";

/** One decision of a visit; staff may add further ones. */
export interface TracedDecision {
  decision: Decision;
  at: Instant;
  evidence: readonly Evidence[];
  credentialKind?: CredentialKind;
  /** Set when staff decided. */
  by?: string;
}

/** A visit as the trace tells it. Times are monotonic ms since the run began. */
export interface TracedVisit {
  visitRef: string;
  openedAtMs: number;
  decisions: TracedDecision[];
  committedAtMs?: number;
  gateUpAtMs?: number;
  gateDownAtMs?: number;
  ending?: VisitEnding;
  /** Sequence numbers of its records. */
  seqs: number[];
}

/** Somebody's coming, with every visit the unit made of it. */
export interface Coming {
  visitor: string;
  arrivedAtMs: number;
  shownAtMs?: number;
  leftAtMs?: number;
  walkedThrough: boolean;
  visits: TracedVisit[];
  alarms: AlarmKind[];
}

/** What the whole trace tells. */
export interface Chronicle {
  comings: Coming[];
  /** Times the gate's line went up. */
  releases: number;
  alarmsRaised: AlarmKind[];
  alarmsStanding: AlarmKind[];
  storedSeqs: number[];
  /** Every record's arrival at the broker, duplicates included. */
  arrivedSeqs: number[];
}

/** Goes through a trace once. */
export function chronicleOf(entries: readonly TraceEntry[]): Chronicle {
  const reader = new Reader();
  for (const entry of entries) reader.take(entry);
  return reader.chronicle();
}

class Reader {
  readonly #comings: Coming[] = [];
  readonly #visits = new Map<string, TracedVisit>();
  readonly #raised: AlarmKind[] = [];
  readonly #standing = new Map<string, AlarmKind>();
  readonly #stored: number[] = [];
  readonly #arrivedSeqs: number[] = [];
  #releases = 0;
  #lineUp = false;
  #releasing: TracedVisit | undefined;

  take(entry: TraceEntry): void {
    switch (entry.what) {
      case "person":
        return this.#person(entry);
      case "turn":
        return this.#turn(entry);
      case "gate-line":
        return this.#gateLine(entry.level, entry.at);
      case "record-stored":
        return this.#recorded(entry.seq, entry.draft.body, entry.at);
      case "broker-took":
        if (entry.seq !== undefined) this.#arrivedSeqs.push(entry.seq);
        return;
      case "contact":
      case "record-refused":
      case "setting-stored":
      case "staff":
      case "command":
      case "command-answered":
      case "world":
      case "fault":
      case "unit":
      case "limits":
    }
  }

  chronicle(): Chronicle {
    return {
      comings: this.#comings,
      releases: this.#releases,
      alarmsRaised: this.#raised,
      alarmsStanding: [...this.#standing.values()],
      storedSeqs: this.#stored,
      arrivedSeqs: this.#arrivedSeqs,
    };
  }

  #person(entry: Extract<TraceEntry, { what: "person" }>): void {
    if (entry.does === "arrives") {
      this.#comings.push({
        visitor: entry.visitor,
        arrivedAtMs: entry.at,
        walkedThrough: false,
        visits: [],
        alarms: [],
      });
      return;
    }
    const coming = this.#comings.findLast((each) => each.visitor === entry.visitor);
    if (coming === undefined) return;
    if (entry.does === "shows" || entry.does === "lays-card") coming.shownAtMs ??= entry.at;
    if (entry.does === "walks-through") coming.walkedThrough = true;
    if (entry.does === "leaves") coming.leftAtMs = entry.at;
  }

  #turn({ event, effects, at }: Extract<TraceEntry, { what: "turn" }>): void {
    for (const effect of effects) {
      if (effect.kind === "release-gate") {
        const visit = effect.visitRef === undefined ? undefined : this.#visit(effect.visitRef, at);
        this.#releasing = visit;
        // A line that is up already does not go up again.
        if (this.#lineUp && visit !== undefined) visit.gateUpAtMs = at;
      }
      if (effect.kind === "commit-record") this.#drafted(effect.record.body, event.at, at);
    }
  }

  #drafted(body: RecordBody, at: Instant, atMs: number): void {
    switch (body.type) {
      case "visit-decided": {
        const { decision, evidence, credentialKind, authority } = body;
        this.#visit(body.visitRef, atMs).decisions.push({
          decision,
          at,
          evidence,
          ...(credentialKind === undefined ? {} : { credentialKind }),
          ...(authority === undefined ? {} : { by: authority.by }),
        });
        return;
      }
      case "visit-ended":
        this.#visit(body.visitRef, atMs).ending = body.ending;
        return;
      case "alarm-raised":
        this.#raised.push(body.alarm);
        this.#standing.set(`${body.alarm}:${body.subject ?? ""}`, body.alarm);
        this.#comings.at(-1)?.alarms.push(body.alarm);
        return;
      case "alarm-cleared":
        this.#standing.delete(`${body.alarm}:${body.subject ?? ""}`);
        return;
      case "gate-released":
      case "gate-not-released":
      case "exit-repeated":
      case "mode-changed":
      case "command-handled":
      case "policy-changed":
      case "clock-stepped":
      case "database-replaced":
    }
  }

  #recorded(seq: number, body: RecordBody, atMs: number): void {
    this.#stored.push(seq);
    if (body.type !== "visit-decided" && body.type !== "visit-ended") return;
    const visit = this.#visits.get(body.visitRef);
    visit?.seqs.push(seq);
    if (visit !== undefined && body.type === "visit-decided") visit.committedAtMs = atMs;
  }

  #gateLine(level: 0 | 1, atMs: number): void {
    this.#lineUp = level === 1;
    if (level === 1) {
      this.#releases += 1;
      if (this.#releasing !== undefined) this.#releasing.gateUpAtMs = atMs;
      return;
    }
    if (this.#releasing !== undefined) this.#releasing.gateDownAtMs = atMs;
    this.#releasing = undefined;
  }

  /** A visit by its reference; a new one belongs to whoever came last. */
  #visit(visitRef: string, atMs: number): TracedVisit {
    const known = this.#visits.get(visitRef);
    if (known !== undefined) return known;
    const visit: TracedVisit = { visitRef, openedAtMs: atMs, decisions: [], seqs: [] };
    this.#visits.set(visitRef, visit);
    this.#comings.at(-1)?.visits.push(visit);
    return visit;
  }
}
