/** How fast a backlog leaves a unit: through its own outbox, and through a mosquitto bridge. */
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import { until } from "../../tests/support/until.ts";
import { startDelayProxy } from "./delay-proxy.ts";
import { record } from "./record.ts";
import { BROKER, fill, listen, reached, setUp } from "./rig.ts";

const LIMIT_MS = 300_000;

/**
 * Drains a store's backlog over a path of the given round trip, without the limit on its pace.
 *
 * @returns records a second, from the connection to the empty outbox
 */
export async function drainOutbox(
  records: number,
  roundTripMs: number,
  acknowledgedBy: "broker" | "collector",
): Promise<number> {
  const rig = await setUp({ roundTripMs, acknowledgedBy, backlogPerSecond: 1_000_000 });
  const { store } = rig;
  try {
    await fill(store, records);
    const uplink = await rig.start();
    await reached(
      rig,
      until("the unit is online", () => uplink.online(), LIMIT_MS),
    );
    const startMs = performance.now();
    const empty = until("the outbox is empty", () => store.outbox.pending() === 0, LIMIT_MS);
    await reached(rig, empty);
    return (records / (performance.now() - startMs)) * 1_000;
  } finally {
    await rig.end();
  }
}

/**
 * What a user might pick instead: a mosquitto on the unit, with persistence, bridged to the far
 * broker. The backlog waits in the local one while the far one is away, then drains.
 *
 * @returns records a second, from the first to the last arrival
 */
export async function drainBridge(records: number, roundTripMs: number): Promise<number> {
  const far = await startMosquitto(BROKER);
  const proxy = await startDelayProxy(far.port, roundTripMs);
  const near = await startMosquitto([
    ...BROKER,
    "persistence true",
    "persistence_location {folder}/",
    "connection far",
    `address 127.0.0.1:${proxy.port}`,
    "topic # out 1",
    "cleansession false",
    "restart_timeout 1",
    "bridge_protocol_version mqttv50",
  ]);
  let arrived = 0;
  let firstMs = 0;
  let lastMs = 0;
  const listener = await listen(far, 0, () => {
    lastMs = performance.now();
    if (arrived === 0) firstMs = lastMs;
    arrived += 1;
  });
  try {
    await publishAll(near, records);
    proxy.open();
    await until("all records came over the bridge", () => arrived >= records, LIMIT_MS);
    return (records / (lastMs - firstMs)) * 1_000;
  } finally {
    await listener.close();
    await near.dispose();
    await proxy.close();
    await far.dispose();
  }
}

async function publishAll(broker: Mosquitto, records: number): Promise<void> {
  const connection = await createMqttJsLink({ url: broker.url, version: "5" }).connect({
    clientId: "unit",
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 60,
    connectTimeoutMs: 5_000,
  });
  for (let from = 0; from < records; from += 100) {
    const batch = Array.from({ length: Math.min(100, records - from) }, (_, index) =>
      connection.publish({
        topic: "sentinel/1/bench/unit/evt",
        payload: JSON.stringify(record(from + index)),
        qos: 1,
      }),
    );
    await Promise.all(batch);
  }
  await connection.close();
}
