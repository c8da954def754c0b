import { describe, expect, it } from "vitest";
import { held, storm, type StormResult } from "../../../bench/torture/crash.ts";

const QUIET: StormResult = {
  asked: 1,
  decided: 1,
  stored: 1,
  lost: [],
  twice: [],
  misattributed: [],
  pending: 0,
  chainFaults: [],
  duplicates: 0,
  killed: { unit: 0, broker: 0, collector: 0 },
  killedAt: {},
  seconds: 0,
};

describe("a storm of kills", () => {
  it("loses nothing and stores nothing twice", async () => {
    const result = await storm({ kills: 6, records: 300, seed: 7 });
    expect(result).toMatchObject({
      decided: 300,
      stored: 300,
      lost: [],
      twice: [],
      misattributed: [],
      pending: 0,
      chainFaults: [],
    });
    expect(held(result)).toBe(true);
    const { unit, broker, collector } = result.killed;
    expect(unit + broker + collector).toBeGreaterThanOrEqual(6);
  });

  it.each<[string, Partial<StormResult>]>([
    ["a lost record", { lost: [3] }],
    ["a record stored twice", { twice: [3] }],
    ["a record under another holder", { misattributed: [3] }],
    ["a record the unit never spoke of", { asked: 2 }],
    ["a record left behind", { pending: 1 }],
    ["a broken chain", { chainFaults: ["unit: missing at 3"] }],
  ])("is not held with %s", (_what, change) => {
    expect(held(QUIET)).toBe(true);
    expect(held({ ...QUIET, ...change })).toBe(false);
  });
});
