/** A unit's connection to its district: what goes out over MQTT, and what comes from afar. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "../hal/clock.ts";
import { readTls } from "./config/tls.ts";
import type { UnitConfig } from "./config/unit.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Store } from "./store/store.ts";
import { createMqttJsLink } from "./uplink/mqttjs-link.ts";
import { createUplink, type Uplink } from "./uplink/uplink.ts";

/** Tells what happens to whoever keeps the log; never anything about a person. */
export type Log = (event: string, detail?: Readonly<Record<string, unknown>>) => void;

export interface ConnectionOptions {
  config: UnitConfig;
  store: Store;
  clock: Clock;
  gateway: Gateway;
  log: Log;
  /** Of the program. */
  version: string;
}

/** Starts the uplink the configuration asks for; a broker that is away is no error. */
export async function connectUplink(options: ConnectionOptions): Promise<Uplink | undefined> {
  const { config, store, clock, gateway, log, version } = options;
  const { mqtt, unitId, district } = config;
  if (mqtt === undefined) return undefined;
  const tls = await readTls(mqtt.tls);
  const uplink = createUplink({
    link: createMqttJsLink({ url: mqtt.url, version: mqtt.version, tls }),
    outbox: store.outbox,
    clock,
    chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
    unitId,
    district,
    root: mqtt.root,
    bootId: randomUUID(),
    version,
    acknowledgedBy: mqtt.collector ? "collector" : "broker",
    onDelivered: (from, to) => gateway.delivered(from, to),
  });
  uplink.onLink((ok) => {
    log("broker-link", { ok });
    gateway.dispatch({ kind: "link-changed", link: "broker", ok });
  });
  uplink.start();
  return uplink;
}
