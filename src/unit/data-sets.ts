/** A unit's data sets from its district: who may sign them, where they are kept, and what they change. */
import { readText } from "../base/files.ts";
import { parseDataKeys, type DataKey } from "../config/data-keys.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Log } from "./log.ts";
import { DATA_SET_KINDS, type DataSetKind } from "../core/data-set.ts";
import type { Policy } from "../core/policy/policy.ts";
import { dataSetInstallers } from "./data-set-activation.ts";
import type { EvidenceBase } from "./evidence-base.ts";
import type { Inputs } from "./inputs.ts";
import type { Platform } from "./platform.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Store } from "../store/store.ts";
import type { DataSetReports } from "../protocol/data-set-reports.ts";
import type { DataSetReport } from "../protocol/data-set-reports.ts";
import {
  DistributionClient,
  type DistributionUplink,
  type FailureCounts,
} from "../distribution/client.ts";
import { KeyRing } from "../protocol/signed-token.ts";
import type { Uplink } from "../uplink/uplink.ts";

export interface DataSetsOptions {
  config: UnitConfig;
  platform: Pick<Platform, "chance" | "clock" | "files" | "log">;
  store: Store;
  base: EvidenceBase;
  /** The keys' file may come later. */
  inputs: Inputs;
}

/** The district's data sets on a unit, beginning with the last good ones on its disk. */
export class DataSets {
  readonly #log: Log;
  readonly #distribution: DistributionClient;
  readonly #ring = new KeyRing({});
  readonly #allowed = new Map<string, readonly DataSetKind[]>();
  #waiting: DistributionUplink | undefined;
  #policy: Policy | undefined;
  #gateway: Gateway | undefined;
  #uplink: Pick<Uplink, "refreshState"> | undefined;

  constructor(options: DataSetsOptions, folder: string) {
    const { config, platform, store, base } = options;
    const { chance, clock, files, log } = platform;
    this.#log = log;
    this.#distribution = new DistributionClient({
      unitId: config.unitId,
      district: config.district,
      ...(config.mqtt === undefined ? {} : { root: config.mqtt.root }),
      clock,
      chance: () => chance.fraction(),
      keys: this.#ring,
      may: (keyId, kind) => this.#allowed.get(keyId)?.includes(kind) === true,
      folder,
      files,
      installers: dataSetInstallers({
        trust: base.trust,
        revocation: base.revocation,
        rules: base.rules,
        directory: store.directory,
        onPolicy: (policy) => this.#changePolicy(policy),
      }),
      onChange: (kind, report) => this.#changed(kind, report),
    });
  }

  /** Activates the last good sets and takes new ones from now on; before the gateway is made, where the keys are there. */
  async begin(keys: readonly DataKey[]): Promise<void> {
    this.#ring.replace(Object.fromEntries(keys.map(({ id, key }) => [id, key])));
    for (const { id, may } of keys) this.#allowed.set(id, may);
    await this.#distribution.restore();
    if (this.#waiting !== undefined) this.#distribution.attach(this.#waiting);
    this.#waiting = undefined;
  }

  /** The district's policy, where one was ever activated. */
  policy(): Policy | undefined {
    return this.#policy;
  }

  /** From now on the gateway learns of changes: a new policy, and alarms. */
  serve(gateway: Gateway): void {
    this.#gateway = gateway;
    const reports = this.reports();
    for (const kind of DATA_SET_KINDS) {
      const report = reports[kind];
      if (report?.error !== undefined) this.#raise(kind, report);
    }
  }

  /** The kinds of which a set from the district is active. */
  active(): readonly DataSetKind[] {
    const reports = this.reports();
    return DATA_SET_KINDS.filter((kind) => reports[kind]?.version !== undefined);
  }

  /** Listens on a connection; before it starts. */
  attach(uplink: DistributionUplink & Pick<Uplink, "refreshState">): void {
    this.#uplink = uplink;
    // Without a key every manifest would be refused, and none comes twice.
    if (this.#ring.empty()) this.#waiting = uplink;
    else this.#distribution.attach(uplink);
  }

  reports(): DataSetReports {
    return this.#distribution.reports();
  }

  /** For the unit's metrics. */
  figures(): { reports: DataSetReports; failures: FailureCounts } {
    return { reports: this.reports(), failures: this.#distribution.failures() };
  }

  stop(): Promise<void> {
    return this.#distribution.stop();
  }

  #changePolicy(policy: Policy): void {
    this.#policy = policy;
    this.#gateway?.dispatch({ kind: "policy-changed", policy });
  }

  #changed(kind: DataSetKind, report: DataSetReport): void {
    const { version, loading, error } = report;
    this.#log("data-set", { set: kind, version, loading, error });
    this.#uplink?.refreshState();
    this.#raise(kind, report);
  }

  #raise(set: DataSetKind, { error }: DataSetReport): void {
    const detail = error === undefined ? "" : error.reason;
    this.#gateway?.dispatch({ kind: "data-set-changed", set, ok: error === undefined, detail });
  }
}

/**
 * The data sets the configuration asks for, restored from the disk. Until its key file can be used
 * the unit uses its own files and refuses every data set.
 */
export async function openDataSets(options: DataSetsOptions): Promise<DataSets | undefined> {
  const { data } = options.config;
  if (data === undefined) return undefined;
  const sets = new DataSets(options, data.folder);
  await options.inputs.take("data.keys", data.keys, async () => {
    await sets.begin(parseDataKeys(await readText(options.platform.files, data.keys), data.keys));
  });
  return sets;
}
