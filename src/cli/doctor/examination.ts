/** The checks of `sentinel doctor`: one for each part of the unit, with how to fix what fails. */
import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../../hal/clock.ts";
import type { DeviceKind, DriverContext } from "../../../hal/driver.ts";
import { driverOf } from "../../../hal/registry.ts";
import type { DecodeEngine } from "../../../hal/drivers/code-reader/engine/engine.ts";
import { createClockSyncReader } from "../../../hal/linux/clock-sync.ts";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { parseCollectorKeys } from "../../config/collector-keys.ts";
import { parseCommandKeys } from "../../config/command-keys.ts";
import { parseDataKeys } from "../../config/data-keys.ts";
import { parsePolicy } from "../../config/policy.ts";
import type { SignerKey } from "../../config/signer-keys.ts";
import { brokerFiles } from "../../config/broker-secrets.ts";
import type { UnitConfig } from "../../config/unit.ts";
import { DAY_MS } from "../../core/time.ts";
import { certificateDates, tryBroker } from "./broker-check.ts";
import { findingOf, type Check, type Finding } from "./check.ts";
import { staffTokenFile } from "../../linux/door-secrets.ts";
import { createLinuxBuses } from "../../linux/buses.ts";
import { configuredDevices, usesOf } from "../../config/devices.ts";
import { problemWith } from "../../unit/inputs.ts";
import { freeBytes, installationChecks } from "./installation.ts";
import { quarantinedDatabases } from "../../store/quarantine.ts";
import { readRegularFile } from "./regular-file.ts";

const FREE_BYTES_WANTED = 200e6;

/** Examines one part after the other, so that two never want the same bus at once. */
export async function* examine(config: UnitConfig): AsyncGenerator<Finding> {
  const clock = createSystemClock();
  let withoutGpio = false;
  for (const check of await checksOf(config, clock)) {
    const isHopeless = withoutGpio && check.needsGpio === true;
    const finding = await findingOf(
      isHopeless
        ? { ...check, run: undefined, absent: "not tried: there are no GPIO lines, see above" }
        : check,
    );
    if (finding.what === "GPIO lines") withoutGpio = finding.state === "failed";
    yield finding;
  }
}

/** A check that cannot succeed without the lines of the board's header says so: one cause is reported once. */
interface DeviceCheck extends Check {
  needsGpio?: boolean;
}

async function checksOf(config: UnitConfig, clock: Clock): Promise<DeviceCheck[]> {
  const context: DriverContext = {
    buses: createLinuxBuses(),
    clock,
    decoding: { engine: NO_ENGINE, wanted: [], share: config.decode.share },
  };
  return [
    ...(await installationChecks(config)),
    ...dataChecks(config),
    ...deviceChecks(config, context),
    ...brokerChecks(config, clock),
  ];
}

/** How staff sign in. A token that the first start will make is no fault. */
async function staffSignIn(config: UnitConfig): Promise<string> {
  if (config.http.operatorToken !== undefined) return "sign in with http.operatorToken";
  const file = staffTokenFile(config);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return `the first start makes the token in ${file}`;
  if ((found.mode & 0o077) !== 0) throw new Error(`others can read ${file}`);
  return `sign in with the token in ${file}`;
}

function dataChecks(config: UnitConfig): Check[] {
  const folder = dirname(config.store.path);
  return [
    {
      what: "policy",
      run: async () => {
        const policy = parsePolicy(await readRegularFile(config.policy), config.policy);
        return `${policy.id} version ${policy.version}, ${policy.rules.length} rules`;
      },
      fix: `write a policy to ${config.policy}; deploy/policy.example.yaml is one`,
    },
    {
      what: "district key",
      run: async () => {
        const text = await readRegularFile(config.keys.district);
        if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) throw new Error("is not 64 hexadecimal digits");
        return config.keys.district;
      },
      fix: `copy the key of your district to ${config.keys.district}, or make one for a site of its own: openssl rand -hex 32 (docs/operators/keys.md); without it nobody is recognised`,
    },
    {
      what: "staff",
      run: () => staffSignIn(config),
      fix: "start the unit once: it makes the token; make the file readable by its owner only",
    },
    {
      what: "trust lists",
      run: config.trust.files.length === 0 ? undefined : () => agesOf(config.trust.files),
      fix: "copy the file again; until then its issuers are not trusted",
    },
    ...signerKeyChecks(config),
    {
      what: "other files",
      run: otherFiles(config).length === 0 ? undefined : () => readable(otherFiles(config)),
      fix: "put the file there, readable for the unit's user (sentinel); the unit takes it up without a restart",
    },
    clockCheck(config),
    {
      what: "disk",
      run: () => writeDurably(folder),
      fix: `make ${folder} writable for the unit, and free at least 200 MB there`,
    },
    {
      what: "damaged databases",
      run: () => nothingSetAside(config.store.path),
      fix: "get the records out with `sentinel audit salvage FILE --into collector.db`, then move the file away",
    },
  ];
}

function clockCheck(config: UnitConfig): Check {
  return {
    what: "clock",
    run: async () => {
      if (config.clock.vouchedBy === "nobody") return "kept by something the kernel does not know";
      const sync = createClockSyncReader()();
      if (sync.state === "unknown") throw new Error(`the kernel cannot be asked: ${sync.why}`);
      if (sync.state === "unsynchronised") {
        throw new Error("the kernel says it is not synchronised");
      }
      return "synchronised";
    },
    fix: "start systemd-timesyncd or chrony, and give a Pi without network an RTC",
  };
}

