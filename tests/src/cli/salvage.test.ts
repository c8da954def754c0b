import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { runAudit } from "../../../src/cli/audit.ts";
import { runSalvage } from "../../../src/cli/salvage.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import { openStore } from "../../../src/store/store.ts";
import { draft, START_MS } from "../../support/records.ts";

let folder: string;
let damaged: string;
let collector: string;
let lines: string[];
const print = (line: string): void => void lines.push(line);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-salvage-"));
  damaged = join(folder, "unit.db.set-aside-2022-04-26T090000Z");
  collector = join(folder, "collector.db");
  lines = [];
  const store = openStore({ path: damaged, unitId: "door-1", clock: new VirtualClock(START_MS) });
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
  await Promise.all(numbers.map((number) => store.commit(draft(number, "h"))));
  await store.outbox.markDelivered([[1, 60]]);
  await store.close();
  const file = openSync(damaged, "r+");
  writeSync(file, Buffer.alloc(512), 0, 512, 0);
  closeSync(file);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("sentinel audit salvage", () => {
  it("puts what it finds where the unit's other records are, once", async () => {
    expect(await runSalvage(damaged, { into: collector, json: true }, START_MS, print)).toBe(0);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      found: [{ unit: "door-1", records: 100, missing: [] }],
      stored: { stored: 100, duplicates: 0, conflicts: 0 },
    });
    lines = [];
    expect(await runSalvage(damaged, { into: collector }, START_MS, print)).toBe(0);
    expect(lines).toContain(
      "0 put into the collector's database, 100 were there already, 0 differ",
    );
    expect(await runAudit({ database: collector }, print)).toBe(0);
    const archive = new SqliteRecordArchive(collector);
    expect(await archive.streams()).toMatchObject([{ unit: "door-1", through: 100, gaps: [] }]);
    await archive.close();
  });

  it("writes what it finds as lines, and never over a file", async () => {
    const out = join(folder, "records.jsonl");
    expect(await runSalvage(damaged, { out }, START_MS, print)).toBe(0);
    const records = readFileSync(out, "utf8").trimEnd().split("\n");
    expect(records).toHaveLength(100);
    const found = records.map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(new Set(found).size).toBe(100);
    expect(records.join("")).not.toContain('"h"');
    await expect(runSalvage(damaged, { out }, START_MS, print)).rejects.toThrow(/EEXIST/);
  });

  it("says when there is nothing, and takes no other database for a collector's", async () => {
    writeFileSync(damaged, "nothing of the kind");
    expect(await runSalvage(damaged, {}, START_MS, print)).toBe(1);
    expect(lines).toEqual(["no record could be found"]);
    const other = join(folder, "unit.db");
    writeFileSync(other, "x".repeat(2_000));
    await expect(runSalvage(damaged, { into: other }, START_MS, print)).rejects.toThrow(
      /not a collector/,
    );
  });
});
