import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { createSimulatedBroker, type SimulatedBroker } from "../../../sim/platform/broker.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { createBackoff } from "../../../src/base/backoff.ts";
import { rangesOf } from "../../../src/uplink/outbox-port.ts";
import { createUplink, type Uplink, type UplinkOptions } from "../../../src/uplink/uplink.ts";
import { draft, START_MS } from "../../support/records.ts";

interface Rig {
  clock: VirtualClock;
  broker: SimulatedBroker;
  store: Store;
  uplink: Uplink;
  commit(from: number, to: number): Promise<void>;
  /** Sequence numbers as they arrived, duplicates included. */
  arrived(): number[];
  acknowledge(through: number, ranges?: [number, number][]): void;
}

async function rig(options: Partial<UplinkOptions> = {}): Promise<Rig> {
  const clock = new VirtualClock(START_MS);
  const random = createRandom(11);
  const broker = createSimulatedBroker({ clock, random: random.fork("broker") });
  const bytes = random.fork("bytes");
  const store = openStore({
    path: ":memory:",
    unitId: "door-1",
    clock,
    random: (length) => Uint8Array.from({ length }, () => bytes.integer(0, 255)),
  });
  const uplink = createUplink({
    link: broker.link(),
    outbox: store.outbox,
    clock,
    chance: () => random.next(),
    unitId: "door-1",
    district: "pudong",
    bootId: "boot-1",
    version: "test",
    ...options,
  });
  return {
    clock,
    broker,
    store,
    uplink,
    async commit(from, to) {
      for (let number = from; number <= to; number++) await store.commit(draft(number));
    },
    arrived: () =>
      broker.messages
        .filter(({ topic }) => topic === uplink.topics.events)
        .map(({ payload }) => Number((JSON.parse(payload) as { id: string }).id.split("/")[2])),
    acknowledge: (through, ranges = []) =>
      broker.send(
        uplink.topics.acknowledgement,
        JSON.stringify({ epoch: store.epoch, through, ranges }),
      ),
  };
}

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const unique = (numbers: readonly number[]): number[] =>
  [...new Set(numbers)].sort((a, b) => a - b);

describe("presence", () => {
  const states = ({ broker, uplink }: Rig): unknown[] =>
    broker.messages
      .filter(({ topic }) => topic === uplink.topics.state)
      .map(({ payload, retain }) => ({ ...(JSON.parse(payload) as object), retain }));

  it("is a retained birth, and a farewell on stopping", async () => {
    const made = await rig({ birth: () => ({ policy: 3 }) });
    await made.commit(1, 2);
    made.uplink.start();
    await made.clock.run(1_000);
    const stopping = made.uplink.stop();
    await made.clock.run(1_000);
    await stopping;
    expect(states(made)).toMatchObject([
      {
        availability: "online",
        bootId: "boot-1",
        version: "test",
        policy: 3,
        outbox: { pending: 2, head: 2 },
        retain: true,
      },
      { availability: "offline", bootId: "boot-1", retain: true },
    ]);
  });

  it.each([0, 1, 2, 5, 10, 20, 40, 80])(
    "ends with a farewell when it is stopped %i ms after its start",
    async (afterMs) => {
      const made = await rig();
      made.uplink.start();
      await made.clock.run(afterMs);
      let stopped = false;
      const stopping = made.uplink.stop().then(() => {
        stopped = true;
      });
      await made.clock.run(5_000);
      expect(stopped).toBe(true);
      await stopping;
      expect(["offline", undefined]).toContain(
        (states(made).at(-1) as { availability?: string } | undefined)?.availability,
      );
    },
  );

  it("is a will with the same boot id five seconds after the unit vanished for good", async () => {
    const made = await rig();
    made.uplink.start();
    await made.clock.run(100);
    expect(states(made)).toHaveLength(1);
    made.broker.setUp(false);
    await made.clock.run(4_900);
    expect(states(made)).toHaveLength(1);
    await made.clock.run(200);
    expect(states(made).at(-1)).toMatchObject({ availability: "offline", bootId: "boot-1" });
  });

  it("tells each change of the link once, the first failure included", async () => {
    const made = await rig();
    const links: boolean[] = [];
    made.uplink.onLink((ok) => links.push(ok));
    made.broker.setUp(false);
    made.uplink.start();
    await made.clock.run(60_000);
    made.broker.setUp(true);
    await made.clock.run(60_000);
    expect(links).toEqual([false, true]);
  });
});

