import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { connectServiceManager } from "../../../hal/linux/service-manager.ts";

const folder = mkdtempSync(join(tmpdir(), "notify-"));
const children: ReturnType<typeof spawn>[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** A real datagram socket; resolves with the first `count` bytes that arrive. */
async function listen(address: string, count: number): Promise<{ received: Promise<string> }> {
  const child = spawn("socat", ["-d", "-d", "-u", address, "STDOUT"]);
  children.push(child);
  let text = "";
  const received = new Promise<string>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.length >= count) resolve(text);
    });
  });
  // socat says on its error stream when it is about to transfer: from then on it listens.
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.stderr.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("starting data transfer loop")) resolve();
    });
  });
  return { received };
}

describe("the service manager's socket", () => {
  it.each([
    ["a path", join(folder, "notify"), `UNIX-RECV:${join(folder, "notify")}`],
    ["an abstract address", `@sentinel-${process.pid}`, `ABSTRACT-RECV:sentinel-${process.pid}`],
  ])("hears what it is told at %s", async (_name, path, address) => {
    const expected = "READY=1STATUS=one lineWATCHDOG=1STOPPING=1";
    const { received } = await listen(address, expected.length);
    const manager = connectServiceManager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "2000000" });
    expect(manager.watchdogMs).toBe(2_000);
    manager.ready();
    manager.status("one\nline");
    manager.alive();
    manager.stopping();
    expect(await received).toBe(expected);
    rmSync(join(folder, "notify"), { force: true });
  });

  it("may be missing, and then nothing is sent and nothing watched", () => {
    const manager = connectServiceManager({});
    expect(manager.watchdogMs).toBeUndefined();
    expect(() => manager.alive()).not.toThrow();
  });

  it("watches only the process it names", () => {
    const manager = connectServiceManager({ WATCHDOG_USEC: "2000000", WATCHDOG_PID: "1" });
    expect(manager.watchdogMs).toBeUndefined();
  });
});