/** The keys that others sign with: commands, acknowledgements and data sets. */
function signerKeyChecks(config: UnitConfig): Check[] {
  return [
    {
      what: "command keys",
      run: config.commands && keysOf(config.commands.keys, parseCommandKeys),
      fix: 'fix the file; until then every remote command is refused ("sentinel command keygen" prints what belongs in it)',
    },
    {
      what: "collector's keys",
      run:
        typeof config.mqtt?.collector === "object"
          ? keysOf(config.mqtt.collector.key, parseCollectorKeys)
          : undefined,
      fix: 'fix the file; until then every record stays in the outbox ("sentinel collect --key" writes what belongs in it)',
    },
    {
      what: "data keys",
      run: config.data && keysOf(config.data.keys, parseDataKeys),
      fix: 'fix the file; until then no data is taken from the district ("sentinel publish keygen" prints what belongs in it)',
    },
  ];
}

function keysOf(
  file: string,
  parse: (text: string, name: string) => SignerKey[],
): () => Promise<string> {
  return async () =>
    parse(await readRegularFile(file), file)
      .map(({ id, owner, may }) => `${id} (${owner}): ${may.join(", ")}`)
      .join("; ");
}

/** Files the door works without, that no other check reads; by setting. */
function otherFiles({ trust, resolver, mqtt }: UnitConfig): [setting: string, file: string][] {
  const { revoked, directory, rules } = trust;
  const named: [string, string | undefined][] = [
    ...revoked.map((file, index): [string, string] => [`trust.revoked[${index}]`, file]),
    ["trust.directory", directory],
    ["trust.rules.valueSets", rules?.valueSets],
    ["resolver.secret", resolver?.secret],
    ...(mqtt === undefined ? [] : brokerFiles(mqtt)),
  ];
  return named.flatMap(([setting, file]) => (file === undefined ? [] : [[setting, file]]));
}

async function readable(files: readonly [setting: string, file: string][]): Promise<string> {
  const problems: string[] = [];
  for (const [setting, file] of files) {
    await readRegularFile(file).catch((error: unknown) => {
      problems.push(`${setting}: ${problemWith(file, error)}`);
    });
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  return files.map(([, file]) => file).join(", ");
}

/** A database that was set aside may hold records that exist nowhere else. */
async function nothingSetAside(path: string): Promise<string> {
  const files = quarantinedDatabases(path);
  if (files.length > 0) throw new Error(`set aside: ${files.join(", ")}`);
  return "none were set aside";
}

async function agesOf(files: readonly string[]): Promise<string> {
  const ages = await Promise.all(
    files.map(async (file) => {
      const { mtimeMs } = await stat(file);
      return `${file} (${Math.floor((Date.now() - mtimeMs) / DAY_MS)} days old)`;
    }),
  );
  return ages.join(", ");
}

/** The same that a record needs: written, flushed to the disk, and gone again. */
async function writeDurably(folder: string): Promise<string> {
  if (!(await isThere(folder))) {
    // Not a fault: the service manager makes the service's folder, for the service's user.
    const free = enough(await freeBytes(folder));
    return `${folder} is made at the first start; ${free} free`;
  }
  const path = join(folder, `.doctor-${randomUUID()}`);
  const start = performance.now();
  const handle = await open(path, "wx");
  try {
    await handle.write(Buffer.alloc(4_096));
    await handle.sync();
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
  const tookMs = performance.now() - start;
  const free = enough(await freeBytes(folder));
  return `${free} free, a durable write takes ${tookMs.toFixed(1)} ms`;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

function enough(free: number): string {
  if (free < FREE_BYTES_WANTED) throw new Error(`only ${(free / 1e6).toFixed(0)} MB are free`);
  return `${(free / 1e9).toFixed(1)} GB`;
}

/** Each configured device as its driver checks it; a kind that is not configured is said to be absent. */
function deviceChecks(config: UnitConfig, context: DriverContext): DeviceCheck[] {
  const configured = configuredDevices(config.devices);
  return DEVICE_KINDS.flatMap((kind): DeviceCheck[] => {
    const devices = configured.filter((device) => device.kind === kind);
    if (devices.length === 0) return [{ what: LABELS[kind], run: undefined, fix: "" }];
    return devices.flatMap((device, index) => {
      const needsGpio = usesOf(device).some(({ bus }) => bus === "gpio");
      const number = index === 0 ? "" : ` ${index + 1}`;
      const checks = driverOf(kind, device.settings).checks(device.settings, context);
      return checks.map((check) => ({ ...check, what: `${check.what}${number}`, needsGpio }));
    });
  });
}

const DEVICE_KINDS: readonly DeviceKind[] = [
  "code-reader",
  "card-reader",
  "thermometer",
  "gate",
  "panel",
  "door-contacts",
];

const LABELS: Readonly<Record<DeviceKind, string>> = {
  "code-reader": "code reader",
  "card-reader": "card reader",
  thermometer: "thermometer",
  gate: "gate line",
  panel: "panel",
  "door-contacts": "door contacts",
};

/** The drivers' checks bring decoders of their own where they need any. */
const NO_ENGINE: DecodeEngine = {
  ready: () => Promise.resolve(),
  decode: () => Promise.resolve({ codes: [] }),
  onLateResult() {},
  close: () => Promise.resolve(),
};

function brokerChecks(config: UnitConfig, clock: Clock): Check[] {
  const { mqtt } = config;
  return [
    {
      what: "certificates",
      run: mqtt?.tls && (() => certificateDates(mqtt.tls ?? {}, clock.wallMs())),
      fix: "put the right or a renewed PEM file there; the unit reads it at its next connect, without a restart",
    },
    {
      what: "broker",
      run: mqtt && (() => tryBroker(config, mqtt, clock)),
      fix: "check the address, certificates, user and password, and the access rules (deploy/mosquitto/acl.conf lists what a unit needs); the door works without it, and what is refused is left out",
    },
  ];
}
