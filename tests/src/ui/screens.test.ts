import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEMO_SCREENS } from "../../../sim/demo/screens.ts";
import { SCREENS } from "../../../src/ui/screens.ts";

describe("the list of screens", () => {
  it.each([
    ["src/ui/pages", SCREENS],
    ["sim/demo/pages", DEMO_SCREENS],
  ])("names every folder of %s with a screen.tsx, and no other", (pages, names) => {
    const folders = readdirSync(pages).filter((name) =>
      existsSync(join(pages, name, "screen.tsx")),
    );
    expect([...names].sort()).toEqual(folders.sort());
  });
});
