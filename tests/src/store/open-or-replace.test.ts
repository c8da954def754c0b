import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { openUnitStore } from "../../../src/store/worker/unavailable.ts";
import { auditUnit } from "../../../src/store/offline/audit.ts";
import { StoreError } from "../../../src/store/errors.ts";
import { salvage } from "../../../src/store/offline/salvage.ts";
import { openStore } from "../../../src/store/store.ts";
import { markCorrupt } from "../../../src/store/quarantine.ts";
import { wipeUnit, type WipeStatement } from "../../../src/store/offline/wipe.ts";
import { openStoreInWorker, type UnitStore } from "../../../src/store/worker/worker.ts";
import { draft, START_MS } from "../../support/records.ts";

const PAGE_BYTES = 4_096;
const RECORDS = 300;
let folder: string;
let path: string;
const open: UnitStore[] = [];
const damages: StoreError[] = [];

async function start(unitId = "door-1"): Promise<UnitStore> {
  const clock = new VirtualClock(START_MS);
  const onDamaged = (error: StoreError): void => void damages.push(error);
  const unit = await openStoreInWorker({ path, unitId, clock, onDamaged });
  open.push(unit);
  return unit;
}

/** A unit's database with records, 1 to 200 of them delivered, as a process that was killed leaves it. */
async function fill(): Promise<{ epoch: string; publicKey: string }> {
  const made = join(folder, "made.db");
  const store = openStore({ path: made, unitId: "door-1", clock: new VirtualClock(START_MS) });
  const numbers = Array.from({ length: RECORDS }, (_, index) => index + 1);
  await Promise.all(numbers.map((number) => store.commit(draft(number, "h"))));
  await store.outbox.markDelivered([[1, 200]]);
  await store.settings.set("command-counter:key-1", "17");
  const entry = { pseudonym: "p", roles: [], nucleicAcidTests: [], antigenTests: [], asOfMs: 1 };
  await store.directory.upsert([entry], START_MS);
  for (const end of ["", "-wal"]) copyFileSync(`${made}${end}`, `${path}${end}`);
  const { epoch, signingKey } = store;
  await store.close();
  return { epoch, publicKey: signingKey.publicKey };
}

/** Copies the log into the database, so that damage to a page is not healed by it. */
function settle(): void {
  const database = new Database(path);
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
}

function overwrite(at: number, length: number, byte = 0xa5): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, byte), 0, length, at);
  closeSync(file);
}

/** Where the page lies that holds the middle of the table of records. */
function pageOfRecord(seq: number): number {
  const text = Buffer.from(`"visitRef":"visit-${seq}"`);
  const at = readFileSync(path).indexOf(text);
  expect(at).toBeGreaterThan(0);
  return Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
}

