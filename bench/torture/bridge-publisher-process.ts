/**
 * What a unit would be that leaves its records to a broker beside it, as a process to be killed:
 * publishes numbered records with QoS 1 and says each one that its broker has acknowledged.
 */
import process from "node:process";
import { delay } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { REASON_SUCCESS } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { say } from "./say.ts";
import { recordOf, RECORDS_TOPIC } from "./story.ts";

export interface PublisherOrders {
  /** The broker beside it. */
  broker: string;
  from: number;
  to: number;
  perSecond: number;
}

const TICK_MS = 20;

const orders = JSON.parse(process.argv[2] ?? "{}") as PublisherOrders;
const clock = createSystemClock();
const connection = await createMqttJsLink({ url: orders.broker, version: "5" }).connect({
  clientId: "publisher",
  cleanStart: true,
  sessionExpirySeconds: 0,
  keepAliveSeconds: 60,
  connectTimeoutMs: 5_000,
});
say("up");

async function publish(number: number): Promise<void> {
  const payload = JSON.stringify({ number, ...recordOf(number) });
  // A broker that says "nobody listens" has not taken it: try until it has.
  while ((await connection.publish({ topic: RECORDS_TOPIC, payload, qos: 1 })) !== REASON_SUCCESS) {
    await delay(clock, TICK_MS);
  }
  say(`durable ${number} ${number}`);
}

const published: Promise<void>[] = [];
let next = orders.from;
const beganMs = clock.monotonicMs();
while (next <= orders.to) {
  const due = orders.from + ((clock.monotonicMs() - beganMs) / 1_000) * orders.perSecond;
  for (; next <= orders.to && next < due; next++) published.push(publish(next));
  await delay(clock, TICK_MS);
}
await Promise.all(published);
say("done");
await delay(clock, 2 ** 30);
