/** What a Raspberry Pi gives the unit: its clock, disk, devices, network and pages. */
import { randomBytes, randomUUID } from "node:crypto";
import process from "node:process";
import { createProcessEngine } from "../../hal/drivers/code-reader/engine/process-engine.ts";
import { createClockSyncProbe } from "../../hal/linux/clock-sync.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createTemperatureProbe } from "../../hal/linux/unit-temperature.ts";
import { errorText } from "../base/errors.ts";
import { isMissing, readText } from "../base/files.ts";
import { readBrokerSecrets } from "../config/broker-secrets.ts";
import { configuredDevices } from "../config/devices.ts";
import { parsePolicy } from "../config/policy.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Policy } from "../core/policy/policy.ts";
import { persistTrustedTime } from "../gateway/last-trusted-time.ts";
import { CREDENTIAL_SHAPES } from "../credential/shapes.ts";
import { createMqttJsLink } from "../mqtt/mqttjs.ts";
import { quarantinedDatabases } from "../store/quarantine.ts";
import { openUnitStore } from "../store/worker/unavailable.ts";
import { startUiServer } from "../ui/server.ts";
import { loadDrivers } from "../unit/devices.ts";
import { SetupError } from "../unit/evidence-base.ts";
import type { Log } from "../unit/log.ts";
import type {
  OpenedDevices,
  OpenedStore,
  PageServices,
  Platform,
  ServedPages,
} from "../unit/platform.ts";
import { createLinuxBuses } from "./buses.ts";
import { diskFiles } from "./disk-files.ts";
import { placeScreenPage, recallSecrets } from "./door-secrets.ts";
import { createResolverClient } from "./https-resolver.ts";

type Clock = Platform["clock"];

async function readPolicy(file: string): Promise<Policy> {
  const text = await readText(diskFiles, file).catch((error: unknown) => {
    if (!isMissing(error)) throw new SetupError(`${file}: cannot be read (${errorText(error)})`);
    throw new SetupError(
      `${file}: the policy is not there; deploy/policy.example.yaml is one to begin with`,
    );
  });
  return parsePolicy(text, file);
}

export function linuxPlatform(config: UnitConfig, log: Log): Platform {
  const clock = clockOf(config);
  return {
    clock,
    chance: {
      bytes: (count) => randomBytes(count),
      fraction: () => randomBytes(4).readUInt32LE() / 2 ** 32,
    },
    bootId: randomUUID(),
    files: diskFiles,
    log,
    policy: () => readPolicy(config.policy),
    openStore: () => openStore(config, clock, log),
    openDevices: () => openDevices(config, clock, log),
    link: (mqtt, onProblem) =>
      createMqttJsLink({
        url: mqtt.url,
        version: mqtt.version,
        secrets: () => readBrokerSecrets(mqtt, onProblem),
      }),
    resolver: createResolverClient,
    machine: {
      memoryBytes: () => process.memoryUsage.rss(),
      temperatureC: createTemperatureProbe() ?? (() => undefined),
    },
    servePages: (services) => servePages(config, services, log),
  };
}

function clockOf({ clock: { vouchedBy } }: UnitConfig): Clock {
  const vouched = vouchedBy === "kernel";
  return persistTrustedTime(
    createSystemClock(vouched ? createClockSyncProbe() : undefined),
    vouched,
  );
}

async function openStore(config: UnitConfig, clock: Clock, log: Log): Promise<OpenedStore> {
  const { path, outboxLimit, retentionDays, keepDays } = config.store;
  const options = {
    path,
    unitId: config.unitId,
    clock,
    outbox: { limit: outboxLimit },
    personalDataDays: retentionDays,
    recordDays: keepDays,
    onDamaged: ({ message }: Error) => {
      log("database-damaged", { detail: message });
      // Nothing can be recorded any more; the next start quarantines the file and begins a new one.
      process.exitCode = 1;
      process.kill(process.pid, "SIGTERM");
    },
  };
  const store = await openUnitStore(options, ({ message }) =>
    log("database-absent", { detail: message }),
  );
  const { replaced } = store;
  return { store, replaced, quarantined: quarantinedDatabases(path)[0] };
}

async function openDevices(config: UnitConfig, clock: Clock, log: Log): Promise<OpenedDevices> {
  const engine = createProcessEngine({
    ...config.decode,
    clock,
    wanted: CREDENTIAL_SHAPES,
    onLost: ({ message }) => log("decoder-lost", { detail: message }),
  });
  const makeDevices = await loadDrivers(configuredDevices(config.devices));
  const devices = makeDevices({
    buses: createLinuxBuses(),
    clock,
    decoding: { engine, wanted: CREDENTIAL_SHAPES, share: config.decode.share },
  });
  return { devices, close: () => engine.close() };
}

async function servePages(
  config: UnitConfig,
  services: PageServices,
  log: Log,
): Promise<ServedPages> {
  const secrets = await recallSecrets(config, log);
  const server = await startUiServer({ ...services, ...config.http, ...secrets });
  await placeScreenPage(config, secrets.screenSecret, server.ownUrl, log);
  return server;
}
