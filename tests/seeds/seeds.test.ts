import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { seededDay } from "../../sim/seeds/seeded-day.ts";
import { replayCommand, runSeed } from "../../sim/seeds/seeds.ts";

const engine = createInlineEngine({ cacheFrames: 4_000, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

// On a busy machine a day takes longer than a test may by default.
describe("seeded days at the doorway", { timeout: 300_000 }, () => {
  it.each([1, 2, 3, 4])("keeps every promise on day %i", async (seed) => {
    const { failures } = await runSeed(seed, engine);
    expect({ replay: replayCommand(seed), failures }).toMatchObject({ failures: [] });
  });

  it("brings about forty people a day, and another day with another seed", () => {
    expect(seededDay(1).visitors).toHaveLength(42);
    expect(seededDay(1)).toEqual(seededDay(1));
    expect(seededDay(1)).not.toEqual(seededDay(2));
  });
});
