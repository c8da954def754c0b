/** A real unit whose decoder is killed or hangs: it says so, the card goes on, and codes are read again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "../../../bench/memory/installation.ts";
import { startTrial, type Trial } from "../../../bench/memory/trial.ts";
import type { ScreenView } from "../../../src/core/view/view.ts";

const folder = mkdtempSync(join(tmpdir(), "decoder-"));
let unit: Trial;

beforeAll(async () => {
  unit = await startTrial(folder, checkout());
});
afterAll(async () => {
  await unit.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The process that looks at every frame. */
function decoder(): number {
  const pid = unit.helpers().find(({ name }) => name === "decoder")?.pid;
  if (pid === undefined) throw new Error("the unit has no decoder process");
  return pid;
}

const hasAlarm = ({ alarms }: ScreenView): boolean =>
  alarms.some(({ subject }) => subject === "code-reader");
/** An alarm that comes back within a minute stands until a minute was quiet. */
const alarm = (raised: boolean): Promise<ScreenView | undefined> =>
  unit.screen.until((view) => hasAlarm(view) === raised, 90_000);

describe("a unit", { timeout: 240_000 }, () => {
  it("reads codes again after its decoder was killed, having raised an alarm", async () => {
    expect(await unit.visit("code")).toBe(true);
    const former = decoder();
    process.kill(former, "SIGKILL");
    expect(await alarm(true)).toBeDefined();
    expect(await alarm(false)).toBeDefined();
    expect(await unit.visit("code")).toBe(true);
    expect(unit.helpers().map(({ pid }) => pid)).not.toContain(former);
  });

  it("lets people in by card while its decoder hangs, and replaces it", async () => {
    const former = decoder();
    // The alarm may come and go while the visitor's result still stands on the screen.
    const raised = alarm(true);
    process.kill(former, "SIGSTOP");
    expect(await unit.visit("card")).toBe(true);
    expect(await raised).toBeDefined();
    expect(await alarm(false)).toBeDefined();
    expect(await unit.visit("code")).toBe(true);
    expect(unit.helpers().map(({ pid }) => pid)).not.toContain(former);
  });
});
