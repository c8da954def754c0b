/**
 * A unit as a process to be killed: it commits numbered records at a rate, reports each one that is
 * durable, sends them, and can kill itself at a named write point.
 */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { delay } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { storeMembers } from "../../sim/platform/disk.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { openStoreInWorker } from "../../src/store/worker/worker.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import type { MqttConnection, MqttLink } from "../../src/mqtt/connection.ts";
import type { Outbox } from "../../src/store/outbox.ts";
import { composeBenchUnit } from "../platform.ts";
import { say } from "./say.ts";
import { DISTRICT, recordOf, UNIT } from "./story.ts";

/** Moments at which a unit kills itself, in the order a record meets them. */
export type WritePoint =
  | "commit asked"
  | "in the transaction"
  | "committed"
  | "told"
  | "publish asked"
  | "broker took it"
  | "collector's word heard"
  | "outbox cleared";

export interface UnitOrders {
  database: string;
  broker: string;
  from: number;
  to: number;
  perSecond: number;
  acknowledgedBy: "broker" | "collector";
  /** Die the n-th time this point is passed. */
  die?: { at: WritePoint; time: number };
}

const orders = JSON.parse(process.argv[2] ?? "{}") as UnitOrders;
const clock = createSystemClock();
let passed = 0;

function pass(point: WritePoint): void {
  if (orders.die?.at !== point) return;
  passed += 1;
  if (passed === orders.die.time) process.kill(process.pid, "SIGKILL");
}

function open(): Promise<Store> | Store {
  const file = { path: orders.database, unitId: UNIT, clock, outbox: { limit: 2_000_000 } };
  if (orders.die?.at !== "in the transaction") return openStoreInWorker(file);
  // The seal asks for random bytes between the first and the last write of a transaction.
  const random = (length: number): Uint8Array => {
    if (opened) pass("in the transaction");
    return randomBytes(length);
  };
  return openStore({ ...file, random });
}

let opened = false;
const store = await open();
opened = true;

const outbox: Outbox = {
  ...store.outbox,
  async markDelivered(ranges) {
    pass("collector's word heard");
    const removed = await store.outbox.markDelivered(ranges);
    if (removed > 0) pass("outbox cleared");
    return removed;
  },
};

function watched(connection: MqttConnection): MqttConnection {
  return {
    sessionPresent: connection.sessionPresent,
    receiveMaximum: connection.receiveMaximum,
    features: connection.features,
    async publish(message) {
      if (!message.topic.endsWith("/evt")) return connection.publish(message);
      pass("publish asked");
      const reason = await connection.publish(message);
      pass("broker took it");
      return reason;
    },
    subscribe: (filters) => connection.subscribe(filters),
    onMessage: (listener) => connection.onMessage(listener),
    onClose: (listener) => connection.onClose(listener),
    close: () => connection.close(),
  };
}

const plain = createMqttJsLink({ url: orders.broker, version: "5" });
const link: MqttLink = { connect: async (request) => watched(await plain.connect(request)) };
const unit = await composeBenchUnit({
  clock,
  unitId: UNIT,
  district: DISTRICT,
  store: { ...storeMembers(store), outbox },
  broker: { link, collector: orders.acknowledgedBy === "collector" },
  uplinkPace: {
    reconnect: { firstMs: 50, longestMs: 400 },
    backlogPerSecond: 20_000,
    acknowledgeWithinMs: 2_000,
    retryMs: 200,
  },
});
await unit.start();
say("up");

const TICK_MS = 20;
const commits: Promise<void>[] = [];
let next = orders.from;
const beganMs = clock.monotonicMs();
while (next <= orders.to) {
  const due = orders.from + ((clock.monotonicMs() - beganMs) / 1_000) * orders.perSecond;
  for (; next <= orders.to && next < due; next++) {
    const number = next;
    const commit = store.commit(recordOf(number));
    pass("commit asked");
    commits.push(
      commit.then(({ seq }) => {
        pass("committed");
        say(`durable ${number} ${seq}`);
        pass("told");
      }),
    );
  }
  await delay(clock, TICK_MS);
}
await Promise.all(commits);
say("done");
while (store.outbox.pending() > 0) await delay(clock, TICK_MS);
say("empty");
process.once("SIGTERM", () => process.exit(0));
await delay(clock, 2 ** 30);
