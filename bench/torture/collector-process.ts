/**
 * The collector as a process to be killed: says after each stored batch what it has counted, and can
 * kill itself at a named write point.
 */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { createSystemClock } from "../../hal/linux/clock.ts";
import type { CommittedBatch, RecordBatch } from "../../src/district/record-archive.ts";
import { SqliteRecordArchive } from "../../src/district/sqlite-record-archive.ts";
import { createCollector } from "../../src/district/collector.ts";
import type { MqttConnection, MqttLink } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { say } from "./say.ts";
import { DISTRICT } from "./story.ts";

/** Moments at which a collector kills itself, in the order a batch meets them. */
export type FarPoint = "batch in hand" | "batch stored" | "told the broker" | "told the unit";

export interface CollectorOrders {
  database: string;
  broker: string;
  /** Die the n-th time this point is passed. */
  die?: { at: FarPoint; time: number };
}

const orders = JSON.parse(process.argv[2] ?? "{}") as CollectorOrders;
let passed = 0;

function pass(point: FarPoint): void {
  if (orders.die?.at !== point) return;
  passed += 1;
  if (passed === orders.die.time) process.kill(process.pid, "SIGKILL");
}

class WatchedArchive extends SqliteRecordArchive {
  override async store(batch: RecordBatch): Promise<CommittedBatch> {
    const some = batch.records.length > 0;
    if (some) pass("batch in hand");
    const result = await super.store(batch);
    if (some) pass("batch stored");
    return result;
  }
}

function watched(connection: MqttConnection): MqttConnection {
  return {
    sessionPresent: connection.sessionPresent,
    receiveMaximum: connection.receiveMaximum,
    features: connection.features,
    async publish(message) {
      const reason = await connection.publish(message);
      if (message.topic.endsWith("/ack")) pass("told the unit");
      return reason;
    },
    subscribe: (filters) => connection.subscribe(filters),
    onMessage: (listener) =>
      connection.onMessage((message, acknowledge) =>
        listener(message, () => {
          acknowledge();
          if (message.topic.endsWith("/evt")) pass("told the broker");
        }),
      ),
    onClose: (listener) => connection.onClose(listener),
    close: () => connection.close(),
  };
}

const plain = createMqttJsLink({ url: orders.broker, version: "5" });
const link: MqttLink = { connect: async (request) => watched(await plain.connect(request)) };
const collector = createCollector({
  link,
  archive: new WatchedArchive(orders.database),
  clock: createSystemClock(),
  chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
  reconnect: { firstMs: 50, longestMs: 400 },
  district: DISTRICT,
  onStored: ({ stored, duplicates, conflicts }) =>
    say(`stored ${stored} ${duplicates} ${conflicts}`),
  onFailure: (error) => console.error(error.message),
});
collector.start();
say("up");
