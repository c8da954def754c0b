import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** An installation like a unit's: the same sources without the district and the simulator. */
let folder: string;

function sentinel(where: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(where, "src/cli/main.ts"), ...args],
    { encoding: "utf8" },
  );
  return { status, output: stdout + stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-unit-"));
  const district = join(process.cwd(), "src/district");
  for (const name of ["src", "hal", "package.json"]) {
    cpSync(name, join(folder, name), {
      recursive: true,
      filter: (source) => join(process.cwd(), source) !== district,
    });
  }
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an installation without the district and the simulator", () => {
  it("lists only the verbs that are there", () => {
    const { status, output } = sentinel(folder, "--help");
    expect(status).toBe(0);
    expect(output).toMatch(/^ {2}doctor /m);
    expect(output).not.toMatch(/^ {2}(collect|command|publish|sim) /m);
  });

  it.each([
    ["collect", "the district"],
    ["publish", "the district"],
    ["command", "the district"],
    ["sim", "the simulator"],
  ])("refuses `sentinel %s` and names %s", (verb, part) => {
    const { status, output } = sentinel(folder, verb, "--help");
    expect(status).toBe(2);
    expect(output).toContain(`this installation does not hold ${part}`);
    expect(output.trim().split("\n")).toHaveLength(1);
  });

  it("offers the unit's half of `sentinel audit`", () => {
    const { status, output } = sentinel(folder, "audit", "--help");
    expect(status).toBe(0);
    expect(output).toMatch(/^ {2}verify /m);
    expect(output).not.toMatch(/^ {2}reuse /m);
  });
});

describe("a checkout", () => {
  it("lists the verbs of every part", () => {
    const { status, output } = sentinel(process.cwd(), "--help");
    expect(status).toBe(0);
    for (const verb of ["run", "sim", "collect", "command", "publish", "audit"]) {
      expect(output).toMatch(new RegExp(`^ {2}${verb} `, "m"));
    }
  });
});
