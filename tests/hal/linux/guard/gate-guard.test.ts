import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGate } from "../../../../hal/drivers/gate/guarded-line/gate.ts";
import { createGuardedLine } from "../../../../hal/linux/guard/gate-guard.ts";
import type { ProcessGuardedLine } from "../../../../hal/linux/guard/gate-guard.ts";
import { encodeCommand, monotonicMs } from "../../../../hal/linux/guard/guard-protocol.ts";
import { createSystemClock } from "../../../../hal/linux/clock.ts";

const MAXIMUM_MS = 2000;
const GRACE_MS = 250;
// Well before the timer would end it, with room for a machine that is busy with other things.
const AT_ONCE_MS = 1000;
const GUARD = new URL("../../../../hal/linux/guard/guard-process.ts", import.meta.url).pathname;
const HOLDER = new URL("guard-holder.ts", import.meta.url).pathname;

let folder: string;
let path: string;
const pids = new Set<number>();
const open: ProcessGuardedLine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "guard-"));
  path = join(folder, "relay");
});

afterEach(async () => {
  for (const pid of pids) signal(pid, "SIGKILL");
  pids.clear();
  for (const line of open.splice(0)) await line.close();
  rmSync(folder, { recursive: true });
});

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already, which is all a signal could have achieved.
  }
}

const level = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "missing");

