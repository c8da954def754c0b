/** A unit's connection to its district: records, reports and telemetry out, commands and data sets in. */
import type { Timer } from "../../hal/clock.ts";
import { readText } from "../base/files.ts";
import { optional } from "../base/optional.ts";
import { parseCollectorKeys } from "../config/collector-keys.ts";
import { parseCommandKeys } from "../config/command-keys.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Health } from "../health/health.ts";
import { KeyRing } from "../protocol/signed-token.ts";
import { configuredDevices } from "../config/devices.ts";
import type { Store } from "../store/store.ts";
import {
  createCommandVerifier,
  type CommandVerifier,
  type VerifiedCommand,
} from "../uplink/command-verifier.ts";
import type { RemoteSettings } from "../uplink/remote-settings.ts";
import { createUplink, type Uplink } from "../uplink/uplink.ts";
import { VERSION } from "../version.ts";
import { reportTroubles } from "./broker-troubles.ts";
import type { DataSets } from "./data-sets.ts";
import type { Inputs } from "./inputs.ts";
import type { Platform } from "./platform.ts";
import { startTelemetryPublisher } from "./telemetry-publisher.ts";
import { restartOnChange } from "./unit-settings.ts";

export interface ConnectionOptions {
  config: UnitConfig;
  platform: Platform;
  store: Store;
  gateway: Gateway;
  /** What the district can change. */
  settings: RemoteSettings;
  /** Data that comes from the district over this connection. */
  sets?: DataSets | undefined;
  /** Files that the connection can do without for a while. */
  inputs: Inputs;
}

/** A unit's connection to its district. */
export interface Connection {
  uplink: Uplink;
  /** The unit is about to stop: a connection that ends now is no fault. */
  stopReporting(): void;
}

/** Starts the uplink the configuration asks for; a broker that is away is no error. */
export async function connectUplink(options: ConnectionOptions): Promise<Connection | undefined> {
  const { config, platform, store, gateway, settings, sets, inputs } = options;
  const { mqtt, unitId, district } = config;
  if (mqtt === undefined) return undefined;
  const { clock, chance, bootId, log, observer, uplinkPace } = platform;
  const commands = await commandVerifierOf(options);
  const collectorKeys = await collectorKeysOf(mqtt.collector, options);
  const uplink = createUplink({
    link: platform.link(mqtt, (setting, problem) => inputs.note(setting, problem)),
    outbox: store.outbox,
    clock,
    chance: () => chance.fraction(),
    unitId,
    district,
    root: mqtt.root,
    bootId,
    version: VERSION,
    acknowledgedBy: mqtt.collector === false ? "broker" : "collector",
    ...optional({ collectorKeys, commands }),
    onDelivered: (from, to) => {
      gateway.delivered(from, to);
      observer?.onDelivered?.(from, to);
    },
    ...(sets === undefined ? {} : { birth: () => ({ sets: sets.reports() }) }),
    ...uplinkPace,
  });
  uplink.onCommand((verified) => {
    log("commanded", { command: verified.command.name, key: verified.authority.by });
    observer?.onCommand?.(verified);
    void dispatchCommand(verified, gateway, settings);
  });
  reportSettings(uplink, settings);
  const stopReporting = reportTroubles(uplink, unitId, gateway, log);
  sets?.attach(uplink);
  uplink.start();
  return { uplink, stopReporting };
}

/** Validates settings here, and forwards every other command to the core, which records and answers all. */
async function dispatchCommand(
  { commandId, command, authority }: VerifiedCommand,
  gateway: Gateway,
  settings: RemoteSettings,
): Promise<void> {
  if (command.name !== "settings") {
    gateway.dispatch({ kind: "commanded", command, commandId, authority });
    return;
  }
  const problem = await settings.apply(command);
  const { name, version } = command;
  const validated = { name, version, ...optional({ problem }) };
  gateway.dispatch({ kind: "commanded", command: validated, commandId, authority });
}

/** Publishes the active settings, retained for later subscribers. */
function reportSettings(uplink: Uplink, settings: RemoteSettings): void {
  const report = (): void => {
    const text = JSON.stringify(settings.report());
    void uplink.publish(uplink.topics.settings, text, { retain: true });
  };
  settings.onChange(report);
  uplink.onLink((ok) => {
    if (ok) report();
  });
}

/** Starts the telemetry publisher, where the unit has an uplink. */
export function publishTelemetry(
  uplink: Uplink | undefined,
  options: ConnectionOptions & { health: Health },
): Timer | undefined {
  const { config, platform, store, gateway, settings, health } = options;
  const { mqtt, unitId, district, venue } = config;
  if (mqtt === undefined || uplink === undefined) return undefined;
  const { root } = mqtt;
  return restartOnChange(settings, ({ telemetrySeconds, homeAssistant }) =>
    startTelemetryPublisher({
      clock: platform.clock,
      uplink,
      figures: () => health.figures(),
      onChange: (listener) => gateway.subscribe(listener),
      machine: platform.machine,
      telemetrySeconds,
      unit: { unitId, district, root, name: venue.en, version: VERSION },
      homeAssistant,
      configured: configuredDevices(config.devices).map(({ name }) => name),
      memory: store.settings,
    }),
  );
}

/** Until the file can be used no acknowledgement is accepted: records stay in the outbox. */
async function collectorKeysOf(
  collector: boolean | { key: string },
  { inputs, platform }: ConnectionOptions,
): Promise<KeyRing | undefined> {
  if (typeof collector === "boolean") return undefined;
  const ring = new KeyRing({});
  await inputs.take("mqtt.collector.key", collector.key, async () => {
    const keys = parseCollectorKeys(await readText(platform.files, collector.key), collector.key);
    ring.replace(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
  });
  return ring;
}

/** Until the file can be used every command is refused. */
async function commandVerifierOf(options: ConnectionOptions): Promise<CommandVerifier | undefined> {
  const { config, platform, store, inputs } = options;
  const file = config.commands?.keys;
  if (file === undefined) return undefined;
  const ring = new KeyRing({});
  const allowed = new Map<string, readonly string[]>();
  await inputs.take("commands.keys", file, async () => {
    const keys = parseCommandKeys(await readText(platform.files, file), file);
    ring.replace(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
    for (const { id, may } of keys) allowed.set(id, may);
  });
  return createCommandVerifier({
    unitId: config.unitId,
    district: config.district,
    clock: platform.clock,
    keys: ring,
    may: (keyId, name) => allowed.get(keyId)?.includes(name) === true,
    memory: store.settings,
  });
}
