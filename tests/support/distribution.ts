/** A district and its units for tests of data distribution: real broker, real store, real files. */
import { diskFiles } from "../../src/linux/disk-files.ts";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import type { Clock } from "../../hal/clock.ts";
import type { DataSetKind } from "../../src/core/data-set.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { RuleStore } from "../../src/credential/formats/eu-dcc/business-rules.ts";
import { RevocationStore } from "../../src/credential/trust/revocation.ts";
import { TrustStore } from "../../src/credential/trust/trust.ts";
import { optional } from "../../src/base/optional.ts";
import { DATA_SET_FORMATS } from "../../src/data-sets/index.ts";
import { dataSetInstallers } from "../../src/unit/data-set-activation.ts";
import { PublishedSets, type Published } from "../../src/district/distributor-folder.ts";
import { Distributor } from "../../src/district/distributor.ts";
import type { Store } from "../../src/store/store.ts";
import { openStoreInWorker } from "../../src/store/worker/worker.ts";
import type { DataSetTimings } from "../../src/distribution/data-set.ts";
import type { DataSetReport } from "../../src/protocol/data-set-reports.ts";
import { DistributionClient } from "../../src/distribution/client.ts";
import type { MqttConnection } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { KeyRing } from "../../src/protocol/signed-token.ts";
import { createUplink, type Uplink } from "../../src/uplink/uplink.ts";

export const DISTRICT = "pudong";
export const DAY_MS = 86_400_000;
const RECONNECT = { firstMs: 20, longestMs: 100 };

/** A key that signs, and the ring that knows it. */
export function signer(id = "data-1"): { id: string; key: KeyObject; ring: KeyRing } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = privateKey.export({ format: "jwk" });
  return { id, key: privateKey, ring: new KeyRing({ [id]: x }) };
}

export interface TestUnit {
  readonly distribution: DistributionClient;
  readonly store: Store;
  readonly trust: TrustStore;
  readonly revocation: RevocationStore;
  readonly rules: RuleStore;
  readonly uplink: Uplink;
  /** Policies in the order they came into force. */
  readonly policies: Policy[];
  report(kind: DataSetKind): DataSetReport;
  stop(): Promise<void>;
}

/** Starts a unit's data distribution in a folder; started again in it, it is the same unit. */
export async function startUnit(options: {
  unitId: string;
  folder: string;
  broker: string;
  ring: KeyRing;
  clock?: Clock;
  bytesPerSecond?: number;
  waits?: Partial<DataSetTimings>;
  may?: (keyId: string, kind: DataSetKind) => boolean;
}): Promise<TestUnit> {
  const { unitId, folder, broker, ring, clock = trustedClock() } = options;
  const store = await openStoreInWorker({ path: join(folder, "unit.db"), unitId, clock });
  const trust = new TrustStore();
  const revocation = new RevocationStore();
  const policies: Policy[] = [];
  const rules = new RuleStore();
  const targets = { trust, revocation, rules, directory: store.directory };
  const distribution: DistributionClient = new DistributionClient({
    unitId,
    district: DISTRICT,
    clock,
    chance: () => 0.5,
    keys: ring,
    ...(options.may === undefined ? {} : { may: options.may }),
    folder: join(folder, "sets"),
    files: diskFiles,
    installers: dataSetInstallers({ ...targets, onPolicy: (policy) => policies.push(policy) }),
    onChange: () => uplink.refreshState(),
    bytesPerSecond: options.bytesPerSecond ?? 64 * 1_048_576,
    timings: {
      answerMs: 300,
      retry: { firstMs: 50, longestMs: 200 },
      revalidateMs: 20,
      ...options.waits,
    },
  });
  const uplink: Uplink = createUplink({
    link: createMqttJsLink({ url: broker, version: "5" }),
    outbox: store.outbox,
    clock,
    chance: () => 0.5,
    reconnect: RECONNECT,
    unitId,
    district: DISTRICT,
    bootId: "boot",
    version: "test",
    birth: () => ({ sets: distribution.reports() }),
  });
  await distribution.restore();
  distribution.attach(uplink);
  uplink.start();
  return {
    distribution,
    store,
    trust,
    revocation,
    rules,
    uplink,
    policies,
    report: (kind) => distribution.reports()[kind] ?? {},
    async stop() {
      await distribution.stop();
      await uplink.stop();
      await store.close();
    },
  };
}

/** The system's clock, believed: a test machine need not be synchronised. */
export function trustedClock(): Clock {
  const clock = createSystemClock();
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    wallTrusted: () => true,
    after: (delayMs, callback) => clock.after(delayMs, callback),
  };
}

export interface TestDistrict {
  readonly sets: PublishedSets;
  readonly distributor: Distributor;
  /** Signs a set and publishes it. */
  publish(
    kind: DataSetKind,
    files: readonly (string | Uint8Array)[],
    change?: { units?: readonly string[]; asOfMs?: number; version?: number; expiresMs?: number },
  ): Promise<Published>;
  stop(): Promise<void>;
}

/** Starts the publisher of a district. */
export function startDistrict(options: {
  folder: string;
  broker: string;
  id: string;
  key: KeyObject;
}): TestDistrict {
  const { folder, broker, id, key } = options;
  const sets = new PublishedSets(folder);
  const open = (): Distributor => {
    const made = new Distributor({
      link: createMqttJsLink({ url: broker, version: "5" }),
      sets,
      clock: createSystemClock(),
      chance: () => 0.5,
      reconnect: RECONNECT,
      clientId: "publisher",
      district: DISTRICT,
      bytesPerSecond: 256 * 1_048_576,
    });
    made.start();
    return made;
  };
  const district = {
    sets,
    distributor: open(),
    async publish(
      kind: DataSetKind,
      files: readonly (string | Uint8Array)[],
      change: {
        units?: readonly string[];
        asOfMs?: number;
        version?: number;
        expiresMs?: number;
      } = {},
    ) {
      const nowMs = Date.now();
      const { units = ["all"], asOfMs = nowMs, version, expiresMs = nowMs + DAY_MS } = change;
      const [published] = sets
        .add({
          kind,
          files: files.map((file) => Buffer.from(file)),
          audiences: units.map((unit) => `${DISTRICT}/${unit}`),
          asOfMs,
          nowMs,
          expiresMs,
          keyId: id,
          key,
          ...(version === undefined ? {} : { version }),
          ...optional({ delta: DATA_SET_FORMATS[kind].delta }),
        })
        .filter(({ audience }) => units.some((unit) => audience === `${DISTRICT}/${unit}`));
      if (published === undefined) throw new Error("nothing was published");
      // As the command does it: a new run publishes, and goes on serving.
      await district.distributor.stop();
      district.distributor = open();
      return published;
    },
    stop: () => district.distributor.stop(),
  };
  return district;
}

/** A client of the broker that says what it likes. */
export function connectAs(broker: string, clientId: string): Promise<MqttConnection> {
  return createMqttJsLink({ url: broker, version: "5" }).connect({
    clientId,
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 20,
    connectTimeoutMs: 5_000,
  });
}
