import { describe, expect, it } from "vitest";
import { checkAdmissions, type AdmissionTruth } from "../../../sim/checks/admission.ts";
import { checkTrace } from "../../../sim/checks/checks.ts";
import { checkDelivery } from "../../../sim/checks/records.ts";
import type { TraceEntry } from "../../../sim/kernel/trace.ts";
import type { RecordDraft } from "../../../src/core/record.ts";
import {
  instant,
  LIMITS,
  arrives,
  leaves,
  line,
  draft,
  decided,
  turn,
  GOOD,
  gives,
  obeys,
  RUNS,
  pressed,
  fire,
  asks,
} from "../../support/traces.ts";

describe("the checks of a run", () => {
  it("have nothing to say about a good visit", () => {
    expect(checkTrace(GOOD)).toEqual([]);
  });

  it.each<[string, TraceEntry[], RegExp]>([
    ["a gate that opens by itself", [LIMITS, line(500, 1), line(600, 0)], /without any cause/],
    [
      "a gate that opens after a restart by itself",
      [
        LIMITS,
        pressed(0),
        line(30, 1),
        pressed(90, false),
        line(1_900, 0),
        { ...LIMITS, at: 2_000 },
        line(2_000, 1),
        line(2_100, 0),
      ],
      /2\.000 s: the gate opened without any cause/,
    ],
    [
      "a gate that opens after a refusal",
      [LIMITS, arrives(0, "a"), ...decided(1_000, 1, { outcome: "denied" }), line(1_001, 1)],
      /without any cause/,
    ],
    [
      "a gate that opens twice for one decision",
      [...GOOD.slice(0, 5), line(2_500, 0), line(2_600, 1), line(3_000, 0)],
      /without any cause/,
    ],
    [
      "a gate that opens before the decision is stored",
      [LIMITS, arrives(0, "a"), line(900, 1), ...decided(1_000, 1), line(1_200, 0)],
      /without any cause/,
    ],
    [
      "a gate that opens long after the decision",
      [LIMITS, arrives(0, "a"), ...decided(1_000, 1), line(2_100, 1), line(3_000, 0)],
      /without any cause/,
    ],
    [
      "a release over its limit",
      [...GOOD.slice(0, 5), line(6_300, 0)],
      /open 299 ms longer than its limit/,
    ],
    [
      "a gate that is never locked again",
      GOOD.slice(0, 5).concat(leaves(60_000, "a")),
      /longer than/,
    ],
    [
      "a release by staff nobody gave",
      [
        LIMITS,
        {
          at: 10,
          what: "record-stored",
          seq: 1,
          draft: draft(10, "k", {
            type: "gate-released",
            cause: "operator",
            authority: { by: "x", why: "y" },
          }),
        },
      ],
      /nobody did that/,
    ],
    [
      "a release in a lock-down",
      [
        LIMITS,
        arrives(0, "a"),
        { at: 99, what: "command", name: "lock-down", commandId: "c" },
        turn(100, {
          kind: "commanded",
          command: { name: "lock-down", active: true },
          commandId: "c",
          authority: { by: "d", why: "w" },
          at: instant(100),
          ref: "r",
        }),
        ...decided(1_000, 1),
        line(1_001, 1),
        line(2_000, 0),
      ],
      /during a lock-down/,
    ],
    ["a command nobody gave", [LIMITS, obeys(100)], /nobody gave it/],
    ["a command that was forged", [LIMITS, gives(99, "forged"), obeys(100)], /it was forged/],
    [
      "a command that ran out, with a clock that is right",
      [LIMITS, gives(99, "expired"), obeys(100)],
      /it was expired/,
    ],
    ["a command obeyed twice", [LIMITS, gives(99), obeys(100), obeys(200)], /obeyed twice/],
    [
      "a record stored twice",
      [...GOOD, { at: 7_000, what: "record-stored", seq: 2, draft: storedIn(GOOD) }],
      /stored 2 times/,
    ],
    [
      "a gap in the records",
      [LIMITS, arrives(0, "a"), ...decided(1, 1), ...decided(2, 3)],
      /follows/,
    ],
    [
      "a decision that is written nowhere",
      [...GOOD, ...decided(8_000, 2).slice(0, 1), { at: 20_000, what: "unit", did: "stopped" }],
      /neither stored nor refused/,
    ],
    [
      "a decision written down a second time",
      [...GOOD, ...again(8_000, 2, GOOD)],
      /a decision was written down a second time/,
    ],
    [
      "a way out that stays shut after the exit button",
      [...RUNS, pressed(10_000), { at: 11_001, what: "unit", did: "stopped" }],
      /10\.000 s: the way out stayed shut after the exit button/,
    ],
    [
      "a way out that shuts again in a fire",
      [...RUNS, fire(10_000, true), line(10_030, 1), line(14_000, 0), line(15_001, 1)],
      /14\.000 s: the way out stayed shut in a fire/,
    ],
    [
      "somebody else's credential",
      [LIMITS, arrives(0, "a"), ...decided(1_000, 1, { holder: "b" })],
      /somebody else's credential/,
    ],
    [
      "evidence of the visitor before",
      [
        LIMITS,
        arrives(0, "a"),
        leaves(400, "a"),
        arrives(500, "b"),
        ...decided(1_000, 1, { observedAt: 300 }),
      ],
      /b was judged by temperature of a/,
    ],
    [
      "another body's warmth",
      [LIMITS, arrives(0, "a", 38.5), ...decided(1_000, 1, { estimateC: 36.4 })],
      /has 38.5 °C and was judged by 36.4 °C/,
    ],
  ])("find %s", (_what, entries, complaint) => {
    expect(checkTrace(entries).join("\n")).toMatch(complaint);
  });

  it.each<[string, TraceEntry[]]>([
    ["the exit button", [LIMITS, pressed(100), line(130, 1), line(4_130, 0)]],
    [
      "an exit button that is held down through a restart",
      [
        LIMITS,
        pressed(100),
        line(130, 1),
        line(2_000, 0),
        { at: 2_000, what: "unit", did: "stopped" },
        { ...LIMITS, at: 2_000 },
        line(2_000, 1),
        line(6_000, 0),
      ],
    ],
    [
      "a fire, however long it lasts",
      [LIMITS, fire(100, true), line(130, 1), fire(90_000, false), line(93_900, 0)],
    ],
    [
      "staff who overrule",
      [
        LIMITS,
        arrives(0, "a"),
        asks(900, "visit-1"),
        ...decided(1_000, 1, { authority: { by: "nurse", why: "measured" } }),
        line(1_001, 1),
        { ...asks(1_002, "visit-1"), did: "admitted" },
        line(5_001, 0),
      ],
    ],
  ])("let %s open the gate", (_what, entries) => {
    expect(checkTrace(entries)).toEqual([]);
  });
});

