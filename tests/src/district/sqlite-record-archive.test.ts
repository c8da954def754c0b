import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import { START_MS } from "../../support/records.ts";
import { describeRecordArchive, received } from "./record-archive.contract.ts";

const newFolder = (): string => mkdtempSync(join(tmpdir(), "sentinel-archive-"));

describeRecordArchive("SQLite", async () => {
  const folder = newFolder();
  return {
    open: async () => new SqliteRecordArchive(join(folder, "collector.db")),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describe("a database that can be neither written nor read for a moment", () => {
  it("keeps what it knows of each stream, and goes on where it was", async () => {
    const folder = newFolder();
    const path = join(folder, "collector.db");
    const archive = new SqliteRecordArchive(path);
    const store = (seq: number) =>
      archive.store({ records: [received(seq)], receivedMs: START_MS });
    await store(1);
    await store(2);
    const other = new Database(path);
    other.exec("ALTER TABLE streams RENAME TO away");
    await expect(store(3)).rejects.toThrow("no such table");
    await expect(store(3)).rejects.toThrow("no such table");
    other.exec("ALTER TABLE away RENAME TO streams");
    other.close();
    await store(3);
    expect(await archive.streams()).toMatchObject([{ through: 3, ranges: [[1, 3]], gaps: [] }]);
    expect(await store(2)).toMatchObject({ stored: 0, duplicates: 1 });
    await archive.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("after a holder was forgotten at a collector", () => {
  const HOLDER = "planted-holder-of-many-records";
  let folder: string;
  const traces = (): string[] =>
    readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(HOLDER));

  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("no file holds the pseudonym, however many pages it was spread over", async () => {
    const archive = new SqliteRecordArchive(join(folder, "collector.db"));
    for (let batch = 0; batch < 20; batch++) {
      const records = Array.from({ length: 100 }, (_, index) => {
        const seq = batch * 100 + index + 1;
        return received(seq, { holder: seq % 3 === 0 ? HOLDER : `other-${seq}` });
      });
      await archive.store({ records, receivedMs: START_MS });
    }
    expect(traces()).not.toEqual([]);
    expect(await archive.forget(HOLDER)).toBe(666);
    expect(traces()).toEqual([]);
    await archive.close();
    expect(traces()).toEqual([]);
  });

  it("no file holds it while another process keeps the database open", async () => {
    const collecting = new SqliteRecordArchive(join(folder, "collector.db"));
    const records = [received(1, { holder: HOLDER }), received(2, { holder: "other" })];
    await collecting.store({ records, receivedMs: START_MS });
    const forgetting = new SqliteRecordArchive(join(folder, "collector.db"));
    expect(await forgetting.forget(HOLDER)).toBe(1);
    await forgetting.close();
    expect(traces()).toEqual([]);
    await collecting.store({ records: [received(3)], receivedMs: START_MS });
    await collecting.close();
    expect(traces()).toEqual([]);
  });
});