describe("records", () => {
  it("wait while the broker is away and then arrive in order, each once", async () => {
    const made = await rig();
    made.broker.setUp(false);
    made.uplink.start();
    await made.commit(1, 500);
    await made.clock.run(30_000);
    made.broker.setUp(true);
    await made.clock.run(30_000);
    expect(made.arrived()).toEqual(oneTo(500));
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("all arrive through a network that loses messages and acknowledgements", async () => {
    const made = await rig();
    made.broker.setConditions({ drop: 0.01, duplicate: 0.05 });
    made.uplink.start();
    for (let minute = 0; minute < 30; minute++) {
      await made.commit(minute * 20 + 1, minute * 20 + 20);
      await made.clock.run(60_000);
    }
    made.broker.setConditions({ drop: 0 });
    await made.clock.run(60_000);
    expect(unique(made.arrived())).toEqual(oneTo(600));
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("never have more in flight than the broker's Receive Maximum", async () => {
    const made = await rig({ backlogPerSecond: 1e6 });
    made.broker.setConditions({ receiveMaximum: 8, latencyMs: 1_000 });
    await made.commit(1, 200);
    made.uplink.start();
    await made.clock.run(5_900);
    // Connecting takes two round trips, greeting two more; then one window each round trip.
    const counts: number[] = [];
    for (let trip = 0; trip < 5; trip++) {
      const before = made.arrived().length;
      await made.clock.run(2_000);
      counts.push(made.arrived().length - before);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(8);
    expect(made.arrived().length).toBeGreaterThan(20);
  });

  it("stay when nobody listens, and go in order once somebody does", async () => {
    const made = await rig();
    made.broker.setConditions({ reportsNoSubscribers: true });
    await made.commit(1, 50);
    made.uplink.start();
    await made.clock.run(20_000);
    expect(made.store.outbox.pending()).toBe(50);
    expect(made.uplink.counters().withoutSubscriber).toBeGreaterThan(0);
    const heard: number[] = [];
    made.broker.subscribe(made.uplink.topics.events, ({ payload }) =>
      heard.push(Number((JSON.parse(payload) as { id: string }).id.split("/")[2])),
    );
    await made.clock.run(20_000);
    expect(heard).toEqual(oneTo(50));
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("of a backlog come at its rate", async () => {
    const made = await rig({ backlogPerSecond: 100 });
    await made.commit(1, 1_000);
    made.uplink.start();
    await made.clock.run(5_000);
    const count = made.arrived().length;
    expect(count).toBeGreaterThan(400);
    expect(count).toBeLessThan(520);
  });

  it.each([
    ["a fast path", { latencyMs: 5, serviceMs: 0 }],
    ["50 ms each way", { latencyMs: 50, serviceMs: 0 }],
    ["a broker that takes 100 ms for each", { latencyMs: 5, serviceMs: 100 }],
  ])("that are live arrive within a second, whatever waits: %s", async (_name, conditions) => {
    const made = await rig({ backlogPerSecond: 1e6 });
    made.broker.setConditions(conditions);
    await made.commit(1, 3_000);
    made.uplink.start();
    await made.clock.run(10_000);
    const delays: number[] = [];
    for (let number = 3_001; number <= 3_010; number++) {
      const committedMs = made.clock.monotonicMs();
      await made.commit(number, number);
      await made.clock.run(1_500);
      const taken = made.broker.messages.find(({ payload }) =>
        payload.includes(`visit-${number}"`),
      );
      delays.push((taken?.atMs ?? Infinity) - committedMs);
    }
    expect(Math.max(...delays)).toBeLessThan(1_000);
  });
});

describe("with a collector", () => {
  it("stay until it has them, whatever the broker says", async () => {
    const made = await rig({ acknowledgedBy: "collector" });
    made.uplink.start();
    await made.commit(1, 10);
    await made.clock.run(5_000);
    expect(made.arrived()).toEqual(oneTo(10));
    expect(made.store.outbox.pending()).toBe(10);
    made.acknowledge(4, [[7, 8]]);
    await made.clock.run(100);
    expect((await made.store.outbox.read(0, 10)).map(({ seq }) => seq)).toEqual([5, 6, 9, 10]);
    made.acknowledge(10);
    await made.clock.run(100);
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("are sent again when it stays silent, ever less often", async () => {
    const made = await rig({ acknowledgedBy: "collector", acknowledgeWithinMs: 1_000 });
    made.uplink.start();
    await made.commit(1, 100);
    await made.clock.run(600_000);
    const sent = made.arrived().length;
    expect(unique(made.arrived())).toEqual(oneTo(100));
    expect(sent).toBeGreaterThan(150);
    expect(sent).toBeLessThan(1_200);
    made.acknowledge(100);
    await made.clock.run(1_000);
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("are sent again alone when they alone were lost on the way", async () => {
    const made = await rig({ acknowledgedBy: "collector", acknowledgeWithinMs: 10_000 });
    made.uplink.start();
    for (let number = 1; number <= 40; number++) {
      await made.commit(number, number);
      await made.clock.run(1_000);
      if (number >= 5) made.acknowledge(3, [[5, number]]);
      else made.acknowledge(Math.min(3, number));
    }
    const times = made.arrived().filter((seq) => seq === 4).length;
    expect(times).toBeGreaterThan(1);
    expect(made.arrived().filter((seq) => seq !== 4)).toHaveLength(39);
  });

  it("are sent again at once when the broker lost the session or the collector asks", async () => {
    const made = await rig({ acknowledgedBy: "collector" });
    made.uplink.start();
    await made.commit(1, 5);
    await made.clock.run(2_000);
    made.broker.loseSessions();
    await made.clock.run(10_000);
    expect(made.arrived()).toEqual([...oneTo(5), ...oneTo(5)]);
    made.broker.send("sentinel/1/pudong/all/rebirth", "{}");
    await made.clock.run(2_000);
    expect(made.arrived()).toEqual([...oneTo(5), ...oneTo(5), ...oneTo(5)]);
    made.broker.send("sentinel/1/pudong/all/rebirth", "{}");
    await made.clock.run(2_000);
    expect(made.arrived()).toHaveLength(15);
  });

  it.each([
    ["of another epoch", { epoch: "ffff", through: 5, ranges: [] }],
    ["without an epoch", { through: 5, ranges: [] }],
    ["with a range the wrong way round", { through: 0, ranges: [[5, 1]] }],
    ["with a number that is none", { through: "5", ranges: [] }],
  ])("ignore a word %s", async (_name, word) => {
    const made = await rig({ acknowledgedBy: "collector" });
    made.uplink.start();
    await made.commit(1, 5);
    await made.clock.run(1_000);
    const epoch = "epoch" in word ? word.epoch : undefined;
    const text = JSON.stringify({
      ...word,
      epoch: epoch ?? (_name.includes("epoch") ? undefined : made.store.epoch),
    });
    made.broker.send(made.uplink.topics.acknowledgement, text);
    made.broker.send(made.uplink.topics.acknowledgement, "not JSON");
    await made.clock.run(1_000);
    expect(made.store.outbox.pending()).toBe(5);
  });
});

describe("what an event says of a person", () => {
  it("is the pseudonym, and nothing else of what is sealed", async () => {
    const made = await rig();
    made.uplink.start();
    await made.store.commit({
      ...draft(1),
      personal: { holderPseudonym: "p-wang", maskedName: "王**" },
    });
    await made.clock.run(1_000);
    const everything = made.broker.messages.map(({ payload }) => payload).join("\n");
    expect(everything).toContain('"holder":"p-wang"');
    expect(everything).not.toContain("王");
  });
});

describe("reconnecting", () => {
  it("waits longer each time, between half and all of the ceiling, and begins small again", () => {
    let drawn = 0;
    const backoff = createBackoff(() => drawn, { firstMs: 1_000, longestMs: 5_000 });
    expect([backoff.nextMs(), backoff.nextMs()]).toEqual([500, 1_000]);
    drawn = 1;
    expect([backoff.nextMs(), backoff.nextMs(), backoff.nextMs()]).toEqual([4_000, 5_000, 5_000]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(1_000);
  });

  it("spreads a thousand units over the whole pause", () => {
    const random = createRandom(5);
    const pauses = Array.from({ length: 1_000 }, () =>
      createBackoff(() => random.next(), { firstMs: 2_000, longestMs: 15_000 }).nextMs(),
    );
    const inTenth = (tenth: number): number =>
      pauses.filter((ms) => ms >= 1_000 + tenth * 100 && ms < 1_100 + tenth * 100).length;
    for (let tenth = 0; tenth < 10; tenth++) expect(inTenth(tenth)).toBeGreaterThan(50);
  });
});

describe("ranges", () => {
  it.each([
    [[], []],
    [[3], [[3, 3]]],
    [
      [3, 1, 2, 7, 8, 8],
      [
        [1, 3],
        [7, 8],
      ],
    ],
  ])("of %j are %j", (numbers, ranges) => {
    expect(rangesOf(numbers)).toEqual(ranges);
  });
});
