import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRandom } from "../../../sim/kernel/random.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { StoreError } from "../../../src/store/errors.ts";
import { openStore, type Store, type StoreOptions } from "../../../src/store/store.ts";
import { openStoreInWorker } from "../../../src/store/worker/worker.ts";
import { draft, START_MS } from "../../support/records.ts";

const DAY_MS = 86_400_000;
let folder: string;
let path: string;
const open: Store[] = [];

function store(options: Partial<StoreOptions> = {}): Store {
  const made = openStore({ path, unitId: "door-1", clock: new VirtualClock(START_MS), ...options });
  open.push(made);
  return made;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-store-"));
  path = join(folder, "unit.db");
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
  rmSync(folder, { recursive: true, force: true });
});

const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "resolved",
    (error: unknown) => (error instanceof StoreError ? error.kind : String(error)),
  );

describe("records", () => {
  it("numbers them from 1 without gaps and goes on after a restart", async () => {
    const first = store();
    expect(await first.commit(draft(1))).toEqual({ seq: 1 });
    expect(await Promise.all([first.commit(draft(2)), first.commit(draft(3))])).toEqual([
      { seq: 2 },
      { seq: 3 },
    ]);
    const { epoch } = first;
    await first.close();
    const second = store();
    expect(second.epoch).toBe(epoch);
    expect(await second.commit(draft(4))).toEqual({ seq: 4 });
    expect(second.outbox.pending()).toBe(4);
  });

  it("gives a draft that was committed before its old number", async () => {
    const unit = store();
    await unit.commit(draft(1));
    expect(await unit.commit(draft(1))).toEqual({ seq: 1 });
    expect(await Promise.all([unit.commit(draft(2)), unit.commit(draft(2))])).toEqual([
      { seq: 2 },
      { seq: 2 },
    ]);
    expect(unit.outbox.pending()).toBe(2);
  });

  it("refuses what cannot be written down, and keeps what came with it", async () => {
    const unit = store();
    const odd = draft(2);
    const results = [
      unit.commit(draft(1)),
      unit.commit({ ...odd, at: { ...odd.at, wallMs: Number.NaN } }),
      unit.commit(draft(3)),
    ];
    expect(await Promise.all(results.map(kindOf))).toEqual(["resolved", "invalid", "resolved"]);
    expect(unit.outbox.head()).toBe(2);
  });

  it("shows the newest first, with what is delivered and whom they are about", async () => {
    const unit = store();
    await unit.commit(draft(1, "someone"));
    await unit.commit(draft(2));
    await unit.outbox.markDelivered([[1, 1]]);
    expect(await unit.recent(5)).toMatchObject([
      { seq: 2, delivered: false },
      { seq: 1, delivered: true, personal: { holderPseudonym: "someone" } },
    ]);
  });

  it("does not open another unit's database, nor a file that is none", async () => {
    await store().close();
    expect(() => store({ unitId: "door-2" })).toThrow(/belongs to unit door-1, not door-2/);
    const other = new Database(join(folder, "other.db"));
    other.exec("CREATE TABLE visitors (name TEXT)");
    other.close();
    expect(() => store({ path: join(folder, "other.db") })).toThrow(/not a unit's database/);
  });

  it("gives the same bytes for the same seed", async () => {
    const run = async (): Promise<unknown> => {
      const random = createRandom(7);
      const bytes = (length: number): Uint8Array =>
        Uint8Array.from({ length }, () => random.integer(0, 255));
      const unit = store({ path: ":memory:", random: bytes });
      for (let number = 1; number <= 20; number++) await unit.commit(draft(number, `h${number}`));
      return [unit.epoch, unit.signingKey.publicKey, await unit.outbox.read(0, 100)];
    };
    expect(await run()).toEqual(await run());
  });
});

describe("the outbox", () => {
  it("hands out what waits from a number on, and forgets what is delivered", async () => {
    const unit = store();
    for (let number = 1; number <= 10; number++) await unit.commit(draft(number));
    expect(
      await unit.outbox.markDelivered([
        [2, 4],
        [9, 20],
      ]),
    ).toBe(5);
    const numbers = (await unit.outbox.read(4, 3)).map(({ seq }) => seq);
    expect(numbers).toEqual([5, 6, 7]);
    expect(unit.outbox.pending()).toBe(5);
  });

  it("fills, becomes full, refuses visits but not alarms, and recovers", async () => {
    const unit = store({ outbox: { limit: 10, fillingAt: 0.8 } });
    const states: string[] = [];
    unit.outbox.onState((state) => states.push(state));
    for (let number = 1; number <= 10; number++) await unit.commit(draft(number));
    expect(states).toEqual(["filling", "full"]);
    expect(await kindOf(unit.commit(draft(11)))).toBe("full");
    expect(unit.outbox.lost()).toBe(1);
    const alarm = { ...draft(12), body: { type: "alarm-raised", alarm: "outbox-full" } as const };
    expect(await kindOf(unit.commit(alarm))).toBe("resolved");
    await unit.outbox.markDelivered([[1, 10]]);
    expect(states.at(-1)).toBe("normal");
    expect(await kindOf(unit.commit(draft(11)))).toBe("resolved");
    await unit.close();
    expect(store({ outbox: { limit: 10 } }).outbox.lost()).toBe(1);
  });

  it("takes delivered records back that are asked for again, while there is ample room", async () => {
    const unit = store({ outbox: { limit: 20 } });
    for (let number = 1; number <= 15; number++) await unit.commit(draft(number, "wang"));
    await unit.outbox.markDelivered([[1, 12]]);
    expect(
      await unit.outbox.requeue([
        [3, 4],
        [11, 14],
        [90, 99],
      ]),
    ).toBe(4);
    expect((await unit.outbox.read(0, 100)).map(({ seq }) => seq)).toEqual([
      3, 4, 11, 12, 13, 14, 15,
    ]);
    expect(await unit.outbox.requeue([[1, 15]])).toBe(3);
    expect(unit.outbox.pending()).toBe(10);
    expect(await unit.outbox.requeue([[1, 15]])).toBe(0);
    expect(await unit.outbox.markDelivered([[1, 15]])).toBe(10);
    expect(unit.outbox.pending()).toBe(0);
  });

  it("gives up the oldest where it is told to, counts it, and keeps it in the chain", async () => {
    const unit = store({ outbox: { limit: 3, whenFull: "drop-oldest" } });
    for (let number = 1; number <= 5; number++) await unit.commit(draft(number));
    expect((await unit.outbox.read(0, 10)).map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(unit.outbox.lost()).toBe(2);
    expect(await unit.recent(10)).toHaveLength(5);
  });
});

describe("personal data", () => {
  const bytesOnDisk = (): string =>
    ["", "-wal"]
      .map((end) => {
        try {
          return readFileSync(`${path}${end}`).toString("latin1");
        } catch {
          return "";
        }
      })
      .join("");

  it("is not readable in the file, before forgetting or after", async () => {
    const unit = store();
    await unit.commit({
      ...draft(1),
      personal: { holderPseudonym: "pseudonym-of-wang", maskedName: "WANG**" },
    });
    expect(bytesOnDisk()).not.toContain("pseudonym-of-wang");
    expect(bytesOnDisk()).not.toContain("WANG**");
    expect((await unit.recent(1))[0]?.personal?.maskedName).toBe("WANG**");
  });

  it("is opened with its own key, for each of many holders", async () => {
    const unit = store();
    const holders = ["wang", "li", "zhang", "wang"];
    for (const [index, holder] of holders.entries()) await unit.commit(draft(index + 1, holder));
    const opened = (await unit.recent(10)).map(({ personal }) => personal?.holderPseudonym);
    expect(opened).toEqual(holders.toReversed());
  });

  it("is gone with its key, which leaves no trace in the file or its log", async () => {
    const unit = store();
    await unit.commit(draft(1, "wang"));
    await unit.commit(draft(2, "li"));
    const reader = new Database(path, { readonly: true });
    const key = reader.prepare("SELECT key FROM holder_keys ORDER BY id LIMIT 1").pluck().get();
    reader.close();
    const keyText = Buffer.from(key as Uint8Array).toString("latin1");
    expect(bytesOnDisk()).toContain(keyText);
    expect(await unit.forget("wang")).toBe(1);
    expect(await unit.forget("wang")).toBe(0);
    expect(bytesOnDisk()).not.toContain(keyText);
    const [second, first] = await unit.recent(2);
    expect(first?.personal).toBeUndefined();
    expect(second?.personal?.holderPseudonym).toBe("li");
  });

  it("stays readable when the disk refused the transaction that made its key", async () => {
    let failing = false;
    const bytes = createRandom(3);
    const unit = store({
      random: (length) => {
        if (failing && length === 12 && ++nonces === 3) throw new Error("disk I/O error");
        return Uint8Array.from({ length }, () => bytes.integer(0, 255));
      },
    });
    let nonces = 0;
    const commit = (holder: string): Promise<string> =>
      kindOf(Promise.all([1, 2, 3].map((number) => unit.commit(draft(number, holder)))));
    failing = true;
    expect(await commit("wang")).toBe("disk");
    failing = false;
    expect(await commit("li")).toBe("resolved");
    const holders = async (from: Store): Promise<(string | undefined)[]> =>
      (await from.recent(3)).map(({ personal }) => personal?.holderPseudonym);
    expect(await holders(unit)).toEqual(["li", "li", "li"]);
    await unit.close();
    expect(await holders(store())).toEqual(["li", "li", "li"]);
  });

  it("leaves the unit without a pseudonym once it is forgotten", async () => {
    const unit = store();
    await unit.commit(draft(1, "wang"));
    expect((await unit.outbox.read(0, 1))[0]?.holderPseudonym).toBe("wang");
    await unit.forget("wang");
    expect((await unit.outbox.read(0, 1))[0]).not.toHaveProperty("holderPseudonym");
  });

  it.each([
    ["the day before the limit", -1, 0],
    ["the day of the limit", 0, 1],
  ])("is kept for the retention: %s", async (_name, dayShift, kept) => {
    const clock = new VirtualClock(START_MS + 30 * DAY_MS);
    const unit = store({ clock, personalDataDays: 30 });
    const record = draft(1, "wang");
    await unit.commit({
      ...record,
      at: { ...record.at, wallMs: START_MS + dayShift * DAY_MS },
    });
    await clock.run(3_600_000);
    const links = (await unit.recent(1)).filter(({ personal }) => personal !== undefined);
    expect(links).toHaveLength(kept);
  });

  it("is not forgotten by a clock that cannot be believed", async () => {
    const clock = new VirtualClock(START_MS);
    const unit = store({ clock, personalDataDays: 30 });
    await unit.commit(draft(1, "wang"));
    clock.stepWall(3_650 * DAY_MS, false);
    await clock.run(3_600_000);
    expect((await unit.recent(1))[0]?.personal).toBeDefined();
  });
});

describe("the directory", () => {
  const entry = (pseudonym: string, asOfMs: number) => ({
    pseudonym,
    roles: ["resident"],
    nucleicAcidTests: [],
    antigenTests: [],
    asOfMs,
  });

  it("is out of reach until there is one, then knows and does not know people", async () => {
    const unit = store();
    expect(await kindOf(unit.directory.lookup({ pseudonym: "p1" }))).toBe("invalid");
    expect(unit.directory.asOf()).toBeUndefined();
    await unit.directory.upsert(
      [{ entry: entry("p1", START_MS), tokenReferences: ["t1"] }, entry("p2", START_MS)],
      START_MS,
    );
    const known = { entry: entry("p1", START_MS), directoryAsOfMs: START_MS };
    expect(await unit.directory.lookup({ pseudonym: "p1" })).toEqual(known);
    expect(await unit.directory.lookup({ tokenReference: "t1" })).toEqual(known);
    expect(await unit.directory.lookup({ pseudonym: "p9" })).toEqual({ directoryAsOfMs: START_MS });
  });

  it("keeps the last good set and its old date when an update fails", async () => {
    const unit = store();
    await unit.directory.upsert([entry("p1", START_MS)], START_MS);
    const bad = unit.directory.apply({
      replace: true,
      put: [{ entry: entry("p2", START_MS + 1) }],
      asOfMs: START_MS + 1,
      expectedDigest: "something else",
    });
    expect(await kindOf(bad)).toBe("invalid");
    expect(unit.directory.asOf()).toBe(START_MS);
    expect((await unit.directory.lookup({ pseudonym: "p1" })).entry).toBeDefined();
    expect((await unit.directory.lookup({ pseudonym: "p2" })).entry).toBeUndefined();
  });
});

describe("behind a thread", () => {
  it("does the same, and its gauges follow", async () => {
    const unit = await openStoreInWorker({
      path,
      unitId: "door-1",
      clock: new VirtualClock(START_MS),
      outbox: { limit: 100, fillingAt: 0.5 },
    });
    open.push(unit);
    const states: string[] = [];
    unit.outbox.onState((state) => states.push(state));
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    const results = await Promise.all(numbers.map((number) => unit.commit(draft(number, "h"))));
    expect(results.map(({ seq }) => seq)).toEqual(numbers);
    expect([unit.outbox.pending(), unit.outbox.head(), states]).toEqual([60, 60, ["filling"]]);
    expect(await unit.outbox.read(59, 10)).toHaveLength(2);
    await unit.settings.set("last-good-time", "12");
    expect(await unit.settings.get("last-good-time")).toBe("12");
    expect(await kindOf(unit.directory.lookup({ pseudonym: "p" }))).toBe("invalid");
    expect(await unit.forget("h")).toBe(60);
    await unit.close();
    expect(await kindOf(unit.commit(draft(61)))).toBe("closed");
    expect(await store().commit(draft(61))).toEqual({ seq: 61 });
  });

  it("says why it cannot be opened", async () => {
    const nowhere = join(folder, "no", "such", "folder", "unit.db");
    const clock = new VirtualClock(START_MS);
    const opening = openStoreInWorker({ path: nowhere, unitId: "door-1", clock });
    expect(await kindOf(opening)).toBe("disk");
  });
});
