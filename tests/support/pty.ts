/** A pair of pseudo-terminals, one at a fixed place for the test, made by socat and gone with it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PtyPair {
  /** Where the unit's side appears, as a udev link would. */
  near: string;
  /** The other end. */
  far: string;
  plug(): Promise<void>;
  /** The pair dies, and its names with it. */
  unplug(): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes a plugged pair under a folder of its own. */
export async function createPtyPair(): Promise<PtyPair> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-pty-"));
  const near = join(folder, "near");
  const far = join(folder, "far");
  let child: ChildProcess | undefined;
  const pair: PtyPair = {
    near,
    far,
    async plug() {
      child = await startSocat(near, far);
    },
    async unplug() {
      if (child === undefined) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      child = undefined;
      rmSync(near, { force: true });
      rmSync(far, { force: true });
    },
    async dispose() {
      await pair.unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await pair.plug();
  return pair;
}

// socat says on stderr when both ends stand and the transfer loop runs.
async function startSocat(near: string, far: string): Promise<ChildProcess> {
  const child = spawn(
    "socat",
    ["-d", "-d", `pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("starting data transfer loop")) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`socat ended early: ${said}`)));
  });
  if (!existsSync(near) || !existsSync(far)) throw new Error("socat made no links");
  return child;
}
