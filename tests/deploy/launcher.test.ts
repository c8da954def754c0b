/** `deploy/sentinel`: the program takes the launcher's place, from wherever it is linked. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const LAUNCHER = resolve("deploy", "sentinel");
const PROGRAM = `
  if (process.argv[2] === "exit") process.exit(Number(process.argv[3]));
  if (process.argv[2] === "wait") {
    if (process.argv[3] !== undefined) process.on(process.argv[3], () => process.exit(77));
    setInterval(() => {}, 1000);
  }
  console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));
`;

let folder: string;
let tree: string;
const packageFolder = `node-linux-${process.arch}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "launcher-"));
  tree = join(folder, "a tree");
  for (const part of ["deploy", "src/cli", `node_modules/${packageFolder}/bin`]) {
    mkdirSync(join(tree, part), { recursive: true });
  }
  copyFileSync(LAUNCHER, join(tree, "deploy", "sentinel"));
  symlinkSync(process.execPath, join(tree, "node_modules", packageFolder, "bin", "node"));
  writeFileSync(join(tree, "src", "cli", "main.js"), PROGRAM);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the launcher by a link to a link, as /usr/local/bin/sentinel is. */
function linked(): string {
  mkdirSync(join(folder, "bin"));
  symlinkSync(tree, join(folder, "current"));
  symlinkSync(join("..", "current", "deploy", "sentinel"), join(folder, "bin", "sentinel"));
  return join(folder, "bin", "sentinel");
}

async function started(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: {} });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const said = JSON.parse(String(line)) as { pid: number; args: string[] };
  return { child, said };
}

describe("what is run by its path", () => {
  it.each(["install.sh", "sentinel", "update/release.sh", "update/settle.sh"])(
    "deploy/%s can be executed",
    (path) => expect(statSync(join("deploy", path)).mode & 0o111).toBe(0o111),
  );
});

describe("the launcher", () => {
  it("is replaced by the program, so that there is nothing to outlive it", async () => {
    const { child, said } = await started(linked(), ["wait"]);
    expect(said).toEqual({ pid: child.pid, args: ["wait"] });
    child.kill("SIGKILL");
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("passes %s on", async (signal) => {
    const heeded = await started(linked(), ["wait", signal]);
    heeded.child.kill(signal);
    expect(await once(heeded.child, "exit")).toEqual([77, null]);
    const unheeded = await started(join(tree, "deploy", "sentinel"), ["wait"]);
    unheeded.child.kill(signal);
    expect(await once(unheeded.child, "exit")).toEqual([null, signal]);
  });

  it("ends with the program's code", () => {
    expect(spawnSync(linked(), ["exit", "42"]).status).toBe(42);
  });

  it("hands every argument on as it is", async () => {
    const args = ["two words", "", "$HOME", "--config", "*"];
    expect((await started(linked(), args)).said.args).toEqual(args);
  });

  it("takes the Node beside the program before the one of the packages", () => {
    mkdirSync(join(tree, "bin"));
    writeFileSync(join(tree, "bin", "node"), "#!/bin/sh\nexit 5\n", { mode: 0o755 });
    expect(spawnSync(linked(), ["exit", "42"]).status).toBe(5);
  });

  it("runs the sources where there is no built program", () => {
    rmSync(join(tree, "src", "cli", "main.js"));
    writeFileSync(join(tree, "src", "cli", "main.ts"), PROGRAM);
    expect(spawnSync(linked(), ["exit", "42"]).status).toBe(42);
  });

  it.each([
    ["the packages", "node_modules", /packages of .*a tree are not installed.*npm ci/],
    ["the program", "src", /holds no program/],
  ])("says what to do where %s are missing", (_what, part, said) => {
    rmSync(join(tree, part), { recursive: true });
    const ended = spawnSync(linked(), ["doctor"], { encoding: "utf8", cwd: dirname(folder) });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(said);
  });
});
