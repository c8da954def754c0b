/** Pinned means pinned: the lock file alone says what is installed, and nothing of it is compiled. */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { npmWords } from "../support/npm.ts";
import { isRange, unheld, type LockEntry, type LockFile } from "./lock-file.ts";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as LockFile;
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as LockEntry & {
  overrides: Overrides;
  scripts: Record<string, string>;
};
const folder = mkdtempSync(join(tmpdir(), "pinned-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Overrides = Record<string, Record<string, string>>;

/** The module is plain JavaScript: it runs before there are packages. */
async function settling(): Promise<{ settled: (lock: LockFile, by: Overrides) => LockFile }> {
  const path = pathToFileURL(resolve("deploy", "setup", "settle-lock.mjs")).href;
  return (await import(path)) as Awaited<ReturnType<typeof settling>>;
}

describe("what a lock file can hold", () => {
  it.each(["1.2.3", "^1.2.3", "~0.4", ">=1 <3", "1.x", "*", "", "^5 || ^6.0.0-rc.1", "1.2 - 1.4"])(
    'holds "%s"',
    (wanted) => expect(isRange(wanted)).toBe(true),
  );

  it.each(["latest", "next", "github:a/b", "a/b#main", "git+ssh://git@host/a.git", "file:../a"])(
    'does not hold "%s"',
    (wanted) => expect(isRange(wanted)).toBe(false),
  );

  it.each(["https://host/a.tgz", "workspace:*", "npm:other@latest", "^1 || latest", "v"])(
    'does not hold "%s"',
    (wanted) => expect(isRange(wanted)).toBe(false),
  );

  const held = { version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==` };
  it.each<[string, LockFile["packages"], string[]]>([
    ["a range of ours", { "": { dependencies: { a: "^1.0.0" } } }, ["package.json: a@^1.0.0"]],
    ["a tag of theirs", { "": {}, b: { ...held, dependencies: { a: "latest" } } }, ["b: a@latest"]],
    ["an optional tag", { b: { ...held, optionalDependencies: { a: "next" } } }, ["b: a@next"]],
    ["a peer by address", { b: { ...held, peerDependencies: { a: "a/b" } } }, ["b: peer a@a/b"]],
    ["no hash", { a: { version: "1.0.0" } }, ["a: no sha512 hash"]],
    ["an old hash", { a: { version: "1.0.0", integrity: "sha1-AA==" } }, ["a: no sha512 hash"]],
    ["a tarball", { a: { ...held, resolved: "http://b/a.tgz" } }, ["a: comes from http://b/a.tgz"]],
    ["a loose version", { a: { ...held, version: "1.x" } }, ['a: version "1.x" is not exact']],
  ])("names %s", (_what, packages, faults) => {
    const a = { "node_modules/a": held };
    expect(unheld({ packages: { ...packages, ...a } })).toEqual(faults);
  });

  it("names an edge without an entry, and looks for one where Node would", () => {
    const wants = { ...held, dependencies: { a: "^1.0.0" } };
    const nested = "node_modules/b/node_modules/c";
    const packages = { "node_modules/b": held, [nested]: wants };
    expect(unheld({ packages })).toEqual([`${nested}: a has no entry`]);
    expect(unheld({ packages: { ...packages, "node_modules/b/node_modules/a": held } })).toEqual(
      [],
    );
    expect(unheld({ packages: { ...packages, "node_modules/a": held } })).toEqual([]);
    expect(unheld({ packages: { ...packages, "node_modules/d/node_modules/a": held } })).toEqual([
      `${nested}: a has no entry`,
    ]);
  });
});

describe("the packages of this repository", () => {
  it("are held by the lock file, each edge of each of them", () => {
    expect(Object.keys(lock.packages).length).toBeGreaterThan(300);
    expect(unheld(lock)).toEqual([]);
  });

  it("are wanted by package.json as the lock file has them", () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    expect(lock.packages[""]).toMatchObject({
      dependencies,
      devDependencies,
      optionalDependencies,
    });
  });

  it("stand in the lock file as any npm can install them, or npm run settle-lock is due", async () => {
    const { settled } = await settling();
    expect(settled(lock, manifest.overrides)).toEqual(lock);
    for (const versions of Object.values(manifest.overrides)) {
      for (const [name, version] of Object.entries(versions)) {
        expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
      }
    }
  });

  it("are settled by the lock file without asking the registry for anything", async () => {
    const asked: string[] = [];
    const registry = createServer((request, response) => {
      asked.push(String(request.url));
      response.writeHead(404).end("{}");
    }).listen(0, "127.0.0.1");
    await once(registry, "listening");
    const address = registry.address();
    const port = typeof address === "object" ? address?.port : undefined;
    for (const name of ["package.json", "package-lock.json", ".npmrc"]) {
      copyFileSync(name, join(folder, name));
    }
    const [file, ...first] = npmWords();
    const settings = ["--dry-run", "--fetch-retries=0", "--engine-strict=false"];
    const where = [`--registry=http://127.0.0.1:${port}/`, `--cache=${join(folder, "cache")}`];
    try {
      const args = [...first, "ci", ...settings, ...where];
      const { stdout } = await promisify(execFile)(file, args, { cwd: folder });
      expect(stdout).toMatch(/added \d+ packages/);
    } finally {
      registry.close();
    }
    expect(asked).toEqual([]);
  });
});

describe("a lock file after npm install", () => {
  it("is settled: overridden tags are answered, and optional packages name no engine", async () => {
    const { settled } = await settling();
    const packages: LockFile["packages"] = {
      "": {},
      "node_modules/a": {
        dependencies: { b: "latest" },
        optionalDependencies: { c: "next", d: "^1" },
      },
      "node_modules/b": { engines: { node: ">=22" } },
      "node_modules/x/node_modules/a": { dependencies: { d: "^1" } },
      "node_modules/c": { optional: true, engines: { node: ">=22" } },
    };
    expect(settled({ packages }, { a: { b: "1.0.0", c: "2.0.0", e: "3.0.0" } }).packages).toEqual({
      ...packages,
      "node_modules/a": {
        dependencies: { b: "1.0.0" },
        optionalDependencies: { c: "2.0.0", d: "^1" },
      },
      "node_modules/c": { optional: true },
    });
  });
});

describe("modules with machine code", () => {
  /** Packages with a script at installation, and how they do without it. */
  const DOES_WITHOUT: Readonly<Record<string, string>> = {
    "@serialport/bindings": "of johnny-five, which never opens a port here",
    "@serialport/bindings-cpp": "brings binaries",
    epoll: "compiled on a unit by deploy/setup/native.mjs",
    "i2c-bus": "compiled on a unit by deploy/setup/native.mjs",
    koffi: "brings binaries",
    serialport: "prints thanks",
  };

  it("need no script at installation, nor a compiler", () => {
    const scripted = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    expect([...new Set(scripted)].sort()).toEqual(Object.keys(DOES_WITHOUT).sort());
    expect(readFileSync(".npmrc", "utf8")).toMatch(/^ignore-scripts=true$/m);
  });

  it.each([
    ["better-sqlite3", 'new (require("better-sqlite3"))(":memory:").prepare("select 1").get()'],
    ["koffi", 'require("koffi").load(null).func("int getpid()")()'],
    [
      "@serialport/bindings-cpp",
      // Its machine code says that there is no such port.
      `require("@serialport/bindings-cpp").autoDetect().open({ path: "/none", baudRate: 9600 })
        .catch((error) => { if (!/No such file/.test(error.message)) throw error; })`,
    ],
  ])("%s runs as it is fetched, with nothing built", (name, use) => {
    const copied = join(folder, "node_modules", name);
    cpSync(join("node_modules", name), copied, {
      recursive: true,
      dereference: true,
      filter: (path) => !path.slice(copied.length).split(sep).includes("build"),
    });
    // What it needs beside itself is found in the packages; itself only in the copy.
    const env = { ...process.env, NODE_PATH: join(process.cwd(), "node_modules") };
    const ended = spawnSync(process.execPath, ["-e", use], { cwd: folder, env, encoding: "utf8" });
    expect(ended).toMatchObject({ status: 0, stderr: "" });
  });

  it("are found without .bin/node, which npm 9 takes away: no script names node but to start run.cjs", () => {
    for (const script of Object.values(manifest.scripts)) {
      expect(script).toMatch(/^exec node deploy\/setup\/run\.cjs /);
    }
  });
});
