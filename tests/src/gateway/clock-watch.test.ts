import { describe, expect, it } from "vitest";
import { watchClock } from "../../../src/gateway/clock-watch.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { NOON_MS } from "../../support/core.ts";

/** Steps of the wall clock, one in each second, and what is told of them. */
async function told(stepsMs: readonly number[]): Promise<number[]> {
  const clock = new VirtualClock(NOON_MS);
  const byMs: number[] = [];
  const watching = watchClock(clock, (event) => {
    if (event.kind === "clock-changed") byMs.push(event.byMs);
  });
  for (const stepMs of stepsMs) {
    clock.stepWall(stepMs, true);
    await clock.run(1_000);
  }
  watching.cancel();
  return byMs;
}

describe("a wall clock that is stepped", () => {
  it.each([
    ["at once", [-500], [-500]],
    ["by less than matters", [499], []],
    ["away in small steps", [-400, -400, -400, -400], [-800, -800]],
    ["back and forth by a little", [400, -400, 400, -400], []],
    ["far, and back again", [86_400_000, -86_400_000], [86_400_000, -86_400_000]],
  ])("%s is told of", async (_name, steps, seen) => {
    expect(await told(steps)).toEqual(seen);
  });
});
