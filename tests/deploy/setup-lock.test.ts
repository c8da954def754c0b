/** Two commands started side by side: one installs, the other waits, and no lock outlives its holder for long. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Checkout } from "./checkout.ts";

let checkout: Checkout;
let lock: string;
beforeEach(() => {
  checkout = new Checkout();
  lock = join(checkout.tree, "lock");
});
afterEach(() => checkout.dispose());

const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const HERE = `${boot} ${readlinkSync("/proc/self/ns/pid")}`;

function beginOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function held(by: Record<string, unknown>): void {
  checkout.write("lock", JSON.stringify({ since: "today", numbers: HERE, ...by }));
}

/** Takes the lock, says so, and holds it until its input ends. */
function taker(limits = {}): ChildProcessWithoutNullStreams {
  return checkout.evaluate(
    "lock.mjs",
    `await it.locked("lock", async () => {
       console.log("taken");
       for await (const _ of process.stdin);
     }, ${JSON.stringify(limits)}).catch((error) => console.log("gave up:", error.message));
     console.log("done");`,
  );
}

/** What it prints, once it has ended. */
async function outputOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin.end();
  await once(child, "close");
  return said;
}

describe("the lock of an installation", () => {
  it.each<[string, Record<string, unknown>]>([
    ["has ended", { pid: 4_194_304, began: "1" }],
    // A container's first process is always number 1.
    ["had the number of another that runs now", { pid: 1, began: "-1" }],
    ["had the number of this one's parent", { pid: process.pid, began: "7" }],
  ])("is taken over at once when its holder %s", async (_how, by) => {
    held(by);
    expect(await outputOf(taker())).toBe("taken\ndone\n");
    expect(existsSync(lock)).toBe(false);
  });

  it.each<[string, string]>([
    [
      "a holder in another container, or before a restart",
      JSON.stringify({ pid: 1, began: "5", numbers: "other" }),
    ],
    ["the number of a process, as an earlier version wrote it", "1"],
    ["nothing", ""],
    ["something else", "{not json"],
  ])("with %s in it is taken over when it stands still", async (_what, text) => {
    checkout.write("lock", text);
    const said = await outputOf(taker({ stillMs: 300 }));
    expect(said).toMatch(/^digital-sentinel: waiting for .*\ntaken\ndone\n$/);
  });

  it("is waited for while its holder runs, and says for whom", async () => {
    const first = taker();
    await once(first.stdout, "data");
    const second = taker();
    const [said] = (await once(second.stdout, "data")) as [Buffer];
    expect(String(said)).toMatch(new RegExp(`waiting for process ${first.pid}, .* since 20`));
    first.stdin.end();
    expect(await outputOf(second)).toContain("taken\ndone\n");
    expect(existsSync(lock)).toBe(false);
  });

  it("is not waited for without end", async () => {
    held({ pid: process.pid, began: beginOf(process.pid) });
    const said = await outputOf(taker({ boundMs: 200 }));
    expect(said).toMatch(/gave up: waited .* for process \d+, .*remove .*lock; then try again\./);
    expect(existsSync(lock)).toBe(true);
  });

  it("is left by a killed holder, and taken over", async () => {
    const first = taker();
    await once(first.stdout, "data");
    first.kill("SIGKILL");
    await once(first, "close");
    expect(existsSync(lock)).toBe(true);
    expect(await outputOf(taker())).toBe("taken\ndone\n");
  });

  it("is never held by two of many that start beside one left behind", async () => {
    held({ pid: 1, began: "-1" });
    const inside = checkout.evaluate.bind(checkout, "lock.mjs");
    const code = `await it.locked("lock", async () => {
      const fs = await import("node:fs");
      fs.mkdirSync("inside"); await new Promise((go) => setImmediate(go)); fs.rmdirSync("inside");
    }); console.log("done");`;
    const all = await Promise.all(Array.from({ length: 6 }, () => outputOf(inside(code))));
    expect(all.map((said) => said.split("\n").at(-2))).toEqual(Array<string>(6).fill("done"));
  });
});