const setAside = (): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("unit.db.set-aside-"));

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof StoreError ? error.kind : String(error)),
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-replace-"));
  path = join(folder, "unit.db");
  damages.length = 0;
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((unit) => unit.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("a database that cannot be opened", () => {
  const DATED = "unit.db.set-aside-2022-04-26T090000Z";

  it.each<[string, () => void]>([
    ["a file of something else", () => writeFileSync(path, "no database at all, ".repeat(999))],
    ["a header torn off", () => overwrite(0, 512)],
    ["nothing but zeros", () => overwrite(0, 200_000, 0)],
    ["a file without bytes", () => truncateSync(path, 0)],
    ["a file cut in the middle", () => truncateSync(path, 20_000)],
  ])("is set aside, and the unit goes on with a new epoch: %s", async (_what, damage) => {
    const { epoch } = await fill();
    settle();
    damage();
    const damaged = readFileSync(path);
    const unit = await start();
    expect(unit.replaced?.setAside).toBe(join(folder, DATED));
    expect(readFileSync(join(folder, DATED)).equals(damaged)).toBe(true);
    expect(unit.epoch).not.toBe(epoch);
    expect(await unit.commit(draft(500))).toEqual({ seq: 1 });
    await unit.close();
    open.splice(0);
    expect(auditUnit(path)).toMatchObject({ records: 1, faults: [] });
    expect((await start()).replaced).toBeUndefined();
  });

  it("is another unit's: nothing of it is taken over", async () => {
    const { epoch, publicKey } = await fill();
    const unit = await start("door-2");
    expect(unit.replaced).toEqual({
      setAside: join(folder, DATED),
      why: expect.stringContaining("belongs to unit door-1, not door-2") as string,
      previousEpoch: epoch,
      fromSeq: 201,
      toSeq: RECORDS,
    });
    expect(unit.signingKey.publicKey).not.toBe(publicKey);
    expect(await unit.settings.get("command-counter:key-1")).toBeUndefined();
    expect(await unit.commit(draft(1))).toEqual({ seq: 1 });
  });

  it("is another program's: it is left alone, and the unit does not start", async () => {
    const other = new Database(path);
    other.exec("CREATE TABLE visitors (name TEXT)");
    other.close();
    expect(await failure(start())).toBe("foreign");
    expect(setAside()).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });
});

describe("a page torn in the middle", () => {
  it("stops the store when it is met, and the next start sets the database aside", async () => {
    const { epoch, publicKey } = await fill();
    settle();
    overwrite(pageOfRecord(250), PAGE_BYTES);
    const unit = await start();
    expect(unit.replaced).toBeUndefined();
    expect(await failure(unit.outbox.read(201, 100))).toBe("damaged");
    expect(damages).toHaveLength(1);
    // Whoever could still write would go on filling a file that is to be set aside.
    expect(await failure(unit.commit(draft(999)))).toBe("damaged");
    expect(await failure(unit.settings.set("a", "b"))).toBe("damaged");
    await unit.close();
    open.splice(0);

    const next = await start();
    expect(next.replaced).toMatchObject({ previousEpoch: epoch, fromSeq: 201, toSeq: RECORDS });
    expect(next.epoch).not.toBe(epoch);
    // What others know the unit by, and what keeps commands from being replayed, goes over.
    expect(next.signingKey.publicKey).toBe(publicKey);
    expect(await next.settings.get("command-counter:key-1")).toBe("17");
    // Nothing would show a changed entry: people are unknown until a directory comes.
    expect(next.directory.asOf()).toBeUndefined();
    expect(await next.commit(draft(999))).toEqual({ seq: 1 });
  });

  it("leaves every record on the other pages to be salvaged", async () => {
    const { epoch } = await fill();
    settle();
    const page = pageOfRecord(250);
    const lost = readFileSync(path)
      .subarray(page, page + PAGE_BYTES)
      .toString("latin1")
      .matchAll(/"seq":(\d+),"unit"/g);
    const gone = new Set([...lost].map(([, seq]) => Number(seq)));
    expect(gone.size).toBeGreaterThan(3);
    overwrite(page, PAGE_BYTES);
    const found = [...salvage(path)];
    expect(found.every((record) => record.epoch === epoch && record.unit === "door-1")).toBe(true);
    const numbers = found.map(({ seq }) => seq).sort((a, b) => a - b);
    const whole = Array.from({ length: RECORDS }, (_, index) => index + 1);
    expect(numbers).toEqual(whole.filter((seq) => !gone.has(seq)));
  });

  it("is salvaged even without a header, and a changed record is not", async () => {
    await fill();
    settle();
    const bytes = readFileSync(path);
    bytes.fill(0, 0, 512);
    const at = bytes.indexOf('"visitRef":"visit-77"');
    bytes.write("X", at + 13);
    writeFileSync(path, bytes);
    const numbers = [...salvage(path)].map(({ seq }) => seq);
    expect(numbers).not.toContain(77);
    expect(new Set(numbers).size).toBeGreaterThanOrEqual(RECORDS - 1);
  });
});

describe("setting aside", () => {
  it("is made good when a power cut came between two of its steps", async () => {
    await fill();
    overwrite(0, 512);
    const name = "unit.db.set-aside-2022-04-26T090000Z";
    writeFileSync(`${path}-suspect`, JSON.stringify({ why: "torn", setAside: join(folder, name) }));
    copyFileSync(path, join(folder, name));
    rmSync(path);
    const unit = await start();
    expect(unit.replaced).toMatchObject({ why: "torn", setAside: join(folder, name) });
    expect(existsSync(join(folder, `${name}-wal`))).toBe(true);
    expect(existsSync(`${path}-suspect`)).toBe(false);
    expect(await unit.commit(draft(1))).toEqual({ seq: 1 });
  });

  it("keeps every file, and a wipe takes them all", async () => {
    for (let time = 0; time < 2; time++) {
      writeFileSync(path, "not a database, ".repeat(500));
      await (await start()).close();
      open.splice(0);
    }
    expect(setAside()).toHaveLength(2);
    markCorrupt(path, "seen while it was in use", START_MS);
    const { statement } = wipeUnit(path, { wallMs: START_MS, trusted: true }, "returned");
    expect(statement.setAside).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("wiping a damaged database", () => {
  const wipe = (): WipeStatement =>
    wipeUnit(path, { wallMs: START_MS, trusted: true }, "returned").statement;

  it("overwrites every byte of it where a page is torn", async () => {
    await fill();
    settle();
    overwrite(pageOfRecord(250), PAGE_BYTES);
    rmSync(join(folder, "made.db"));
    const beside = join(folder, "still-open");
    // A second name for the same bytes: what is overwritten shows there.
    linkSync(path, beside);
    expect(wipe()).toMatchObject({ unit: "door-1", undelivered: 100 });
    expect(readdirSync(folder)).toEqual(["still-open"]);
    expect(readFileSync(beside).every((byte) => byte === 0)).toBe(true);
  });

  it("takes a new one where its key cannot be read, and then overwrites both", async () => {
    await fill();
    settle();
    rmSync(join(folder, "made.db"));
    overwrite(0, 512);
    expect(wipe).toThrow(/start the unit once/);
    await (await start()).close();
    open.splice(0);
    expect(wipe()).toMatchObject({ setAside: 1, rows: { records: 0 } });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a disk that lets nothing be opened", () => {
  it("leaves a unit that comes up and records nothing", async () => {
    mkdirSync(path);
    const told: StoreError[] = [];
    const clock = new VirtualClock(START_MS);
    const unit = await openUnitStore({ path, unitId: "door-1", clock }, (error) =>
      told.push(error),
    );
    expect(told.map(({ kind }) => kind)).toEqual(["disk"]);
    expect(await failure(unit.commit(draft(1)))).toBe("disk");
    expect(await failure(unit.directory.lookup({ pseudonym: "p" }))).toBe("disk");
    expect([unit.outbox.pending(), await unit.recent(5)]).toEqual([0, []]);
    await unit.close();
  });
});
