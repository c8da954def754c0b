import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import { runAudit } from "../../../../src/cli/audit.ts";
import { auditUnit } from "../../../../src/store/offline/audit.ts";
import { sha256Hex } from "../../../../src/base/canonical-json.ts";
import { signCheckpoint } from "../../../../src/store/retention/checkpoint.ts";
import { signingKeyFromSeed } from "../../../../src/store/signing-key.ts";
import { openStore, type Store, type StoreOptions } from "../../../../src/store/store.ts";
import { openStoreInWorker } from "../../../../src/store/worker/worker.ts";
import { draft, START_MS } from "../../../support/records.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
let folder: string;
let path: string;
const open: Store[] = [];

function store(options: Partial<StoreOptions> = {}): Store {
  const made = openStore({ path, unitId: "door-1", clock: new VirtualClock(START_MS), ...options });
  open.push(made);
  return made;
}

/** One record a day, from the given day on. */
async function fill(unit: Store, from: number, to: number, trusted = true): Promise<void> {
  const days = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const commits = days.map(async (day) => {
    const record = draft(day, `holder-${day % 3}`);
    const wallMs = trusted ? START_MS + day * DAY_MS : day;
    return unit.commit({ ...record, at: { ...record.at, wallMs, wallTrusted: trusted } });
  });
  await Promise.all(commits);
}

async function pruneAll(unit: Store, beforeDay: number): Promise<number> {
  const request = { beforeMs: START_MS + beforeDay * DAY_MS, atMs: START_MS + 400 * DAY_MS };
  for (let removed = 0; ;) {
    const step = await unit.prune(request);
    expect(step.removed).toBeLessThanOrEqual(64);
    removed += step.removed;
    if (!step.more) return removed;
  }
}

const oldest = async (unit: Store): Promise<number | undefined> =>
  (await unit.recent(10_000)).at(-1)?.seq;

function tamper(sql: string, ...values: string[]): void {
  const database = new Database(path);
  database.function("sha256", (text: unknown) => sha256Hex(String(text)));
  if (values.length > 0) database.prepare(sql).run(...values);
  else database.exec(sql);
  database.close();
}

const faultsOf = (): string[] => auditUnit(path).faults.map(({ kind, seq }) => `${kind} ${seq}`);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-prune-"));
  path = join(folder, "unit.db");
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("pruning", () => {
  it.each([
    ["the last of its day", 10, 9],
    ["everything", 1_000, 600],
    ["nothing", 1, 0],
    ["more than one look takes in", 500, 499],
  ])("removes what is older than the limit, in small steps: %s", async (_what, before, removed) => {
    const unit = store();
    await fill(unit, 1, 600);
    await unit.outbox.markDelivered([[1, 600]]);
    expect(await pruneAll(unit, before)).toBe(removed);
    expect(await oldest(unit)).toBe(removed === 600 ? undefined : removed + 1);
    expect(await unit.commit(draft(700))).toEqual({ seq: 601 });
  });

  it("never removes what has not arrived, nor anything behind it", async () => {
    const unit = store();
    await fill(unit, 1, 100);
    await unit.outbox.markDelivered([
      [1, 30],
      [32, 100],
    ]);
    expect(await pruneAll(unit, 90)).toBe(30);
    await unit.outbox.markDelivered([[31, 31]]);
    expect(await pruneAll(unit, 90)).toBe(59);
  });

  it("takes a record without a believable date for as old as the one that follows", async () => {
    const unit = store();
    await fill(unit, 1, 5);
    await fill(unit, 6, 400, false);
    await fill(unit, 401, 402);
    await fill(unit, 403, 800, false);
    await unit.outbox.markDelivered([[1, 800]]);
    expect(await pruneAll(unit, 402)).toBe(401);
    expect(await pruneAll(unit, 1_000)).toBe(1);
  });

  it("takes the personal parts along, and uses the space again", async () => {
    const unit = store();
    await fill(unit, 1, 2_000);
    await unit.outbox.markDelivered([[1, 2_000]]);
    await unit.forgetBefore(START_MS + 1_900 * DAY_MS);
    const before = statSync(path).size;
    await pruneAll(unit, 1_990);
    await fill(unit, 2_001, 3_500);
    await unit.close();
    expect(statSync(path).size).toBeLessThan(before * 1.1);
    expect(auditUnit(path)).toMatchObject({ records: 1_511, linked: 1_511, faults: [] });
  });

  it("happens by itself, an hour after the start, while the clock is to be believed", async () => {
    const clock = new VirtualClock(START_MS + 365 * DAY_MS + DAY_MS / 2);
    const unit = store({ clock, recordDays: 360 });
    await fill(unit, 1, 300);
    await unit.outbox.markDelivered([[1, 300]]);
    clock.stepWall(0, false);
    await clock.run(HOUR_MS + 1_000);
    expect(await oldest(unit)).toBe(1);
    clock.stepWall(0, true);
    await clock.run(HOUR_MS);
    expect(await oldest(unit)).toBe(6);
  });

  it("works behind a thread", async () => {
    const unit = await openStoreInWorker({
      path,
      unitId: "door-1",
      clock: new VirtualClock(START_MS),
    });
    open.push(unit);
    await fill(unit, 1, 100);
    await unit.outbox.markDelivered([[1, 100]]);
    expect(await pruneAll(unit, 51)).toBe(50);
  });
});

