import { describe, expect, it } from "vitest";
import { delay } from "../../../hal/clock.ts";
import { createSimulatedBroker, type SimulatedBroker } from "../../../sim/platform/broker.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import type { RecordArchive } from "../../../src/district/record-archive.ts";
import type { ReceivedRecord } from "../../../src/district/received-record.ts";
import type { ChainedRecord } from "../../../src/protocol/record-chain.ts";
import { createCollector } from "../../../src/district/collector.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import type { MqttLink } from "../../../src/mqtt/connection.ts";
import { createUplink } from "../../../src/uplink/uplink.ts";
import { recordsIn } from "../../support/archive.ts";
import { draft, START_MS } from "../../support/records.ts";

/** An archive on a disk that can be full or slow. */
class SmallArchive extends SqliteRecordArchive {
  full = false;
  commitMs = 0;
  mostUnderWay = 0;
  #underWay = 0;
  readonly #clock: VirtualClock | undefined;

  constructor(clock?: VirtualClock) {
    super(":memory:");
    this.#clock = clock;
  }

  override async store(
    batch: Parameters<RecordArchive["store"]>[0],
  ): ReturnType<RecordArchive["store"]> {
    if (this.full) throw new Error("database or disk is full");
    this.#underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay);
    try {
      if (this.#clock !== undefined && this.commitMs > 0) await delay(this.#clock, this.commitMs);
      return await super.store(batch);
    } finally {
      this.#underWay -= 1;
    }
  }
}

interface Rig {
  clock: VirtualClock;
  broker: SimulatedBroker;
  archive: SmallArchive;
  store: Store;
  failures: string[];
  commit: (from: number, to: number) => Promise<void>;
  /** Another collector takes the place of the first. */
  collectWith: (archive: RecordArchive) => Promise<void>;
}

/** A unit and its collector, both begun. @param linkOf the collector's way to the broker */
async function rig(linkOf: (link: MqttLink) => MqttLink = (link) => link): Promise<Rig> {
  const clock = new VirtualClock(START_MS);
  const broker = createSimulatedBroker({ clock, random: createRandom(1) });
  const ends = { clock, chance: () => 0, district: "pudong" };
  const archive = new SmallArchive(clock);
  const failures: string[] = [];
  const collector = createCollector({
    ...ends,
    link: linkOf(broker.link()),
    archive,
    onFailure: ({ message }) => failures.push(message),
  });
  const store = openStore({ path: ":memory:", unitId: "door-1", clock });
  const uplink = createUplink({
    ...ends,
    link: broker.link(),
    outbox: store.outbox,
    unitId: "door-1",
    bootId: "boot-1",
    version: "test",
    acknowledgedBy: "collector",
  });
  collector.start();
  uplink.start();
  await clock.run(1_000);
  const commit = async (from: number, to: number): Promise<void> => {
    for (let number = from; number <= to; number++) await store.commit(draft(number));
  };
  const collectWith = async (other: RecordArchive): Promise<void> => {
    const stopping = collector.stop();
    await clock.run(1_000);
    await stopping;
    createCollector({ ...ends, link: broker.link(), archive: other }).start();
  };
  return { clock, broker, archive, store, failures, commit, collectWith };
}

async function recordsOf(archive: RecordArchive, epoch: string): Promise<ReceivedRecord[]> {
  return (await recordsIn(archive, "door-1", epoch)).map(({ seq, hash, canonical }) => {
    const { prev, at, body } = JSON.parse(canonical) as ChainedRecord;
    const { type } = body;
    return { unit: "door-1", epoch, seq, hash, prev, type, atMs: at.wallMs, canonical };
  });
}

it("goes on after a full disk, also when its connection fell meanwhile", async () => {
  const { clock, broker, archive, store, failures, commit } = await rig();
  archive.full = true;
  await commit(1, 20);
  await clock.run(500);
  expect(failures).toContain("database or disk is full");
  broker.setUp(false);
  // Longer than the collector pauses after a refusal: what it held is gone by then.
  await clock.run(5_000);
  archive.full = false;
  broker.setUp(true);
  await clock.run(60_000);
  expect(store.outbox.pending()).toBe(0);
  expect(await archive.streams()).toMatchObject([{ unit: "door-1", through: 20, gaps: [] }]);
});

it("acknowledges nothing before its archive has committed, and keeps one batch under way", async () => {
  const { clock, broker, archive, store, commit } = await rig();
  archive.commitMs = 5_000;
  await commit(1, 20);
  await clock.run(4_000);
  expect(store.outbox.pending()).toBe(20);
  await commit(21, 40);
  await clock.run(500);
  expect(archive.mostUnderWay).toBe(1);
  expect(broker.messages.filter(({ topic }) => topic.endsWith("/ack"))).toEqual([]);
  await clock.run(30_000);
  expect(archive.mostUnderWay).toBe(1);
  expect(store.outbox.pending()).toBe(0);
});

it.each([
  ["subscription", { subscribe: () => new Promise<never>(() => {}) }],
  ["word to a unit", { publish: () => new Promise<never>(() => {}) }],
])("leaves a broker that does not answer its %s, and asks anew", async (_name, mute) => {
  let connections = 0;
  const { clock, store, commit } = await rig((plain) => ({
    async connect(request) {
      const connection = await plain.connect(request);
      connections += 1;
      return connections > 2 ? connection : Object.assign(connection, mute);
    },
  }));
  await commit(1, 20);
  await clock.run(900_000);
  expect(connections).toBe(3);
  expect(store.outbox.pending()).toBe(0);
});

describe("a collector that goes on from", () => {
  it.each([
    ["an older copy of its database", 40, "visitor"],
    ["an older copy of its database", 40, "birth"],
    ["none", 0, "visitor"],
    ["none", 0, "birth"],
  ])(
    "%s (%i records) gets from its units what they had delivered, at the next %s",
    async (_what, kept, shownBy) => {
      const { clock, broker, archive, store, commit, collectWith } = await rig();
      await commit(1, 100);
      await clock.run(10_000);
      expect(store.outbox.pending()).toBe(0);
      const older = new SmallArchive();
      if (kept > 0) {
        const records = (await recordsOf(archive, store.epoch)).slice(0, kept);
        await older.store({ records, receivedMs: START_MS });
      }
      await collectWith(older);
      // The next visitor shows that something lacks; so does the unit's next birth.
      if (shownBy === "birth") broker.loseSessions();
      else await commit(101, 101);
      await clock.run(300_000);
      const through = shownBy === "birth" ? 100 : 101;
      expect(await older.streams()).toMatchObject([{ unit: "door-1", through, gaps: [] }]);
      expect(store.outbox.pending()).toBe(0);
      // Once is enough: nobody asks, and nothing is sent, when nothing lacks.
      const before = broker.messages.length;
      await clock.run(3_600_000);
      expect(broker.messages.length - before).toBeLessThan(5);
    },
  );

  it("an older copy asks in vain for what is gone from the unit, ever less often", async () => {
    const { clock, broker, store, commit, collectWith } = await rig();
    await commit(1, 50);
    await clock.run(10_000);
    while ((await store.prune({ beforeMs: START_MS + 1e9, atMs: START_MS + 2e9 })).more);
    await collectWith(new SmallArchive());
    await commit(51, 51);
    const asked = (): number =>
      broker.messages.filter(({ payload }) => payload.includes('"again"')).length;
    await clock.run(24 * 3_600_000);
    expect(asked()).toBeGreaterThan(3);
    expect(asked()).toBeLessThan(15);
    await commit(52, 60);
    await clock.run(10_000);
    expect(store.outbox.pending()).toBe(0);
  });
});
