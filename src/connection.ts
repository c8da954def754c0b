/** A unit's connection to its district: what goes out over MQTT, and what comes from afar. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock, Timer } from "../hal/clock.ts";
import { createTemperatureProbe } from "../hal/linux/unit-temperature.ts";
import { parseCollectorKeys } from "./config/collector-keys.ts";
import { parseCommandKeys } from "./config/command-keys.ts";
import { readTls } from "./config/tls.ts";
import type { UnitConfig } from "./config/unit.ts";
import type { DataSets } from "./data-sets.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Health } from "./health/health.ts";
import type { Store } from "./store/store.ts";
import { startTelling } from "./telling.ts";
import { createCommandDesk, type CommandDesk } from "./uplink/commands.ts";
import { createMqttJsLink } from "./uplink/mqttjs-link.ts";
import { KeyRing } from "./uplink/token.ts";
import { createUplink, type Uplink } from "./uplink/uplink.ts";

/** Tells what happens to whoever keeps the log; never anything about a person. */
export type Log = (event: string, detail?: Readonly<Record<string, unknown>>) => void;

export interface ConnectionOptions {
  config: UnitConfig;
  store: Store;
  clock: Clock;
  gateway: Gateway;
  /** Data that comes from the district over this connection. */
  sets?: DataSets | undefined;
  log: Log;
  /** Of the program. */
  version: string;
}

/** Starts the uplink the configuration asks for; a broker that is away is no error. */
export async function connectUplink(options: ConnectionOptions): Promise<Uplink | undefined> {
  const { config, store, clock, gateway, sets, log, version } = options;
  const { mqtt, unitId, district } = config;
  if (mqtt === undefined) return undefined;
  const tls = await readTls(mqtt.tls);
  const commands = await commandDeskOf(options);
  const collectorKeys = await collectorKeysOf(mqtt.collector, log);
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
    acknowledgedBy: mqtt.collector === false ? "broker" : "collector",
    ...(collectorKeys === undefined ? {} : { collectorKeys }),
    onDelivered: (from, to) => gateway.delivered(from, to),
    ...(commands === undefined ? {} : { commands }),
    ...(sets === undefined ? {} : { birth: () => ({ sets: sets.reports() }) }),
  });
  uplink.onCommand(({ commandId, command, authority }) => {
    log("commanded", { command: command.name, key: authority.by });
    if (command.name === "settings") return;
    gateway.dispatch({ kind: "commanded", command, commandId, authority });
  });
  uplink.onLink((ok) => {
    log("broker-link", { ok });
    gateway.dispatch({ kind: "link-changed", link: "broker", ok });
  });
  sets?.attach(uplink);
  uplink.start();
  return uplink;
}

/** Starts what a unit tells of itself over its uplink, where it has one. */
export function startTellingOver(
  uplink: Uplink | undefined,
  {
    config,
    store,
    clock,
    gateway,
    health,
    version,
  }: Omit<ConnectionOptions, "log"> & { health: Health },
): Timer | undefined {
  const { mqtt, unitId, district, venue } = config;
  if (mqtt === undefined || uplink === undefined) return undefined;
  const { root, telemetrySeconds, homeAssistant } = mqtt;
  return startTelling({
    clock,
    uplink,
    figures: () => health.figures(),
    onChange: (listener) => gateway.subscribe(listener),
    temperature: createTemperatureProbe(),
    telemetrySeconds,
    unit: { unitId, district, root, name: venue.en, version },
    homeAssistant,
    memory: store.settings,
  });
}

/** A file that cannot be used leaves nobody's word to count: records stay in the outbox. */
async function collectorKeysOf(
  collector: boolean | { key: string },
  log: Log,
): Promise<KeyRing | undefined> {
  if (typeof collector === "boolean") return undefined;
  try {
    const keys = parseCollectorKeys(await readFile(collector.key, "utf8"), collector.key);
    return new KeyRing(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
  } catch (error) {
    log("data-not-loaded", { problem: error instanceof Error ? error.message : String(error) });
    return new KeyRing({});
  }
}

/** A file that cannot be used leaves the unit without commands: nobody can then command it. */
async function commandDeskOf(options: ConnectionOptions): Promise<CommandDesk | undefined> {
  const { config, store, clock, log } = options;
  const file = config.commands?.keys;
  if (file === undefined) return undefined;
  try {
    const keys = parseCommandKeys(await readFile(file, "utf8"), file);
    const ring = new KeyRing(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
    const allowed = new Map(keys.map(({ id, may }) => [id, may]));
    return createCommandDesk({
      unitId: config.unitId,
      district: config.district,
      clock,
      keys: ring,
      may: (keyId, name) => allowed.get(keyId)?.includes(name) === true,
      memory: store.settings,
    });
  } catch (error) {
    log("data-not-loaded", { problem: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