describe("the audit of a pruned chain", () => {
  let publicKey: string;

  beforeEach(async () => {
    const unit = store();
    ({ publicKey } = unit.signingKey);
    await fill(unit, 1, 100);
    await unit.outbox.markDelivered([[1, 100]]);
    await pruneAll(unit, 41);
    await unit.close();
  });

  it("says from where it verified, and when the rest was pruned", async () => {
    const prunedAtMs = START_MS + 400 * DAY_MS;
    expect(auditUnit(path, publicKey)).toMatchObject({
      records: 60,
      checkpoint: { seq: 40, prunedAtMs },
      faults: [],
    });
    const lines: string[] = [];
    expect(await runAudit({ database: path, key: publicKey }, (line) => lines.push(line))).toBe(0);
    expect(lines).toContain(
      `verified from number 41 on (earlier ones pruned, the last on ${new Date(prunedAtMs).toISOString()})`,
    );
  });

  const change = "canonical = replace(canonical, 'taken', 'not-taken')";
  it.each([
    ["a changed record", `UPDATE records SET ${change} WHERE seq = 70`, ["changed 70"]],
    [
      "the first one changed with its hash made to fit",
      `UPDATE records SET ${change} WHERE seq = 41; UPDATE records SET hash = sha256(canonical) WHERE seq = 41`,
      ["out-of-order 42"],
    ],
    ["a missing record", "DELETE FROM records WHERE seq = 70", ["missing 70"]],
    ["more cut off the old end", "DELETE FROM records WHERE seq < 50", ["missing 41"]],
    [
      "two records swapped",
      "UPDATE records SET seq = 200 WHERE seq = 70; UPDATE records SET seq = 70 WHERE seq = 71; UPDATE records SET seq = 71 WHERE seq = 200",
      ["misplaced 70", "misplaced 71"],
    ],
    ["the newest cut off", "DELETE FROM records WHERE seq > 98", ["cut-short 99"]],
    ["the checkpoint taken away", "DELETE FROM meta WHERE name = 'checkpoint'", ["missing 1"]],
    [
      "the checkpoint's number changed",
      `UPDATE meta SET value = replace(value, '"seq\\":40', '"seq\\":39') WHERE name = 'checkpoint'`,
      ["forged-checkpoint 39", "missing 40"],
    ],
    [
      "the checkpoint's date changed",
      `UPDATE meta SET value = replace(value, 'prunedAtMs\\":1', 'prunedAtMs\\":2') WHERE name = 'checkpoint'`,
      ["forged-checkpoint 40"],
    ],
    [
      "the checkpoint of nonsense",
      "UPDATE meta SET value = '40' WHERE name = 'checkpoint'",
      ["forged-checkpoint 0", "missing 1"],
    ],
  ])("finds %s", (_what, sql, faults) => {
    tamper(sql);
    expect(faultsOf()).toEqual(faults);
  });

  it("finds records cut off behind a checkpoint that somebody else signed", () => {
    const database = new Database(path);
    const { canonical, hash } = database
      .prepare<[], { canonical: string; hash: string }>(
        "SELECT canonical, hash FROM records WHERE seq = 60",
      )
      .get() ?? { canonical: "", hash: "" };
    database.close();
    const { unit, epoch } = JSON.parse(canonical) as { unit: string; epoch: string };
    const thief = signingKeyFromSeed(new Uint8Array(32).fill(7));
    const forged = signCheckpoint({ unit, epoch, seq: 60, hash, prunedAtMs: START_MS }, (text) =>
      thief.sign(text),
    );
    tamper("DELETE FROM records WHERE seq <= 60");
    tamper("UPDATE meta SET value = ? WHERE name = 'checkpoint'", forged);
    expect(faultsOf()).toEqual(["forged-checkpoint 60"]);
    // With the thief's key in the file it passes for theirs; the key the unit was known by does not.
    tamper(
      "UPDATE meta SET value = ? WHERE name = 'signing-seed'",
      Buffer.alloc(32, 7).toString("hex"),
    );
    expect(faultsOf()).toEqual([]);
    expect(auditUnit(path, publicKey).faults).toMatchObject([{ kind: "forged-checkpoint" }]);
  });
});
