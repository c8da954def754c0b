import { describe, expect, it } from "vitest";
import { held, siege, type SiegeResult } from "../../../bench/torture/wire.ts";

const QUIET: SiegeResult = {
  thrown: { mqtt: 1, serial: 1, frames: 1, codes: 1, http: 1 },
  opened: { releases: 0, grants: 0, commands: 0, sets: 0 },
  believed: 0,
  readDespiteTail: 0,
  setsRefused: 1,
  crashes: [],
  slowestHealthMs: 10,
  unhealthy: 0,
  heapEarlyMb: 40,
  heapLateMb: 41,
  goodVisitorEntered: true,
};

describe("a unit under hostile input", () => {
  it("opens to nobody, goes on, and lets the next good visitor in", async () => {
    const result = await siege(4, 7);
    expect(result.opened).toEqual({ releases: 0, grants: 0, commands: 0, sets: 0 });
    expect(result.believed).toBe(0);
    expect(result.setsRefused).toBeGreaterThan(0);
    expect(result.crashes).toEqual([]);
    expect(result.unhealthy).toBe(0);
    expect(result.goodVisitorEntered).toBe(true);
    expect(Math.min(...Object.values(result.thrown))).toBeGreaterThan(0);
  });

  it.each<[string, Partial<SiegeResult>]>([
    ["a release", { opened: { releases: 1, grants: 0, commands: 0, sets: 0 } }],
    ["a forged command", { opened: { releases: 0, grants: 0, commands: 1, sets: 0 } }],
    ["a forged set of data", { opened: { releases: 0, grants: 0, commands: 0, sets: 1 } }],
    ["a forged pass", { believed: 1 }],
    ["an exception", { crashes: ["TypeError"] }],
    ["a hang", { slowestHealthMs: 5_000 }],
    ["memory that grows", { heapLateMb: 64 }],
    ["a door that stays shut afterwards", { goodVisitorEntered: false }],
  ])("is not held with %s", (_what, change) => {
    expect(held(QUIET)).toBe(true);
    expect(held({ ...QUIET, ...change })).toBe(false);
  });
});
