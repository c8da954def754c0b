import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { GALLERY, GALLERY_PEOPLE } from "../../sim/demo/gallery.ts";
import { loadFields } from "../../sim/scenario/load.ts";
import { runScenario } from "../../sim/scenario/run.ts";
import { traceLines } from "../../sim/kernel/trace.ts";

const engine = createInlineEngine({ cacheFrames: 4_000, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

/** Everybody of the gallery again and again for an hour, on an afternoon with some trouble. */
const HOUR = {
  name: "an hour",
  unit: { camera: { width: 640, height: 480, framesPerSecond: 5 } },
  people: GALLERY_PEOPLE,
  directory: GALLERY.flatMap((each) => each.known ?? []),
  visitors: GALLERY.map(({ id, visitor: { expect: _expect, ...visitor } }, index) => ({
    id,
    person: id,
    ...visitor,
    at: 10 + index * 15,
    repeat: { times: 8, every: "7m" },
  })),
  timeline: [
    { at: "10m", fault: "broker-down", for: "5m" },
    { at: "20m", fault: "thermometer-unplugged", for: "1m" },
    { at: "30m", fault: "reader-garbage", for: "2m" },
    { at: "40m", restart: "power-cut" },
  ],
  lasts: "1h",
};

async function hour(seed: number) {
  return runScenario(await loadFields(HOUR, "an hour"), { engine, seed });
}

// On a busy machine an hour takes longer than a test may by default.
describe("a simulated hour of visitors", { timeout: 600_000 }, () => {
  it("is the same byte for byte with the same seed, and another one with another", async () => {
    const first = await hour(7);
    const second = await hour(7);
    expect(first.totals.visitors).toBeGreaterThan(100);
    expect(first.totals.granted).toBeGreaterThan(40);
    expect(first.totals.checks.failures).toEqual([]);
    expect(traceLines(second.trace)).toBe(traceLines(first.trace));
    expect(second.visits).toEqual(first.visits);
    const other = await hour(8);
    expect(traceLines(other.trace)).not.toBe(traceLines(first.trace));
  });
});
