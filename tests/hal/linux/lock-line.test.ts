import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PROGRAM = new URL("../../../hal/linux/lock-line.ts", import.meta.url).pathname;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function run(...options: string[]): { status: number | null; output: string } {
  const ended = spawnSync(process.execPath, [PROGRAM, ...options], { encoding: "utf8" });
  return { status: ended.status, output: ended.stdout + ended.stderr };
}

describe("lock-line", () => {
  it.each(["1", "0", "", "1\n"])("drives a line that held %j to 0", (before) => {
    const path = join(folder, "relay");
    writeFileSync(path, before);
    expect(run("--file", path)).toEqual({ status: 0, output: `${path} is locked\n` });
    expect(readFileSync(path, "utf8")).toBe("0");
  });

  it("makes no file that stands for a line: it would be root's, and the unit could not open it", () => {
    const path = join(folder, "relay");
    expect(run("--file", path)).toEqual({
      status: 0,
      output: `there is no ${path}, so nothing is up\n`,
    });
    expect(existsSync(path)).toBe(false);
  });

  it("says why it could not", () => {
    const { status, output } = run("--file", join(folder, "nowhere", "relay"));
    expect(status).toBe(1);
    expect(output).toMatch(/^could not lock .*: absent/);
  });

  it("finds the line in the unit's configuration, and says when it is not there", () => {
    const path = join(folder, "unit.yaml");
    writeFileSync(path, "devices:\n  gate:\n    line: 999\n");
    // No machine has such a line; what matters is which one was looked for.
    expect(run("--config", path).output).toContain("gpio line 999");
    writeFileSync(path, "unitId: a\n");
    expect(run("--config", path).output).toContain("gpio line 17");
    writeFileSync(path, "devices: {gate: {line: seventeen}}\n");
    expect(run("--config", path)).toMatchObject({ status: 2 });
    expect(run("--config", path).output).toContain("no number at devices.gate.line");
  });

  it.each([[[]], [["--gpio"]], [["--gpio", "seventeen"]], [["--relay", "17"]]])(
    "explains its use when called with %j",
    (options) => {
      const { status, output } = run(...options);
      expect(status).toBe(2);
      expect(output).toContain("usage: lock-line");
    },
  );
});
