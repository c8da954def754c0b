import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { runAudit } from "../../../src/cli/audit.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import { readRecordEvent, type ReceivedRecord } from "../../../src/district/received-record.ts";
import { RangeSet } from "../../../src/base/range-set.ts";
import { openStore } from "../../../src/store/store.ts";
import { recordEvent } from "../../../src/protocol/cloud-event.ts";
import { draft, START_MS } from "../../support/records.ts";

let folder: string;
let path: string;
let arrived: ReceivedRecord[];

async function audit(): Promise<{ status: number; lines: string[] }> {
  const lines: string[] = [];
  const status = await runAudit({ database: path }, (line) => lines.push(line));
  return { status, lines };
}

function tamper(sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-archive-"));
  path = join(folder, "collector.db");
  const store = openStore({
    path: ":memory:",
    unitId: "door-1",
    clock: new VirtualClock(START_MS),
  });
  for (let number = 1; number <= 20; number++) {
    await store.commit(draft(number, `planted-holder-${number % 3}`));
  }
  const sender = { district: "pudong", unitId: "door-1" };
  arrived = (await store.outbox.read(0, 100)).flatMap((row) => {
    const read = readRecordEvent(Buffer.from(recordEvent(sender, row)), "door-1");
    return "fault" in read ? [] : [read];
  });
  await store.close();
  const archive = new SqliteRecordArchive(path);
  await archive.store({ records: arrived, receivedMs: START_MS });
  await archive.close();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the audit of a collector's database", () => {
  it("finds nothing in what is as it arrived", async () => {
    expect((await audit()).status).toBe(0);
  });

  it.each([
    ["at its end", "DELETE FROM records WHERE seq > 15", "16 to 20"],
    ["in the middle", "DELETE FROM records WHERE seq BETWEEN 5 AND 9", "5 to 9"],
    ["at its beginning", "DELETE FROM records WHERE seq < 3", "1 to 2"],
    ["altogether", "DELETE FROM records", "1 to 20"],
  ])("names what had arrived and was removed %s", async (_where, sql, gone) => {
    tamper(sql);
    const { status, lines } = await audit();
    expect(status).toBe(1);
    expect(lines).toContain(`  had arrived and is gone: ${gone}`);
  });

  it("holds again once what was removed has come again", async () => {
    tamper("DELETE FROM records WHERE seq BETWEEN 5 AND 9");
    const archive = new SqliteRecordArchive(path);
    expect(await archive.store({ records: arrived, receivedMs: START_MS })).toMatchObject({
      stored: 5,
      duplicates: 15,
      conflicts: 0,
    });
    await archive.close();
    expect((await audit()).status).toBe(0);
  });
});

describe("forgetting at the far end", () => {
  const readable = (): boolean =>
    ["", "-wal", "-shm"].some((end) => {
      try {
        return readFileSync(`${path}${end}`).includes("planted-holder-1");
      } catch {
        return false;
      }
    });

  it("leaves the pseudonym nowhere in the file or its log", async () => {
    const archive = new SqliteRecordArchive(path);
    expect(readable()).toBe(true);
    expect(await archive.forget("planted-holder-1")).toBe(7);
    expect(readable()).toBe(false);
    await archive.close();
    expect((await audit()).status).toBe(0);
  });

  it("says so when somebody keeps the log from being cut", async () => {
    const archive = new SqliteRecordArchive(path);
    const reader = new Database(path);
    const rows = reader.prepare("SELECT seq FROM records").iterate();
    rows.next();
    await expect(archive.forget("planted-holder-1")).rejects.toThrow(/try again/);
    rows.return?.();
    reader.close();
    await archive.forget("planted-holder-1");
    expect(readable()).toBe(false);
    await archive.close();
  });
});

describe("ranges", () => {
  it.each([
    [[], 1, 3, [[1, 3]]],
    [
      [[2, 4]],
      1,
      6,
      [
        [1, 1],
        [5, 6],
      ],
    ],
    [[[1, 10]], 3, 7, []],
    [
      [
        [1, 2],
        [5, 6],
        [9, 9],
      ],
      4,
      8,
      [
        [4, 4],
        [7, 8],
      ],
    ],
    [[[5, 6]], 1, 2, [[1, 2]]],
  ] as const)("of %j lack from %i through %i: %j", (ranges, from, to, absent) => {
    expect(new RangeSet(ranges).missing(from, to)).toEqual(absent);
  });
});
