import { describe, expect, it } from "vitest";
import { checkStaff } from "../../../sim/checks/staff.ts";
import type { TraceEntry } from "../../../sim/kernel/trace.ts";
import type { RecordBody } from "../../../src/core/record.ts";
import { NOON_MS } from "../../support/core.ts";
import { arrives, asks, decided as decidedBy, line, LIMITS } from "../../support/traces.ts";

type Staff = Extract<TraceEntry, { what: "staff" }>;

const staff = (at: number, by: string, more: Partial<Staff> = {}): TraceEntry => ({
  at,
  what: "staff",
  verdict: "grant",
  by,
  visitRef: "visit-1",
  ...more,
});

const stored = (at: number, body: RecordBody, wallTrusted = true): TraceEntry => ({
  at,
  what: "record-stored",
  seq: at,
  draft: { key: `key-${at}`, at: { monotonicMs: at, wallMs: NOON_MS + at, wallTrusted }, body },
});

const ended = (at: number): TraceEntry =>
  stored(at, { type: "visit-ended", visitRef: "visit-1", ending: "taken" });

describe("the check of what staff decide", () => {
  it.each<[string, TraceEntry[]]>([
    ["nothing", []],
    ["a decision", [staff(10, "a"), staff(20, "a", { did: "admitted" })]],
    [
      "two at once, of whom one is refused",
      [
        staff(10, "a"),
        staff(12, "b"),
        staff(20, "a", { did: "admitted" }),
        staff(21, "b", { refused: "already-decided" }),
      ],
    ],
    [
      "a decision that was asked for before the visit ended",
      [staff(10, "a"), ended(15), staff(20, "a", { did: "admitted" })],
    ],
    [
      "a question that the power cut left open",
      [staff(10, "a"), { at: 20, what: "unit", did: "lost-power" }, staff(9_000, "b")],
    ],
  ])("has nothing to say about %s", (_what, entries) => {
    expect(checkStaff(entries)).toEqual([]);
  });

  it.each<[string, TraceEntry[], RegExp]>([
    ["no answer", [staff(10, "a"), ended(9_000)], /a asked, and was not answered/],
    [
      "a visit that was over",
      [ended(5), staff(10, "a"), staff(20, "a", { did: "admitted" })],
      /a decided about a visit that was over/,
    ],
    [
      "two who both admit one visitor",
      [
        staff(10, "a"),
        staff(12, "b"),
        staff(20, "a", { did: "admitted" }),
        staff(21, "b", { did: "admitted" }),
      ],
      /b admitted a visitor whom a had admitted already/,
    ],
    [
      "a record that names staff for a visit they did not decide about",
      [
        LIMITS,
        arrives(1_000, "a"),
        asks(1_900, "visit-9"),
        { ...asks(2_000, "visit-9"), did: "admitted" },
        ...decidedBy(2_000, 1, { holder: "a", authority: { by: "li", why: "known" } }),
        line(2_001, 1),
        line(6_001, 0),
      ],
      /names staff for a visit they did not decide about/,
    ],
  ])("finds %s", (_what, entries, problem) => {
    expect(checkStaff(entries)).toEqual([expect.stringMatching(problem)]);
  });
});

describe("the check of whom a decision by hand is about", () => {
  const authority = { by: "a", why: "known here" };
  const decided = (visitRef: string, about?: string): TraceEntry => ({
    at: 10,
    what: "turn",
    event: {
      kind: "operator-decided",
      verdict: "grant",
      authority,
      ...(about === undefined ? {} : { visitRef: about }),
      at: { monotonicMs: 10, wallMs: NOON_MS + 10, wallTrusted: true },
      ref: "request-1",
    },
    effects: [
      {
        kind: "commit-record",
        record: {
          key: "request-1/0",
          at: { monotonicMs: 10, wallMs: NOON_MS + 10, wallTrusted: true },
          body: {
            type: "visit-decided",
            visitRef,
            decision: {
              outcome: "granted",
              reasons: [],
              rules: [],
              policy: { id: "p", version: 1 },
            },
            authority,
            evidence: [],
            decidedAfterMs: 0,
          },
        },
      },
    ],
  });

  it.each<[string, string | undefined, number]>([
    ["the visit that was meant", "visit-1", 0],
    ["another visit", "visit-2", 1],
    ["a visit, where none was meant", undefined, 1],
  ])("judges %s", (_what, about, problems) => {
    expect(checkStaff([decided("visit-1", about)])).toHaveLength(problems);
  });

  it("finds one about a visit that was decided already", () => {
    const first = decided("visit-1", "visit-1");
    const other = decided("visit-2", "visit-2");
    expect(checkStaff([first, other])).toEqual([]);
    expect(checkStaff([first, first])).toEqual([
      expect.stringMatching(/a decided about a visit that was decided already/),
    ]);
  });
});
