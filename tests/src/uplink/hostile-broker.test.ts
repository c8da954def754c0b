import { afterEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { createUplink, type Uplink, type UplinkOptions } from "../../../src/uplink/uplink.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import { draft, START_MS } from "../../support/records.ts";
import {
  puback,
  startScriptedBroker,
  type Published,
  type Script,
  type ScriptedBroker,
} from "../../support/scripted-broker.ts";
import { until } from "../../support/until.ts";

const clock = createSystemClock();
const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function brokerOf(script: Script): Promise<ScriptedBroker> {
  const broker = await startScriptedBroker(script);
  ending.push(() => broker.close());
  return broker;
}

function storeOf(): Store {
  const store = openStore({
    path: ":memory:",
    unitId: "door-1",
    clock: new VirtualClock(START_MS),
  });
  ending.push(() => store.close());
  return store;
}

function unit(url: string, store: Store, options: Partial<UplinkOptions> = {}): Uplink {
  const uplink = createUplink({
    link: createMqttJsLink({ url, version: "5" }),
    outbox: store.outbox,
    clock,
    chance: () => 0,
    reconnect: { firstMs: 20, longestMs: 50 },
    unitId: "door-1",
    district: "pudong",
    bootId: "boot-1",
    version: "test",
    backlogPerSecond: 100_000,
    retryMs: 50,
    ...options,
  });
  ending.push(() => uplink.stop());
  uplink.start();
  return uplink;
}

async function commit(store: Store, from: number, to: number, long?: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    const plain = draft(number);
    const visitRef = `visit-${number}${number === long ? "x".repeat(1_000) : ""}`;
    await store.commit({ ...plain, body: { type: "visit-ended", visitRef, ending: "taken" } });
  }
}

const isRecord = ({ topic }: Published): boolean => topic.endsWith("/evt");
const numbersIn = ({ published }: ScriptedBroker): number[] =>
  published
    .filter(isRecord)
    .map(({ payload }) => Number((JSON.parse(payload) as { id: string }).id.split("/")[2]));

describe("the broker's Receive Maximum", () => {
  it.each([1, 10])("of %i is honoured by records, births and answers together", async (most) => {
    let underWay = 0;
    let peak = 0;
    const answers: (() => void)[] = [];
    const broker = await brokerOf({
      receiveMaximum: most,
      onPublish(_message, answer) {
        underWay += 1;
        peak = Math.max(peak, underWay);
        answers.push(() => {
          underWay -= 1;
          answer();
        });
        // The rest of what the client sent without waiting comes in before the first answer.
        setImmediate(() => answers.shift()?.());
      },
    });
    const store = storeOf();
    await commit(store, 1, 200);
    const uplink = unit(broker.url, store);
    await until("the unit is online", () => uplink.online());
    for (let number = 1; number <= 20; number++) {
      uplink.refreshState();
      uplink.answerCommand(`c-${number}`, "done", "");
    }
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(peak).toBeLessThanOrEqual(most);
  });
});

describe("a record the broker will never take", () => {
  it("because it is larger than the broker said, does not end the connection nor hold up the others", async () => {
    const broker: ScriptedBroker = await brokerOf({
      maximumPacketSize: 1_200,
      onPublish({ bytes }, answer) {
        if (bytes <= 1_200) answer();
        else broker.drop();
      },
    });
    const store = storeOf();
    await commit(store, 1, 40, 7);
    const uplink = unit(broker.url, store);
    await until("all but one are away", () => store.outbox.pending() === 1);
    await commit(store, 41, 60);
    await until("all but one are away", () => store.outbox.pending() === 1);
    expect((await store.outbox.read(0, 10)).map(({ seq }) => seq)).toEqual([7]);
    expect(uplink.counters()).toMatchObject({ connections: 1 });
    expect(uplink.counters().refused).toBeGreaterThan(0);
    expect(new Set(numbersIn(broker)).size).toBe(59);
  });

  it("because it says so, keeps no live record waiting", async () => {
    const refusedIds = new Set<number>();
    const broker = await brokerOf({
      onPublish(message, answer) {
        const poison = isRecord(message) && message.payload.includes("x".repeat(1_000));
        if (poison) refusedIds.add(message.id);
        answer(poison ? 0x97 : 0);
      },
    });
    const store = storeOf();
    await commit(store, 1, 40, 7);
    unit(broker.url, store, { retryMs: 30_000 });
    await until("all but one are away", () => store.outbox.pending() === 1);
    for (let number = 41; number <= 45; number++) {
      await commit(store, number, number);
      await until("a live record is away", () => store.outbox.pending() === 1, 1_000);
    }
    expect(refusedIds.size).toBe(1);
  });

  it("for a while, goes once it does", async () => {
    let quota = true;
    const broker = await brokerOf({
      onPublish: (message, answer) => answer(quota && isRecord(message) ? 0x97 : 0),
    });
    const store = storeOf();
    await commit(store, 1, 30);
    const uplink = unit(broker.url, store);
    await until("the broker has refused", () => uplink.counters().refused > 2);
    expect(store.outbox.pending()).toBe(30);
    quota = false;
    await until("the outbox is empty", () => store.outbox.pending() === 0);
  });
});