describe("the checks of the way out", () => {
  it.each<[string, TraceEntry[]]>([
    ["a gate that opens in time", [pressed(10_000), line(10_900, 1), line(14_900, 0)]],
    ["a gate that was open already", [pressed(10_000), line(14_000, 0)]],
    [
      "a unit that is about to stop",
      [{ at: 9_000, what: "unit", did: "stopping" }, pressed(10_000)],
    ],
    ["a unit without power", [{ at: 9_000, what: "unit", did: "lost-power" }, pressed(10_000)]],
    [
      "a relay that refuses",
      [{ at: 9_000, what: "fault", fault: "relay-refuses", phase: "begins" }, pressed(10_000)],
    ],
    [
      "a guard that has just died",
      [{ at: 9_000, what: "fault", fault: "guard-lost", phase: "begins" }, fire(10_000, true)],
    ],
  ])("excuse %s", (what, entries) => {
    const before = what.endsWith("already") ? [line(9_500, 1)] : [];
    const trace = [...RUNS, ...before, ...entries, line(14_950, 1)];
    const found = checkTrace(trace).filter((problem) => problem.includes("way out"));
    expect(found).toEqual([]);
  });
});

describe("the checks of who was let in", () => {
  const truth: AdmissionTruth = {
    unfit: new Map([
      ["feverish", { why: "a fever" }],
      ["late", { why: "too old a test", dated: true }],
    ]),
    sharing: new Set(["a", "b"]),
    reuseWindowMs: 300_000,
  };
  const clockError = (at: number, value: number): TraceEntry => ({
    at,
    what: "world",
    change: "clock-error",
    value,
  });

  it.each<[string, TraceEntry[], string[]]>([
    ["with a fever", [arrives(0, "feverish"), ...decided(900, 1)], ["with a fever"]],
    ["with too old a test", [arrives(0, "late"), ...decided(900, 1)], ["with too old a test"]],
    [
      "with too old a test that a wrong clock took for new",
      [clockError(0, -9e7), arrives(1, "late"), ...decided(900, 1)],
      [],
    ],
    [
      "by staff",
      [arrives(0, "feverish"), ...decided(900, 1, { authority: { by: "n", why: "w" } })],
      [],
    ],
    [
      "while the clock is not to be trusted",
      [
        { at: 0, what: "world", change: "clock-trusted", value: false },
        arrives(0, "c"),
        ...decided(900, 1),
        { at: 2_000, what: "world", change: "clock-trusted", value: true },
        ...decided(2_100, 2),
      ],
      ["by an untrusted clock"],
    ],
    [
      "with a code that had let somebody in",
      [arrives(0, "a"), ...decided(900, 1), arrives(5_000, "b"), ...decided(300_899, 2)],
      ["used already"],
    ],
    [
      "with a code that may be used again",
      [arrives(0, "a"), ...decided(900, 1), arrives(5_000, "b"), ...decided(300_900, 2)],
      [],
    ],
  ])("judge somebody let in %s", (_how, entries, complaints) => {
    const found = checkAdmissions(entries, truth);
    expect(found).toHaveLength(complaints.length);
    for (const complaint of complaints) expect(found.join("\n")).toContain(complaint);
  });
});

