import { describe, expect, it } from "vitest";
import { createSimulatedBroker, type SimulatedBroker } from "../../../sim/platform/broker.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import type { MqttConnection, MqttLink } from "../../../src/mqtt/connection.ts";
import type { OutboxPort } from "../../../src/uplink/outbox-port.ts";
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

function rig(
  options: Partial<UplinkOptions> & {
    tamper?: (connection: MqttConnection) => MqttConnection;
    outboxOf?: (outbox: OutboxPort) => OutboxPort;
  } = {},
): Rig {
  const { tamper, outboxOf, ...rest } = options;
  const clock = new VirtualClock(START_MS);
  const random = createRandom(11);
  const broker = createSimulatedBroker({ clock, random });
  const store = openStore({ path: ":memory:", unitId: "door-1", clock });
  const plain = broker.link();
  const link: MqttLink = {
    connect: async (request) => {
      const connection = await plain.connect(request);
      return tamper === undefined ? connection : tamper(connection);
    },
  };
  const uplink = createUplink({
    link,
    outbox: outboxOf === undefined ? store.outbox : outboxOf(store.outbox),
    clock,
    chance: () => random.next(),
    unitId: "door-1",
    district: "pudong",
    bootId: "boot-1",
    version: "test",
    acknowledgedBy: "collector",
    ...rest,
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
        true,
      ),
  };
}

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const never = <T>(): Promise<T> => new Promise(() => {});

function tampered(connection: MqttConnection, change: Partial<MqttConnection>): MqttConnection {
  return {
    sessionPresent: connection.sessionPresent,
    receiveMaximum: connection.receiveMaximum,
    features: connection.features,
    publish: (message) => connection.publish(message),
    subscribe: (filters) => connection.subscribe(filters),
    onMessage: (listener) => connection.onMessage(listener),
    onClose: (listener) => connection.onClose(listener),
    close: () => connection.close(),
    ...change,
  };
}

describe("a collector's word", () => {
  it("about numbers this copy of the database never sent takes nothing out of the outbox", async () => {
    // The unit's card was put back to an older state, or has a twin: the district knows more of it.
    const made = rig();
    await made.commit(1, 5);
    made.acknowledge(500);
    made.uplink.start();
    await made.clock.run(100);
    await made.commit(6, 8);
    await made.clock.run(2_000);
    expect(made.arrived()).toEqual(oneTo(8));
    expect(made.store.outbox.pending()).toBe(8);
    expect(made.uplink.counters().acknowledgementsRefused["beyond-head"]).toBe(1);
    made.acknowledge(500);
    await made.clock.run(1_000);
    expect(made.store.outbox.pending()).toBe(0);
  });

  it("still counts for what was sent before the broker lost its memory", async () => {
    const made = rig({ backlogPerSecond: 1 });
    made.uplink.start();
    await made.clock.run(1_000);
    await made.commit(1, 50);
    await made.clock.run(2_000);
    expect(made.arrived()).toHaveLength(50);
    made.broker.loseSessions();
    made.acknowledge(50);
    await made.clock.run(5_000);
    expect(made.store.outbox.pending()).toBe(0);
    expect(made.arrived().length).toBeLessThan(60);
  });

  it("is carried out once the disk lets rows go, without another word", async () => {
    let failing = true;
    const made = rig({
      outboxOf: (outbox) => ({
        epoch: outbox.epoch,
        pending: () => outbox.pending(),
        head: () => outbox.head(),
        read: (from, limit) => outbox.read(from, limit),
        requeue: (ranges) => outbox.requeue(ranges),
        onCommitted: (listener) => outbox.onCommitted(listener),
        markDelivered: (ranges) =>
          failing ? Promise.reject(new Error("disk I/O error")) : outbox.markDelivered(ranges),
      }),
    });
    made.uplink.start();
    await made.commit(1, 20);
    await made.clock.run(1_000);
    made.acknowledge(20);
    await made.clock.run(20_000);
    expect(made.store.outbox.pending()).toBe(20);
    failing = false;
    await made.clock.run(20_000);
    expect(made.store.outbox.pending()).toBe(0);
    expect(made.arrived()).toEqual(oneTo(20));
  });

  it("that never came is waited for also after the link was away for a moment", async () => {
    const made = rig({ acknowledgeWithinMs: 10_000 });
    made.uplink.start();
    await made.commit(1, 3);
    await made.clock.run(2_000);
    made.broker.setUp(false);
    await made.clock.run(1_000);
    made.broker.setUp(true);
    await made.clock.run(60_000);
    expect(made.arrived().length).toBeGreaterThan(3);
  });
});

describe("a broker that takes the connection and answers nothing", () => {
  it.each([
    [
      "to a subscription",
      (connection: MqttConnection) => tampered(connection, { subscribe: never }),
    ],
    [
      "to the birth",
      (connection: MqttConnection) =>
        tampered(connection, {
          publish: (message) =>
            message.topic.endsWith("/state") ? never() : connection.publish(message),
        }),
    ],
    [
      "to records",
      (connection: MqttConnection) =>
        tampered(connection, {
          publish: (message) =>
            message.topic.endsWith("/evt") ? never() : connection.publish(message),
        }),
    ],
  ])("%s is left and asked again", async (name, mute) => {
    let connections = 0;
    const made = rig({
      acknowledgedBy: "broker",
      tamper: (connection) => (++connections <= 2 ? mute(connection) : connection),
    });
    made.uplink.start();
    await made.commit(1, 250);
    await made.clock.run(31_000);
    const muted = made.uplink.restrictions().map(({ what }) => what);
    expect(muted).toEqual(name === "to records" ? ["records"] : []);
    await made.clock.run(119_000);
    expect(connections).toBe(3);
    expect(made.uplink.restrictions().map(({ what }) => what)).not.toContain("records");
    expect(made.store.outbox.pending()).toBe(0);
    expect(new Set(made.arrived()).size).toBe(250);
  });

  it("for a while, but for less than that, is not", async () => {
    const made = rig({ acknowledgedBy: "broker", backlogPerSecond: 1e6 });
    made.broker.setConditions({ serviceMs: 2_000 });
    made.uplink.start();
    await made.commit(1, 100);
    await made.clock.run(600_000);
    expect(made.uplink.counters().connections).toBe(1);
    expect(made.store.outbox.pending()).toBe(0);
  });
});

describe("a path that becomes longer for good", () => {
  it("is no queue: a backlog goes on at the pace the new path allows", async () => {
    const made = rig({ acknowledgedBy: "broker", backlogPerSecond: 200 });
    await made.commit(1, 4_000);
    made.uplink.start();
    await made.clock.run(5_000);
    expect(made.store.outbox.pending()).toBeLessThan(3_500);
    made.broker.setConditions({ latencyMs: 400 });
    await made.clock.run(90_000);
    expect(made.store.outbox.pending()).toBe(0);
  });
});
