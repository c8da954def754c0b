/** How fast a backlog leaves a unit: through its own outbox, and through a mosquitto bridge. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { openStoreInWorker } from "../../src/store/worker.ts";
import type { Store } from "../../src/store/store.ts";
import type { MqttConnection } from "../../src/uplink/link.ts";
import { createMqttJsLink } from "../../src/uplink/mqttjs-link.ts";
import { createUplink } from "../../src/uplink/uplink.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import { until } from "../../tests/support/until.ts";
import { startDelayProxy } from "./delay-proxy.ts";
import { record } from "./record.ts";

const clock = createSystemClock();
const LIMIT_MS = 300_000;
const BROKER = ["allow_anonymous true", "max_inflight_messages 100", "max_queued_messages 0"];

export interface Drain {
  records: number;
  perSecond: number;
}

/** Drains a store's backlog over a path of the given round trip, in this process alone. */
export async function drainOutbox(
  records: number,
  roundTripMs: number,
  acknowledgedBy: "broker" | "collector",
): Promise<Drain> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-bench-"));
  const broker = await startMosquitto(BROKER);
  const proxy = await startDelayProxy(broker.port, roundTripMs);
  const store = await openStoreInWorker({ path: join(folder, "unit.db"), unitId: "unit", clock });
  const endFarEnd = await startFarEnd(broker, folder, acknowledgedBy);
  const uplink = createUplink({
    link: createMqttJsLink({ url: `mqtt://127.0.0.1:${proxy.port}`, version: "5" }),
    outbox: store.outbox,
    clock,
    chance: () => 0,
    unitId: "unit",
    district: "bench",
    bootId: "bench",
    version: "bench",
    acknowledgedBy,
    backlogPerSecond: 1_000_000,
  });
  try {
    await fill(store, records);
    proxy.open();
    uplink.start();
    await until("the unit is online", () => uplink.online(), LIMIT_MS);
    const startMs = performance.now();
    await until("the outbox is empty", () => store.outbox.pending() === 0, LIMIT_MS);
    return { records, perSecond: (records / (performance.now() - startMs)) * 1_000 };
  } finally {
    await uplink.stop();
    await endFarEnd();
    await store.close();
    await proxy.close();
    await broker.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Somebody who takes the records, outside this process: the collector's own verb, or just a
 * session that the broker keeps messages for.
 */
async function startFarEnd(
  broker: Mosquitto,
  folder: string,
  acknowledgedBy: "broker" | "collector",
): Promise<() => Promise<void>> {
  if (acknowledgedBy === "broker") {
    await (await listen(broker, 3_600, () => {})).close();
    return () => Promise.resolve();
  }
  const database = join(folder, "collector.db");
  const child = spawn(
    process.execPath,
    `src/cli/main.ts collect --broker ${broker.url} --district bench --database ${database}`.split(
      " ",
    ),
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}

async function listen(
  broker: Mosquitto,
  sessionExpirySeconds: number,
  onRecord: () => void,
): Promise<MqttConnection> {
  const connection = await createMqttJsLink({ url: broker.url, version: "5" }).connect({
    clientId: "listener",
    cleanStart: true,
    sessionExpirySeconds,
    keepAliveSeconds: 60,
    connectTimeoutMs: 5_000,
    receiveMaximum: 1_000,
  });
  connection.onMessage(onRecord);
  await connection.subscribe([{ filter: "sentinel/1/bench/+/evt", qos: 1 }]);
  return connection;
}

export async function fill(store: Store, records: number): Promise<void> {
  for (let from = 0; from < records; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, records - from) }, (_, index) =>
      store.commit(record(from + index)),
    );
    await Promise.all(batch);
  }
}

/**
 * What a user might pick instead: a mosquitto on the unit, with persistence, bridged to the far
 * broker. The backlog waits in the local one while the far one is away, then drains.
 */
export async function drainBridge(records: number, roundTripMs: number): Promise<Drain> {
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
    return { records, perSecond: (records / (lastMs - firstMs)) * 1_000 };
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