describe("the check of what arrived", () => {
  const took = (at: number, seq: number): TraceEntry => ({
    at,
    what: "broker-took",
    topic: "t",
    id: `u/${seq}`,
    seq,
  });

  it("excuses what was on its way when the power went, each time, and nothing else", () => {
    const dark = (at: number): TraceEntry => ({ at, what: "unit", did: "lost-power" });
    const lost = (at: number, number: number): TraceEntry[] => decided(at, number).slice(0, 1);
    const trace = [...lost(1_000, 1), dark(2_000), ...lost(30_000, 2), dark(31_000), dark(90_000)];
    const nowhere = (entries: TraceEntry[]): string[] =>
      checkTrace(entries).filter((problem) => problem.includes("neither stored nor refused"));
    expect(nowhere(trace)).toEqual([]);
    expect(nowhere([...trace.slice(0, 2), ...lost(20_000, 3), ...trace.slice(2)])).toHaveLength(1);
  });

  it("finds a record that left its outbox and is nowhere", () => {
    const end: TraceEntry = { at: 60_000, what: "unit", did: "stopped" };
    const stored = [...decided(1_000, 1), ...decided(2_000, 2), ...decided(59_500, 3)];
    expect(checkDelivery([...stored, took(3_000, 1), took(4_000, 1), end])).toEqual([
      "2.000 s: record 2 is in no outbox and never arrived",
    ]);
    expect(checkDelivery([...stored, took(3_000, 1), took(4_000, 2), end])).toEqual([]);
  });
});

/** The same decision under another key. */
function again(at: number, seq: number, entries: readonly TraceEntry[]): TraceEntry[] {
  const record = { ...storedIn(entries), key: `key-${seq}` };
  const event = { kind: "presence-changed" as const, present: true, at: instant(at), ref: "r" };
  return [
    { at, what: "turn", event, effects: [{ kind: "commit-record", record }] },
    { at, what: "record-stored", seq, draft: record },
  ];
}

function storedIn(entries: readonly TraceEntry[]): RecordDraft {
  const stored = entries.find((entry) => entry.what === "record-stored");
  if (stored?.what !== "record-stored") throw new Error("nothing was stored");
  return stored.draft;
}
