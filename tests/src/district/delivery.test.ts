import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { recordsIn } from "../../support/archive.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import {
  createCollector,
  type Collector,
  type CollectorOptions,
} from "../../../src/district/collector.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { KeyRing } from "../../../src/protocol/signed-token.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { createUplink, type Uplink, type UplinkOptions } from "../../../src/uplink/uplink.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { draft } from "../../support/records.ts";
import { until } from "../../support/until.ts";

const clock = createSystemClock();
const DISTRICT = "pudong";
const reconnect = { firstMs: 50, longestMs: 200 };
const UNIT = "door-1";

let folder: string;
let broker: Mosquitto;
let store: Store;
let archive: SqliteRecordArchive;
const running: { stop(): Promise<void> }[] = [];

function unit(options: Partial<UplinkOptions> = {}): Uplink {
  const uplink = createUplink({
    link: createMqttJsLink({ url: broker.url, version: "5" }),
    outbox: store.outbox,
    clock,
    chance: () => 0,
    reconnect,
    unitId: UNIT,
    district: DISTRICT,
    bootId: "boot-1",
    version: "test",
    acknowledgedBy: "collector",
    backlogPerSecond: 100_000,
    ...options,
  });
  running.push(uplink);
  uplink.start();
  return uplink;
}

function collector(options: Partial<CollectorOptions> = {}): Collector {
  const made = createCollector({
    link: createMqttJsLink({ url: broker.url, version: "5" }),
    archive,
    clock,
    chance: () => 0,
    reconnect,
    district: DISTRICT,
    ...options,
  });
  running.push(made);
  made.start();
  return made;
}

async function commit(from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  await Promise.all(numbers.map((number) => store.commit(draft(number))));
}

const numbersThere = async (): Promise<number[]> =>
  (await recordsIn(archive, UNIT, store.epoch)).map(({ seq }) => seq);
const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-delivery-"));
  store = openStore({ path: join(folder, "unit.db"), unitId: UNIT, clock });
  archive = new SqliteRecordArchive(join(folder, "collector.db"));
  broker = await startMosquitto();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop()));
  await store.close();
  await archive.close();
  await broker.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("exactly once at the far end", () => {
  it("delivers every record once, in order, and empties the outbox", async () => {
    collector();
    unit();
    await commit(1, 300);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(300));
  });

  it("loses nothing when the broker is killed again and again under load", async () => {
    const far = collector();
    const near = unit();
    for (let round = 0; round < 4; round++) {
      await commit(round * 250 + 1, round * 250 + 125);
      await until("the unit is online", () => near.online());
      await broker.kill();
      await commit(round * 250 + 126, round * 250 + 250);
      await broker.start();
    }
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(1_000));
    expect(far.counters().conflicts).toBe(0);
  });

  it("keeps what the broker acknowledged and lost while the collector was away", async () => {
    const away = collector();
    await until("the collector is subscribed", () => away.online());
    await away.stop();
    const near = unit();
    await commit(1, 200);
    await until("the broker has taken them", () => near.counters().published === 200);
    expect(store.outbox.pending()).toBe(200);
    await broker.kill();
    await broker.start();
    collector();
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(200));
  });

  it("sends again what a collector without its memory asks for", async () => {
    const first = collector();
    const near = unit();
    await commit(1, 20);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await first.stop();
    await commit(21, 60);
    await until("the broker has taken the rest", () => near.counters().published === 60);
    await broker.kill();
    await broker.start();
    const second = collector();
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(60));
    expect(second.counters().stored).toBe(40);
  });

  it("keeps every record of a unit whose disk went back to an older state", async () => {
    const far = collector();
    const first = unit();
    await commit(1, 10);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    copyFileSync(join(folder, "unit.db"), join(folder, "older.db"));
    copyFileSync(join(folder, "unit.db-wal"), join(folder, "older.db-wal"));
    await commit(11, 20);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await first.stop();
    await store.close();
    // The same numbers again, for visits that are others.
    store = openStore({ path: join(folder, "older.db"), unitId: UNIT, clock });
    const second = unit();
    await until("the unit is online", () => second.online());
    await commit(111, 115);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(second.counters().acknowledgementsRefused["beyond-head"]).toBeGreaterThan(0);
    expect(far.counters()).toMatchObject({ stored: 20, conflicts: 5 });
    expect((await archive.conflicts()).map(({ seq }) => seq)).toEqual([11, 12, 13, 14, 15]);
  });

  it("does not take a broker's word for delivery when nobody listens", async () => {
    const near = unit({ acknowledgedBy: "broker", retryMs: 100 });
    await commit(1, 10);
    await until("the broker said that nobody listens", () => near.counters().withoutSubscriber > 0);
    expect(store.outbox.pending()).toBe(10);
    collector();
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await until("all are stored", async () => (await numbersThere()).length === 10);
    expect(await numbersThere()).toEqual(oneTo(10));
  });
});

describe("a collector that signs", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = { id: "collector-1", secret: privateKey };
  const collectorKeys = new KeyRing({ [key.id]: String(publicKey.export({ format: "jwk" }).x) });

  it("empties the outbox of a unit that listens to nobody else", async () => {
    collector({ key });
    const near = unit({ collectorKeys });
    await commit(1, 300);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(300));
    const refused = Object.values(near.counters().acknowledgementsRefused);
    expect(Math.max(...refused)).toBe(0);
  });

  it("is told from anybody who may publish to the same topic", async () => {
    const near = unit({ collectorKeys });
    await until("the unit is online", () => near.online());
    await commit(1, 20);
    const liar = await createMqttJsLink({ url: broker.url, version: "5" }).connect({
      clientId: "liar",
      cleanStart: true,
      sessionExpirySeconds: 0,
      keepAliveSeconds: 20,
      connectTimeoutMs: 5_000,
    });
    const lie = JSON.stringify({ epoch: store.epoch, through: 20, ranges: [] });
    await liar.publish({ topic: near.topics.acknowledgement, payload: lie, qos: 1 });
    await until("it is counted", () => near.counters().acknowledgementsRefused["unsigned"] === 1);
    expect(store.outbox.pending()).toBe(20);
    await liar.close();
    collector({ key });
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(await numbersThere()).toEqual(oneTo(20));
  });
});

describe("a broker that comes and goes", () => {
  it("is waited for at start, and changes nothing for who commits", async () => {
    await broker.stop();
    const near = unit();
    const links: boolean[] = [];
    near.onLink((ok) => links.push(ok));
    await commit(1, 20);
    await until("the first failure is reported", () => links.length > 0);
    expect(links).toEqual([false]);
    await broker.start();
    collector();
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(links).toEqual([false, true]);
    expect(await numbersThere()).toEqual(oneTo(20));
  });
});
