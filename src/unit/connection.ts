/** A unit's connection to its district: what goes out over MQTT, and what comes from afar. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock, Timer } from "../../hal/clock.ts";
import { createTemperatureProbe } from "../../hal/linux/unit-temperature.ts";
import { parseCollectorKeys } from "../config/collector-keys.ts";
import { parseCommandKeys } from "../config/command-keys.ts";
import { readBrokerSecrets } from "../config/broker-secrets.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { DataSets } from "./data-sets.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Health } from "../health/health.ts";
import { reportTroubles } from "./broker-troubles.ts";
import { configuredDevices } from "./configured-devices.ts";
import type { Inputs } from "./inputs.ts";
import type { Store } from "../store/store.ts";
import { startTelling } from "./telemetry-publisher.ts";
import { startedBy } from "./unit-settings.ts";
import {
  createCommandDesk,
  type CommandDesk,
  type VerifiedCommand,
} from "../uplink/command-verifier.ts";
import { createMqttJsLink } from "../mqtt/mqttjs.ts";
import type { SettingsDesk } from "../uplink/remote-settings.ts";
import { KeyRing } from "../protocol/signed-token.ts";
import { createUplink, type Uplink } from "../uplink/uplink.ts";
import type { Log } from "./log.ts";

export interface ConnectionOptions {
  config: UnitConfig;
  store: Store;
  clock: Clock;
  gateway: Gateway;
  /** What can be changed from afar. */
  settings: SettingsDesk;
  /** Data that comes from the district over this connection. */
  sets?: DataSets | undefined;
  /** Files that the connection can do without for a while. */
  inputs: Inputs;
  log: Log;
  /** Of the program. */
  version: string;
}

/** Starts the uplink the configuration asks for; a broker that is away is no error. */
export async function connectUplink(options: ConnectionOptions): Promise<Uplink | undefined> {
  const { config, store, clock, gateway, settings, sets, inputs, log, version } = options;
  const { mqtt, unitId, district } = config;
  if (mqtt === undefined) return undefined;
  const commands = await commandDeskOf(options);
  const collectorKeys = await collectorKeysOf(mqtt.collector, inputs);
  const uplink = createUplink({
    link: createMqttJsLink({
      url: mqtt.url,
      version: mqtt.version,
      secrets: () => readBrokerSecrets(mqtt, (setting, problem) => inputs.note(setting, problem)),
    }),
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
  uplink.onCommand((verified) => {
    log("commanded", { command: verified.command.name, key: verified.authority.by });
    void obey(verified, gateway, settings);
  });
  reportSettings(uplink, settings);
  reportTroubles(uplink, unitId, gateway, log);
  sets?.attach(uplink);
  uplink.start();
  return uplink;
}

/** Settings are judged here and everything else at the door; both are recorded and answered there. */
async function obey(
  { commandId, command, authority }: VerifiedCommand,
  gateway: Gateway,
  settings: SettingsDesk,
): Promise<void> {
  if (command.name !== "settings") {
    gateway.dispatch({ kind: "commanded", command, commandId, authority });
    return;
  }
  const problem = await settings.change(command);
  const { name, version } = command;
  const judged = { name, version, ...(problem === undefined ? {} : { problem }) };
  gateway.dispatch({ kind: "commanded", command: judged, commandId, authority });
}

/** Retained, so that whoever asks later knows what is in force. */
function reportSettings(uplink: Uplink, settings: SettingsDesk): void {
  const report = (): void => {
    const text = JSON.stringify(settings.report());
    void uplink.publish(uplink.topics.settings, text, { retain: true });
  };
  settings.onChange(report);
  uplink.onLink((ok) => {
    if (ok) report();
  });
}

/** Starts what a unit tells of itself over its uplink, where it has one. */
export function startTellingOver(
  uplink: Uplink | undefined,
  {
    config,
    store,
    clock,
    gateway,
    settings,
    health,
    version,
  }: Omit<ConnectionOptions, "log" | "inputs"> & { health: Health },
): Timer | undefined {
  const { mqtt, unitId, district, venue } = config;
  if (mqtt === undefined || uplink === undefined) return undefined;
  const { root } = mqtt;
  const temperature = createTemperatureProbe();
  return startedBy(settings, ({ telemetrySeconds, homeAssistant }) =>
    startTelling({
      clock,
      uplink,
      figures: () => health.figures(),
      onChange: (listener) => gateway.subscribe(listener),
      temperature,
      telemetrySeconds,
      unit: { unitId, district, root, name: venue.en, version },
      homeAssistant,
      configured: configuredDevices(config.devices),
      memory: store.settings,
    }),
  );
}

/** Until the file can be used nobody's word counts: records stay in the outbox. */
async function collectorKeysOf(
  collector: boolean | { key: string },
  inputs: Inputs,
): Promise<KeyRing | undefined> {
  if (typeof collector === "boolean") return undefined;
  const ring = new KeyRing({});
  await inputs.take("mqtt.collector.key", collector.key, async () => {
    const keys = parseCollectorKeys(await readFile(collector.key, "utf8"), collector.key);
    ring.replace(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
  });
  return ring;
}

/** Until the file can be used every command is refused: nobody can then command the unit. */
async function commandDeskOf(options: ConnectionOptions): Promise<CommandDesk | undefined> {
  const { config, store, clock, inputs } = options;
  const file = config.commands?.keys;
  if (file === undefined) return undefined;
  const ring = new KeyRing({});
  const allowed = new Map<string, readonly string[]>();
  await inputs.take("commands.keys", file, async () => {
    const keys = parseCommandKeys(await readFile(file, "utf8"), file);
    ring.replace(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
    for (const { id, may } of keys) allowed.set(id, may);
  });
  return createCommandDesk({
    unitId: config.unitId,
    district: config.district,
    clock,
    keys: ring,
    may: (keyId, name) => allowed.get(keyId)?.includes(name) === true,
    memory: store.settings,
  });
}
