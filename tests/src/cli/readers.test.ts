/** A program whose reader goes away, as in `sentinel decode … | head -1`, ends without a word. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("ends quietly when nobody reads on", () => {
  // More than a pipe holds: without a reader the program finds out.
  const files = Array.from({ length: 2_000 }, (_, index) => `no-such-picture-${index}.png`);
  const script = '"$@" | head -n 1; echo "status ${PIPESTATUS[0]}"';
  const run = spawnSync(
    "bash",
    ["-c", script, "bash", process.execPath, "src/cli/main.ts", "decode", ...files],
    { encoding: "utf8" },
  );
  expect(run.stdout).toMatch(/^no-such-picture-0\.png: ENOENT.*\nstatus 0\n$/);
  expect(run.stderr).toBe("");
});
