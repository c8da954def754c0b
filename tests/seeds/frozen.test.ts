import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { runDay, type Day } from "../../sim/seeds/seeds.ts";

/** Days that once broke a promise, as files: no change of the generator alters them. */
const FOLDER = "tests/seeds/frozen";
const days = readdirSync(FOLDER).map((file) => {
  const day: Day = parse(readFileSync(join(FOLDER, file), "utf8"));
  return { file, day, title: day.name ?? file };
});

const engine = createInlineEngine({ cacheFrames: 4_000, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

// On a busy machine a day takes longer than a test may by default.
describe("frozen days at the doorway", { timeout: 300_000 }, () => {
  it("are all there", () => {
    expect(days.length).toBeGreaterThanOrEqual(25);
  });

  it.each(days)("keeps every promise on $title", async ({ file, day }) => {
    const { failures } = await runDay(day, engine);
    expect({ file, failures }).toEqual({ file, failures: [] });
  });
});
