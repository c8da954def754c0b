import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directivesOf, ServiceDouble } from "../service-manager-double.ts";

const program = (name: string): string => new URL(name, import.meta.url).pathname;
const HOLDER = program("watched-holder.ts");
const LOCK_LINE = program("../../../../hal/linux/lock-line.ts");
/** As docs/installers/wiring.md states it, beyond the watchdog's own time: killing, and starting the lock. */
const STATED_AFTER_WATCHDOG_MS = 5_000;
/** Far longer than the test: nothing but the service manager can lower the line. */
const MAXIMUM_MS = 600_000;

let folder: string;
let path: string;
let config: string;
const services: ServiceDouble[] = [];
const pids: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchdog-"));
  path = join(folder, "relay");
  config = join(folder, "unit.yaml");
  writeFileSync(config, `devices:\n  gate:\n    file: ${path}\n`);
});

afterEach(() => {
  for (const service of services.splice(0)) service.stop();
  for (const pid of pids.splice(0)) signal(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

const level = (): string => readFileSync(path, "utf8");

async function start(watchdogMs: number): Promise<{ service: ServiceDouble; guardPid: number }> {
  const { service, said } = await ServiceDouble.start({
    socket: join(folder, "notify"),
    watchdogMs,
    start: [HOLDER, path, String(MAXIMUM_MS)],
    stopPost: [LOCK_LINE, "--config", config],
  });
  services.push(service);
  const guardPid = said["guardPid"] ?? -1;
  pids.push(guardPid);
  expect(level()).toBe("1");
  return { service, guardPid };
}

describe("with unit and guard both standing still", () => {
  it("the service manager's watchdog has the line locked within its time and five seconds", async () => {
    const { service, guardPid } = await start(1_500);
    const { pid = -1 } = service.main;
    signal(guardPid, "SIGSTOP");
    signal(pid, "SIGSTOP");
    const stoppedAtMs = performance.now();
    const { timedOutAtMs, lockedAtMs, stopPostCode } = await service.ended;
    expect(timedOutAtMs - stoppedAtMs).toBeLessThan(1_500 + 500);
    expect(stopPostCode).toBe(0);
    expect(lockedAtMs - timedOutAtMs).toBeLessThan(STATED_AFTER_WATCHDOG_MS);
    expect(level()).toBe("0");
    // What is left of the group is killed last: it must not raise the line on its way.
    signal(guardPid, "SIGKILL");
    expect(level()).toBe("0");
  });

  it("nothing else would: until the watchdog runs out the line is up", async () => {
    const { service, guardPid } = await start(1_000);
    signal(guardPid, "SIGSTOP");
    signal(service.main.pid ?? -1, "SIGSTOP");
    await expect.poll(() => level(), { timeout: 500 }).toBe("1");
    await service.ended;
    expect(level()).toBe("0");
  });
});

describe("a unit that lives", () => {
  it("is left alone for as long as it says so", async () => {
    const { service } = await start(1_000);
    const state = await Promise.race([
      service.ended.then(() => "ended"),
      new Promise<string>((resolve) => setTimeout(() => resolve("alive"), 2_500)),
    ]);
    expect(state).toBe("alive");
    expect(level()).toBe("1");
  });
});

describe("the unit file", () => {
  it("makes the service manager do what is tested here", () => {
    const directives = directivesOf();
    expect(directives.get("WatchdogSec")).toBe("10");
    // A process that was stopped does not react to anything weaker.
    expect(directives.get("WatchdogSignal")).toBe("SIGKILL");
    expect(directives.get("KillMode")).toBe("mixed");
    expect(directives.get("Restart")).toBe("always");
    expect(directives.get("ExecStopPost")).toMatch(
      /^\+\S+\/node hal\/linux\/lock-line\.js --config /,
    );
  });
});