describe("acknowledgements that make no sense", () => {
  it("of packets nobody sent take nothing out of the outbox, and break nothing", async () => {
    let answering = false;
    const broker = await brokerOf({
      onPublish(message, answer) {
        if (answering || !isRecord(message)) answer();
      },
    });
    const store = storeOf();
    const uplink = unit(broker.url, store, { window: 5 });
    await until("the unit is online", () => uplink.online());
    // Ids count up from wherever the client began: these it does not reach.
    const begun = broker.published[0]?.id ?? 0;
    const flood = Array.from({ length: 20_000 }, (_, index) =>
      puback(((begun + 1_000 + index) % 65_535) + 1, 0x10),
    );
    broker.send(Buffer.concat(flood));
    await commit(store, 1, 5);
    await until("they are under way", () => numbersIn(broker).length === 5);
    expect(store.outbox.pending()).toBe(5);
    answering = true;
    for (const { id } of broker.published.filter(isRecord)) {
      broker.send(Buffer.concat([puback(id), puback(id), puback(id)]));
    }
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await commit(store, 6, 30);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(new Set(numbersIn(broker)).size).toBe(30);
    expect(uplink.counters().connections).toBe(1);
  });

  it("may come in any order", async () => {
    const waiting: (() => void)[] = [];
    const broker = await brokerOf({
      onPublish(message, answer) {
        if (!isRecord(message)) {
          answer();
          return;
        }
        waiting.push(() => answer());
        if (waiting.length === 10) for (const late of waiting.splice(0).reverse()) late();
      },
    });
    const store = storeOf();
    await commit(store, 1, 40);
    unit(broker.url, store, { window: 50 });
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    expect(numbersIn(broker)).toHaveLength(40);
  });
});

describe("a broker that refuses the connection", () => {
  it.each([0x86, 0x87, 0x88, 0x89, 0x97, 0x9f])(
    "with reason %i is asked again until it does not",
    async (reason) => {
      let refusals = 3;
      const broker = await brokerOf({ refuse: () => (refusals-- > 0 ? reason : 0) });
      const store = storeOf();
      await commit(store, 1, 3);
      const uplink = unit(broker.url, store);
      await until("the outbox is empty", () => store.outbox.pending() === 0);
      expect(uplink.counters()).toMatchObject({ failedConnections: 3, connections: 1 });
    },
  );
});

describe("a broker that hangs", () => {
  it("does not keep a connection from being closed, with messages under way or without", async () => {
    const broker = await startMosquitto();
    ending.push(() => broker.dispose());
    const connect = (clientId: string) =>
      createMqttJsLink({ url: broker.url, version: "5" }).connect({
        clientId,
        cleanStart: true,
        sessionExpirySeconds: 0,
        keepAliveSeconds: 60,
        connectTimeoutMs: 5_000,
      });
    const [idle, busy] = [await connect("idle"), await connect("busy")];
    broker.pause(true);
    const underWay = busy.publish({ topic: "a", payload: "1", qos: 1 }).catch(() => "rejected");
    let closed = 0;
    for (const connection of [idle, busy]) {
      void connection.close().then(() => {
        closed += 1;
      });
    }
    await until("both are closed", () => closed === 2, 5_000);
    expect(await underWay).toBe("rejected");
  });
});
