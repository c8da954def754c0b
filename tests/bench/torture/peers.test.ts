import { describe, expect, it } from "vitest";
import { BRIDGES, OUTBOX, peerStorm, tally } from "../../../bench/torture/peers.ts";

describe("the judge of a storm", () => {
  const told = new Set([1, 2, 3]);

  it.each([
    ["all arrived", [1, 2, 3], { delivered: 3, lost: 0 }],
    ["one that was acknowledged is missing", [1, 3], { delivered: 2, lost: 1 }],
    ["nothing arrived", [], { delivered: 0, lost: 3 }],
    ["another arrived that nobody was told of", [1, 2, 3, 4], { delivered: 3, lost: 0 }],
    ["another arrived in place of one", [1, 2, 4], { delivered: 2, lost: 1 }],
  ])("counts when %s", (_what, arrived, counts) => {
    const result = tally(told, { numbers: new Set(arrived), duplicates: 5 });
    expect(result).toEqual({ acknowledged: 3, duplicates: 5, ...counts });
  });
});

describe("one storm", () => {
  const options = { kills: 2, records: 600, seed: 2 };

  it("takes nothing from the outbox", async () => {
    const result = await peerStorm(OUTBOX, options);
    expect(result).toMatchObject({ acknowledged: 600, delivered: 600, lost: 0 });
  });

  it("is survived by a bridge on the unit, whatever it loses", async () => {
    const { acknowledged, delivered, lost } = await peerStorm(BRIDGES.saving, options);
    expect(acknowledged).toBe(600);
    expect(delivered + lost).toBe(600);
    // The last life ends in peace: what was acknowledged in it has arrived.
    expect(delivered).toBeGreaterThan(100);
  });
});
