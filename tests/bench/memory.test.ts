/** The benchmark of a unit's memory, and with it the installed unit: as a service would start it. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, expect, it } from "vitest";

describe("npm run bench -- memory", () => {
  it("installs a unit, lets visitors in by code and card, and tells what its processes hold", () => {
    const run = spawnSync(
      process.execPath,
      ["bench/main.ts", "memory", "--visits", "5", "--every", "5"],
      { encoding: "utf8", timeout: 50_000 },
    );
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("every 5th by card; installed");
    expect(run.stdout).toContain("5 of 5 were let in");
    const row = /^ *5((?: +[\d.]+){5})$/m.exec(run.stdout)?.[1] ?? "";
    const [main = 0, quick = 0, thorough = 0, guard = 0, together = 0] = row
      .trim()
      .split(/ +/)
      .map(Number);
    // Any process of Node takes some 40 MB; the bound above is one that only a leak passes.
    for (const each of [main, quick, thorough, guard]) {
      expect(each).toBeGreaterThan(30);
      expect(each).toBeLessThan(400);
    }
    expect(together).toBeLessThan(main + quick + thorough + guard);
  });
});
