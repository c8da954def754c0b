import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine.ts";
import { seededDay } from "../../sim/faults/plan.ts";
import { replayCommand, runSeed } from "../../sim/faults/seeds.ts";

const engine = createInlineEngine({ cacheFrames: 4_000 });
beforeAll(() => engine.ready());

// On a busy machine a day takes longer than a test may by default.
describe("seeded days at the doorway", { timeout: 300_000 }, () => {
  it.each([1, 2, 3, 4])("keeps every promise on day %i", async (seed) => {
    const { failures } = await runSeed(seed, engine);
    expect({ replay: replayCommand(seed), failures }).toMatchObject({ failures: [] });
  });

  it.each([
    [18, "a relay that refused, and a guard that never let go of its line"],
    [30, "a relay that refused in the middle of an evacuation"],
    [14, "a paper pass shown by two people, one after the other"],
    [109, "a lock-down lifted by a power cut"],
    [114, "staff letting somebody in during a lock-down"],
    [133, "a card judged beside the paper pass that somebody else had left"],
    [109, "a power cut that lifted a lock-down"],
    [392, "a card read to its end after its holder, who had a fever, had left"],
    [440, "somebody stepping in while the card of another was still being read"],
    [446, "an evacuation lifted while the disk was full, and a restart"],
    [1, "a live code that was new again after a restart, for all but its last holder"],
    [20_443, "a paper pass shown after its holder's card, by somebody who came unseen"],
    [20_460, "a paper pass shown after its holder had laid their card and left"],
    [50_012, "a live code shown again after the clock was set and the power was gone"],
    [40_022, "staff who turned somebody away that had left already"],
    [20_543, "records on a slow way to a broker that loses its last subscriber meanwhile"],
    [21_017, "a subscriber who came while a record's acknowledgement was on its way"],
    [61_045, "somebody else's card laid beside the pass of one who had left, unseen"],
    [62_388, "a thermometer that came back before the next one, while a pass waited for its card"],
    [63_479, "the next one's warmth while a pass of somebody who had left waited for its card"],
    [64_278, "an exit button held down through a restart"],
    [20_167, "a restart ordered while the power was off"],
  ])("keeps every promise on day %i, which once broke one: %s", async (seed) => {
    const { failures } = await runSeed(seed, engine);
    expect({ replay: replayCommand(seed), failures }).toMatchObject({ failures: [] });
  });

  it("brings about forty people a day, and another day with another seed", () => {
    expect(seededDay(1).visitors).toHaveLength(42);
    expect(seededDay(1)).toEqual(seededDay(1));
    expect(seededDay(1)).not.toEqual(seededDay(2));
  });
});
