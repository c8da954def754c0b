import { describe, expect, it } from "vitest";
import { ATTACKS, gateStorm, held, type GateRow } from "../../../bench/torture/gate.ts";

const ROW: GateRow = { attack: "a", rounds: 1, hitUp: 1, upMs: [500], late: 0, raisedAgain: 0 };

describe("unit and guard under attack", { timeout: 120_000 }, () => {
  it("have the line down in time, and leave it there", async () => {
    const rows = await gateStorm({ rounds: 1, seed: 5, maximumMs: 1_000 });
    expect(rows.map(({ attack }) => attack)).toEqual(ATTACKS.map(({ name }) => name));
    expect(rows.filter((row) => !held(row))).toEqual([]);
  });

  it.each<[string, Partial<GateRow>]>([
    ["a line that was up too long", { late: 1 }],
    ["a line that rose again", { raisedAgain: 1 }],
  ])("are not held with %s", (_what, change) => {
    expect(held(ROW)).toBe(true);
    expect(held({ ...ROW, ...change })).toBe(false);
  });
});
