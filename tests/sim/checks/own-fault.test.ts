import { describe, expect, it } from "vitest";
import { checkOwnFault } from "../../../sim/checks/own-fault.ts";
import type { TraceEntry } from "../../../sim/kernel/trace.ts";
import type { ReasonCode } from "../../../src/core/reason.ts";
import type { RecordBody } from "../../../src/core/record.ts";
import { NOON_MS } from "../../support/core.ts";

const stored = (at: number, body: RecordBody, wallTrusted = true): TraceEntry => ({
  at,
  what: "record-stored",
  seq: at,
  draft: { key: `key-${at}`, at: { monotonicMs: at, wallMs: NOON_MS + at, wallTrusted }, body },
});

const refusal = (at: number, codes: readonly ReasonCode[], wallTrusted = true): TraceEntry =>
  stored(
    at,
    {
      type: "visit-decided",
      visitRef: `visit-${at}`,
      decision: {
        outcome: "denied",
        reasons: codes.map((code) => ({ code })),
        rules: [],
        policy: { id: "p", version: 1 },
      },
      evidence: [],
      decidedAfterMs: 0,
    },
    wallTrusted,
  );

describe("the check of our own faults", () => {
  const arrives: TraceEntry = { at: 0, what: "person", visitor: "v1", does: "arrives" };

  it("lets a clock in doubt refuse nothing that only the time speaks against", () => {
    expect(checkOwnFault([refusal(10, ["live-code-too-old"])])).toEqual([]);
    expect(checkOwnFault([refusal(10, ["live-code-too-old"], false)])).toHaveLength(1);
    expect(checkOwnFault([refusal(10, ["test-too-old", "clock-untrusted"], false)])).toHaveLength(
      1,
    );
    expect(checkOwnFault([refusal(10, ["code-red", "test-too-old"], false)])).toEqual([]);
  });

  it("finds whoever shows a pass and is refused for a code of somebody else's", () => {
    const entries = [arrives, refusal(10, ["not-a-health-code"])];
    expect(checkOwnFault(entries)).toEqual([]);
    expect(checkOwnFault(entries, new Set(["v1"]))).toHaveLength(1);
    expect(checkOwnFault([arrives, refusal(10, ["code-red"])], new Set(["v1"]))).toEqual([]);
  });
});
