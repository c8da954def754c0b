/** Makers of trace entries: what a simulated run would have noted. */
import type { CommandFlaw } from "../../sim/actors/operator.ts";
import type { TraceEntry } from "../../sim/kernel/trace.ts";
import type { RecordBody, RecordDraft } from "../../src/core/record.ts";
import { NOON_MS, piece, warmth } from "./core.ts";

export const instant = (at: number) => ({
  monotonicMs: at,
  wallMs: NOON_MS + at,
  wallTrusted: true,
});

export const LIMITS: TraceEntry = {
  at: 0,
  what: "limits",
  releaseMs: 4_000,
  hardMaximumMs: 10_000,
  whenNotCommitted: "refer",
};

export function arrives(at: number, visitor: string, skinC = 36.5): TraceEntry {
  return { at, what: "person", visitor, does: "arrives", pseudonyms: [visitor], skinC };
}

export const leaves = (at: number, visitor: string): TraceEntry => ({
  at,
  what: "person",
  visitor,
  does: "leaves",
});

export const line = (at: number, level: 0 | 1): TraceEntry => ({ at, what: "gate-line", level });

export function draft(at: number, key: string, body: RecordBody, holder?: string): RecordDraft {
  const made: RecordDraft = { key, at: instant(at), body };
  if (holder !== undefined) made.personal = { holderPseudonym: holder };
  return made;
}

/** A decision as the unit makes it: shown, decided, stored. */
export function decided(
  at: number,
  seq: number,
  change: {
    outcome?: "granted" | "denied";
    holder?: string;
    observedAt?: number;
    estimateC?: number;
    authority?: { by: string; why: string };
  } = {},
): TraceEntry[] {
  const visitRef = `visit-${seq}`;
  const observedAt = instant(change.observedAt ?? at);
  const record = draft(
    at,
    `key-${seq}`,
    {
      type: "visit-decided",
      visitRef,
      decision: {
        outcome: change.outcome ?? "granted",
        reasons: [],
        rules: [],
        policy: { id: "p", version: 1 },
      },
      evidence: [
        { ...piece({ kind: "code-colour", colour: "green" }), observedAt },
        { ...warmth(change.estimateC ?? 36.5), observedAt },
      ],
      decidedAfterMs: 0,
      ...(change.authority === undefined ? {} : { authority: change.authority }),
    },
    change.holder,
  );
  return [
    {
      at,
      what: "turn",
      event: { kind: "presence-changed", present: true, at: instant(at), ref: visitRef },
      effects: [{ kind: "commit-record", record }],
    },
    { at, what: "record-stored", seq, draft: record },
  ];
}

export function turn(
  at: number,
  event: Extract<TraceEntry, { what: "turn" }>["event"],
): TraceEntry {
  return { at, what: "turn", event, effects: [] };
}

export const GOOD: TraceEntry[] = [
  LIMITS,
  arrives(1_000, "a"),
  ...decided(2_000, 1, { holder: "a" }),
  line(2_001, 1),
  line(6_001, 0),
  leaves(6_500, "a"),
];

export const gives = (at: number, flaw?: CommandFlaw): TraceEntry => ({
  at,
  what: "command",
  name: "message",
  commandId: "c",
  ...(flaw === undefined ? {} : { flaw }),
});

export const obeys = (at: number): TraceEntry =>
  turn(at, {
    kind: "commanded",
    command: { name: "message", text: "hello", forMs: 1_000 },
    commandId: "c",
    authority: { by: "d", why: "w" },
    at: instant(at),
    ref: `r-${at}`,
  });

export const RUNS: TraceEntry[] = [LIMITS, { at: 0, what: "unit", did: "started" }];
export const pressed = (at: number, active = true): TraceEntry => ({
  at,
  what: "contact",
  contact: "exit-request",
  active,
});
export const fire = (at: number, active: boolean): TraceEntry => ({
  at,
  what: "contact",
  contact: "fire",
  active,
});

export type Staff = Extract<TraceEntry, { what: "staff" }>;
export const asks = (at: number, visitRef: string): Staff => ({
  at,
  what: "staff",
  verdict: "grant",
  by: "li",
  visitRef,
});