/** Waits until the line is at 0 and tells how long that took; fails past the deadline. */
async function lockedWithin(deadlineMs: number): Promise<number> {
  const fromMs = performance.now();
  for (;;) {
    const tookMs = performance.now() - fromMs;
    if (level() === "0") return tookMs;
    expect(tookMs, "the line is still up").toBeLessThan(deadlineMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function hold(): Promise<ProcessGuardedLine> {
  const line = await createGuardedLine({ line: { kind: "file", path }, maximumMs: MAXIMUM_MS });
  open.push(line);
  pids.add(line.guardPid);
  return line;
}

/** A unit of its own: a process that holds a guarded line and has raised it for the longest time. */
async function holder(): Promise<{ parent: ChildProcess; parentPid: number; guardPid: number }> {
  const parent = spawn(process.execPath, [HOLDER, path, String(MAXIMUM_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = (await once(createInterface(parent.stdout), "line")) as [string];
  const { guardPid } = JSON.parse(text) as { guardPid: number };
  const parentPid = parent.pid ?? -1;
  pids.add(parentPid).add(guardPid);
  expect(level()).toBe("1");
  return { parent, parentPid, guardPid };
}

/** A guard alone, under a unit that does as the test likes. Nothing is read from it any more. */
async function bareGuard(): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const spec = JSON.stringify({ line: { kind: "file", path }, maximumMs: MAXIMUM_MS });
  const guard = spawn(process.execPath, [GUARD, spec], { stdio: ["pipe", "pipe", "inherit"] });
  pids.add(guard.pid ?? -1);
  guard.stdin.on("error", () => undefined);
  await once(guard.stdout, "data");
  guard.stdout.pause();
  return guard;
}

const energise = (forMs: number, askedAtMs = monotonicMs()): string =>
  encodeCommand({ kind: "energise", sequence: 1, forMs, askedAtMs });

describe("a guard under a unit gone mad", () => {
  it("lowers the line in time though its answers are not read and pile up", async () => {
    const guard = await bareGuard();
    guard.stdin.write(energise(MAXIMUM_MS / 2));
    for (let flood = 0; flood < 200; flood++) guard.stdin.write("beat\n".repeat(1_000));
    await expect.poll(level, { interval: 2 }).toBe("1");
    await lockedWithin(MAXIMUM_MS + GRACE_MS);
  });

  it("lowers the line on garbage, and on a pipe that ends in the middle of a line", async () => {
    for (const nonsense of ["\u0000é\uffff".repeat(50), "energise 2 1"]) {
      const guard = await bareGuard();
      guard.stdin.write(energise(MAXIMUM_MS));
      await expect.poll(level, { interval: 2 }).toBe("1");
      guard.stdin.end(nonsense);
      await lockedWithin(AT_ONCE_MS);
    }
  });

  it("does not open late: a release asked for while it stood still is over when it goes on", async () => {
    const guard = await bareGuard();
    guard.stdin.write(energise(MAXIMUM_MS, monotonicMs() - 1_001));
    await once(guard, "exit");
    expect(level()).toBe("0");
  });

  it("counts a release from when it was asked for", async () => {
    const guard = await bareGuard();
    guard.stdin.write(energise(1_100, monotonicMs() - 900));
    await expect.poll(level, { interval: 2 }).toBe("1");
    await lockedWithin(200 + GRACE_MS);
  });
});

describe("a guard in a process of its own", () => {
  it("locks at start, whatever was there before", async () => {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(path, "1");
    await hold();
    expect(level()).toBe("0");
  });

  it("lowers the line by itself when the time is over", async () => {
    const line = await hold();
    const levels: number[] = [];
    line.onLevel((now) => levels.push(now));
    await line.energise(200);
    expect(level()).toBe("1");
    await lockedWithin(200 + GRACE_MS);
    await expect.poll(() => levels).toEqual([1, 0]);
  });

  it("refuses a release over its maximum and stays locked", async () => {
    const line = await hold();
    await expect(line.energise(MAXIMUM_MS + 1)).rejects.toThrow(RangeError);
    expect(level()).toBe("0");
    await line.energise(MAXIMUM_MS);
    expect(level()).toBe("1");
    await line.deenergise();
    expect(level()).toBe("0");
  });

  it("tells when its guard was killed, with the line already down", async () => {
    const line = await hold();
    let levelWhenTold = "never told";
    const lost = new Promise<Error>((resolve) => {
      line.onLost((error) => {
        levelWhenTold = level();
        resolve(error);
      });
    });
    await line.energise(MAXIMUM_MS);
    signal(line.guardPid, "SIGKILL");
    expect((await lost).message).toContain("SIGKILL");
    expect(levelWhenTold).toBe("0");
    await expect(line.energise(100)).rejects.toMatchObject({ kind: "closed" });
  });

  it("is locked within the maximum when its guard stands still", async () => {
    const line = await hold();
    await line.energise(MAXIMUM_MS);
    signal(line.guardPid, "SIGSTOP");
    await lockedWithin(MAXIMUM_MS + GRACE_MS);
  });

  it("locks on SIGTERM", async () => {
    const line = await hold();
    await line.energise(MAXIMUM_MS);
    signal(line.guardPid, "SIGTERM");
    await lockedWithin(AT_ONCE_MS);
  });

  it("comes back behind a gate after a kill", async () => {
    const lines: ProcessGuardedLine[] = [];
    const gate = createGate({
      clock: createSystemClock(),
      line: async () => {
        const line = await hold();
        lines.push(line);
        return line;
      },
    });
    const states: string[] = [];
    gate.onHealth((health) => states.push(health.state));
    await gate.start();
    await gate.release(MAXIMUM_MS);
    signal(lines[0]?.guardPid ?? -1, "SIGKILL");
    await expect
      .poll(() => states, { timeout: 10_000 })
      .toEqual(["starting", "ok", "failed", "ok"]);
    expect(level()).toBe("0");
    await gate.release(MAXIMUM_MS);
    expect(level()).toBe("1");
    await gate.stop();
    expect(level()).toBe("0");
  });
});

describe("a unit with a released gate", () => {
  it("is locked at once when the unit is killed", async () => {
    const { parentPid } = await holder();
    signal(parentPid, "SIGKILL");
    await lockedWithin(AT_ONCE_MS);
  });

  it("is locked within the maximum when the unit stands still", async () => {
    const { parentPid } = await holder();
    signal(parentPid, "SIGSTOP");
    await lockedWithin(MAXIMUM_MS + GRACE_MS);
  });

  it("is locked at once when the guard is killed", async () => {
    const { guardPid } = await holder();
    signal(guardPid, "SIGKILL");
    await lockedWithin(AT_ONCE_MS);
  });

  it("is locked by the service manager's helper when both are killed", async () => {
    const { parentPid, guardPid } = await holder();
    signal(guardPid, "SIGSTOP");
    signal(parentPid, "SIGKILL");
    signal(guardPid, "SIGKILL");
    expect(level()).toBe("1");
    const program = new URL("../../../../hal/linux/lock-line.ts", import.meta.url).pathname;
    const helper = spawn(process.execPath, [program, "--file", path], { stdio: "ignore" });
    const [code] = (await once(helper, "exit")) as [number];
    expect(code).toBe(0);
    expect(level()).toBe("0");
  });
});
