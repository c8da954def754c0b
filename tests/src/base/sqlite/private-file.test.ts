import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-private-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const moduleUrl = (path: string): string => JSON.stringify(resolve(path));

/** Runs a module in a process of its own, under the most open umask; a test's own cannot be changed in a worker. */
function runOpenly(code: string): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `process.umask(0); ${code}`],
    { encoding: "utf8", cwd: process.cwd() },
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
}

/** Names of files in the folder that somebody beside their owner may read or write. */
const openToOthers = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => (statSync(join(folder, name)).mode & 0o077) !== 0,
  );

// Left open at the end, so that the log and its index are there to be looked at.
const openingOf = (path: string): string => `
  const { openDatabase } = await import(${moduleUrl("src/store/schema.ts")});
  openDatabase(${JSON.stringify(path)}); process.exit(0);`;

describe("files with keys", () => {
  it("of a unit are their owner's alone whatever the umask", () => {
    runOpenly(openingOf(join(folder, "unit.db")));
    expect(readdirSync(folder)).toContain("unit.db-wal");
    expect(openToOthers()).toEqual([]);
  });

  it("that an older version left open to others are narrowed", () => {
    const path = join(folder, "unit.db");
    runOpenly(openingOf(path));
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
    runOpenly(openingOf(path));
    expect(openToOthers()).toEqual([]);
  });

  it("of a collector, its lock too, are their owner's alone", () => {
    runOpenly(`
      const { SqliteRecordArchive } = await import(${moduleUrl("src/district/sqlite-record-archive.ts")});
      const { lockArchive } = await import(${moduleUrl("src/district/archive-lock.ts")});
      const path = ${JSON.stringify(join(folder, "collector.db"))};
      lockArchive(path); new SqliteRecordArchive(path); process.exit(0);`);
    expect(readdirSync(folder)).toContain("collector.db");
    expect(openToOthers()).toEqual([]);
  });

  it("made for signing are their owner's alone", () => {
    runOpenly(`
      const { makeSigningKey, nextCounter } = await import(${moduleUrl("src/cli/support/signing-key.ts")});
      const file = ${JSON.stringify(join(folder, "command.key"))};
      makeSigningKey(file, "k1", "district"); nextCounter(file, 1);`);
    expect(openToOthers()).toEqual([]);
  });

  it("that cannot be made are an error in the database's own words", () => {
    writeFileSync(join(folder, "file"), "");
    const path = join(folder, "file", "unit.db");
    runOpenly(`
      const { openDatabase } = await import(${moduleUrl("src/store/schema.ts")});
      try { openDatabase(${JSON.stringify(path)}); process.exit(9); } catch {}`);
  });
});
