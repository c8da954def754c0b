/** A unit's store and uplink, a broker, a path of some length between them, and who takes the records. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { openStoreInWorker } from "../../src/store/worker/worker.ts";
import type { Store } from "../../src/store/store.ts";
import { REASON_NO_MATCHING_SUBSCRIBERS, type MqttConnection } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { optional } from "../../src/base/optional.ts";
import type { Uplink } from "../../src/uplink/uplink.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import { composeBenchUnit } from "../platform.ts";
import { startDelayProxy } from "./delay-proxy.ts";
import { record } from "./record.ts";

/** How brokers are set in every run; a path of 50 ms needs a hundred messages under way. */
export const BROKER = [
  "allow_anonymous true",
  "max_inflight_messages 100",
  "set_tcp_nodelay true",
  "max_queued_messages 0",
];

export interface RigOptions {
  roundTripMs: number;
  acknowledgedBy: "broker" | "collector";
  backlogPerSecond?: number;
  /** The far end has these records; may repeat. */
  onDelivered?: (fromSeq: number, toSeq: number) => void;
}

export interface Rig {
  store: Store;
  /** Starts the unit, which connects at once. */
  start(): Promise<Uplink>;
  /** Rejects when something that must run has ended. */
  broken: Promise<never>;
  end(): Promise<void>;
}

/** Sets it up with a unit that is not connected yet. */
export async function setUp(options: RigOptions): Promise<Rig> {
  const { roundTripMs, acknowledgedBy } = options;
  const clock = createSystemClock();
  const folder = mkdtempSync(join(tmpdir(), "sentinel-bench-"));
  const broker = await startMosquitto(BROKER);
  const path = await startPath(broker.port, roundTripMs);
  const store = await openStoreInWorker({ path: join(folder, "unit.db"), unitId: "unit", clock });
  const farEnd = await startFarEnd(broker, folder, acknowledgedBy === "collector");
  const { backlogPerSecond, onDelivered } = options;
  const unit = await composeBenchUnit({
    clock,
    unitId: "unit",
    district: "bench",
    store,
    broker: {
      link: createMqttJsLink({ url: `mqtt://127.0.0.1:${path.port}`, version: "5" }),
      collector: acknowledgedBy === "collector",
    },
    observer: optional({ onDelivered }),
    uplinkPace: optional({ backlogPerSecond }),
  });
  return {
    store,
    async start() {
      await unit.start();
      const uplink = unit.uplink();
      if (uplink === undefined) throw new Error("the unit has no uplink");
      return uplink;
    },
    broken: farEnd.broken,
    async end() {
      await unit.stop();
      await farEnd.end();
      await path.close();
      await broker.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port that leads to another one; directly, where the way is to have no length. */
export async function startPath(
  toPort: number,
  roundTripMs: number,
): Promise<{ port: number; close(): Promise<void> }> {
  if (roundTripMs === 0) return { port: toPort, close: () => Promise.resolve() };
  const proxy = await startDelayProxy(toPort, roundTripMs);
  proxy.open();
  return proxy;
}

/** Waits for one thing, or for the end of what it needs. */
export async function reached(rig: Rig, what: Promise<unknown>): Promise<void> {
  await Promise.race([what, rig.broken]);
}

/** Makes records from one number on, some at once. */
export async function fill(store: Store, records: number): Promise<void> {
  for (let from = 0; from < records; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, records - from) }, (_, index) =>
      store.commit(record(from + index)),
    );
    await Promise.all(batch);
  }
}

interface FarEnd {
  broken: Promise<never>;
  end(): Promise<void>;
}

const forever = new Promise<never>(() => {});

/**
 * Somebody who takes the records, outside this process: the collector's own verb, or just a
 * session that the broker keeps messages for.
 */
async function startFarEnd(
  broker: Mosquitto,
  folder: string,
  collecting: boolean,
): Promise<FarEnd> {
  if (!collecting) {
    await (await listen(broker, 3_600, () => {})).close();
    return { broken: forever, end: () => Promise.resolve() };
  }
  const database = join(folder, "collector.db");
  const child = spawn(
    process.execPath,
    `src/cli/main.ts collect --broker ${broker.url} --district bench --database ${database}`.split(
      " ",
    ),
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const gone = once(child, "exit");
  let ending = false;
  const broken = gone.then(async (): Promise<never> => {
    if (ending) return await forever;
    throw new Error("the collector ended by itself");
  });
  // Whoever waits for something hears of it; between two waits nobody does.
  broken.catch(() => {});
  await Promise.race([somebodyListens(broker), broken]);
  return {
    broken,
    async end() {
      ending = true;
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** Resolves once the broker has a subscriber for records: a slow start is no slow drain. */
async function somebodyListens(broker: Mosquitto): Promise<void> {
  const connection = await createMqttJsLink({ url: broker.url, version: "5" }).connect({
    clientId: "probe",
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 60,
    connectTimeoutMs: 5_000,
  });
  const probe = { topic: "sentinel/1/bench/probe/evt", payload: "{}", qos: 1 as const };
  while ((await connection.publish(probe)) === REASON_NO_MATCHING_SUBSCRIBERS) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await connection.close();
}

/** A subscriber to all records of the bench. */
export async function listen(
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
