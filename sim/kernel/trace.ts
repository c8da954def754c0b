/** The trace of a simulated run: what happened in the world and in the unit, one canonical JSON line each. */
import { canonicalJson } from "../../src/base/canonical-json.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { RecordDraft } from "../../src/core/record.ts";
import type { Contact } from "../../hal/devices.ts";
import type { CommandFlaw } from "../actors/operator.ts";

/** What a simulated person does, seen from outside. */
export type PersonAction =
  | "arrives"
  | "shows"
  | "hides"
  | "lays-card"
  | "takes-card"
  | "opens-door"
  | "walks-through"
  | "closes-door"
  | "leaves";

/** One thing that happened. `at` is monotonic ms since the run began. */
export type TraceEntry = { at: number } & (
  | {
      what: "person";
      visitor: string;
      does: PersonAction;
      /** What of, e.g. which showing; never needed to judge safety. */
      detail?: string;
      /** Whom the visitor's credentials belong to, on arrival. */
      pseudonyms?: readonly string[];
      /** Of their skin, on arrival. */
      skinC?: number;
    }
  | { what: "turn"; event: Event; effects: readonly Effect[] }
  /** The relay's wire, measured at the wire. */
  | { what: "gate-line"; level: 0 | 1 }
  /** A contact as the world moved it. */
  | { what: "contact"; contact: Contact; active: boolean }
  | { what: "record-stored"; seq: number; draft: RecordDraft }
  | { what: "record-refused"; key: string; detail: string }
  /** Something the unit will know after a restart. */
  | { what: "setting-stored"; name: string; value: string }
  /** The broker took a message; a record's has its number. */
  | { what: "broker-took"; topic: string; id: string; seq?: number }
  /** Asked, and answered: `did` and `refused` are of the answer. */
  | {
      what: "staff";
      verdict: "grant" | "deny";
      by: string;
      visitRef?: string;
      did?: string;
      refused?: string;
    }
  /** A command with a flaw must have no effect; one without comes from an authorised key. */
  | { what: "command"; name: string; commandId: string; visitRef?: string; flaw?: CommandFlaw }
  | { what: "command-answered"; commandId: string; result: "done" | "refused" }
  | { what: "world"; change: string; value: string | number | boolean }
  | { what: "fault"; fault: string; phase: "begins" | "ends" }
  /** A unit that is `stopping` no longer answers; it has `stopped` when every part has ended. */
  | { what: "unit"; did: "started" | "stopping" | "stopped" | "lost-power" }
  /** Limits the checks hold the run to. */
  | { what: "limits"; releaseMs: number; hardMaximumMs: number; whenNotCommitted: string }
);

/** An entry without its time, which the trace adds. */
export type TraceEvent = TraceEntry extends infer E
  ? E extends TraceEntry
    ? Omit<E, "at">
    : never
  : never;

/** Collects entries in order. */
export interface Trace {
  note(entry: TraceEvent): void;
  readonly entries: readonly TraceEntry[];
}

/** A trace that dates its entries by the given clock, rounded to microseconds. */
export function createTrace(nowMs: () => number): Trace {
  const entries: TraceEntry[] = [];
  return {
    entries,
    note(entry) {
      entries.push({ at: Math.round(nowMs() * 1_000) / 1_000, ...entry });
    },
  };
}

/** A trace that keeps nothing, for runs without an end. */
export function createNoTrace(): Trace {
  return { entries: [], note() {} };
}

/** The whole trace as lines. */
export function traceLines(entries: readonly TraceEntry[]): string {
  return entries.map((entry) => `${canonicalJson(entry)}\n`).join("");
}

/** Nothing comes from the unit after this. */
export function hasEnded(did: Extract<TraceEntry, { what: "unit" }>["did"]): boolean {
  return did === "stopped" || did === "lost-power";
}
