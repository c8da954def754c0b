import { describe, expect, it } from "vitest";
import { held, tortureDisk, type DiskRow } from "../../../bench/torture/disk.ts";

describe("disks that fail", { timeout: 300_000 }, () => {
  it("lose nothing they had taken, and never anything in silence", async () => {
    const rows = await tortureDisk(2, 7);
    expect(rows.length).toBeGreaterThanOrEqual(6);
    expect(rows.filter((row) => !held(row))).toEqual([]);
    const refused = rows.find(({ fault }) => fault.startsWith("write(2) fails"));
    expect(refused?.said).toMatch(/^disk SQLITE_IOERR_WRITE.*went on without a restart$/);
  });

  const NONE = { whole: 0, shorter: 0, replaced: 0, said: 0, silent: 0, down: 0 };
  const row = (change: Partial<DiskRow>): DiskRow => ({
    fault: "a fault",
    trials: 1,
    verdicts: { ...NONE, whole: 1 },
    lost: 0,
    mayLose: false,
    said: "",
    ...change,
  });

  it.each<[string, boolean, Partial<DiskRow>]>([
    ["all there", true, {}],
    ["a record lost that the disk had taken", false, { lost: 1 }],
    ["the newest lost by a disk that broke its word", true, { lost: 1, mayLose: true }],
    ["a hole nobody told of", false, { mayLose: true, verdicts: { ...NONE, silent: 1 } }],
    ["a unit that did not come up", false, { mayLose: true, verdicts: { ...NONE, down: 1 } }],
    ["a database that was set aside", true, { mayLose: true, verdicts: { ...NONE, replaced: 1 } }],
  ])("are judged: %s", (_what, expected, change) => {
    expect(held(row(change))).toBe(expected);
  });
});
