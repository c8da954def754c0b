/** The unit's side of data distribution: every kind's updater on one connection, and the report of them. */
import { join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import type { Files } from "../base/files.ts";
import { audienceOf } from "../protocol/command.ts";
import { DATA_SET_KINDS, type DataSetKind } from "../core/data-set.ts";
import { RateLimiter } from "../mqtt/rate-limiter.ts";
import { DATA_SET_TIMINGS, type DataSetInstaller, type DataSetTimings } from "./data-set.ts";
import {
  chunkRequest,
  type DataSetErrorCode,
  type DataSetReport,
  type DataSetReports,
} from "../protocol/data-set-reports.ts";
import { DataSetCache } from "./data-set-cache.ts";
import { DataSetUpdater } from "./data-set-updater.ts";
import type { KeyRing } from "../protocol/signed-token.ts";
import { districtTopics, type UnitTopics } from "../protocol/topics.ts";
import type { IncomingMessage } from "../mqtt/connection.ts";

export interface DistributionClientOptions {
  unitId: string;
  district: string;
  /** First level of all topics. */
  root?: string;
  clock: Clock;
  /** Uniform in [0, 1): spreads the retries of a district's units. */
  chance: () => number;
  /** Who may give this unit data. */
  keys: KeyRing;
  /** Which kinds a key may sign; without it every key may sign all. */
  may?: (keyId: string, kind: DataSetKind) => boolean;
  /** Where the last good sets and the chunks of the next are kept. */
  folder: string;
  files: Files;
  /** How each kind is activated; a kind that is missing is ignored. */
  installers: Readonly<Partial<Record<DataSetKind, DataSetInstaller>>>;
  /** A kind's report changed. */
  onChange?: (kind: DataSetKind, report: DataSetReport) => void;
  /** Bytes a second over all kinds. */
  bytesPerSecond?: number;
  timings?: DataSetTimings;
}

/** Failures since the start, by kind and reason. */
export type FailureCounts = Readonly<
  Partial<Record<DataSetKind, Readonly<Partial<Record<DataSetErrorCode, number>>>>>
>;

/** The unit's connection as far as distribution needs it. */
export interface DistributionUplink {
  readonly topics: UnitTopics;
  online(): boolean;
  onLink(listener: (ok: boolean) => void): () => void;
  publish(topic: string, payload: string): Promise<boolean>;
  route(route: {
    filter: string;
    /** What it is for, in logs and alarms. */
    what?: string;
    handle: (message: IncomingMessage) => void;
  }): void;
}

const BYTES_PER_SECOND = 1_048_576;

export class DistributionClient {
  readonly #options: DistributionClientOptions;
  readonly #updaters = new Map<DataSetKind, DataSetUpdater>();
  readonly #failures: Partial<Record<DataSetKind, Partial<Record<DataSetErrorCode, number>>>> = {};
  /** The chunks each kind asked for last. */
  readonly #requested = new Map<DataSetKind, ReadonlySet<string>>();
  #uplink: DistributionUplink | undefined;

  constructor(options: DistributionClientOptions) {
    this.#options = options;
    const { clock, unitId, district } = options;
    const rateLimiter = new RateLimiter(clock, options.bytesPerSecond ?? BYTES_PER_SECOND);
    for (const kind of DATA_SET_KINDS) {
      const installer = options.installers[kind];
      if (installer === undefined) continue;
      const updater: DataSetUpdater = new DataSetUpdater({
        kind,
        installer,
        cache: new DataSetCache(options.files, join(options.folder, kind)),
        keys: options.keys,
        may: options.may ?? (() => true),
        audiences: [audienceOf(district, unitId), audienceOf(district)],
        clock,
        chance: options.chance,
        rateLimiter,
        timings: options.timings ?? DATA_SET_TIMINGS,
        link: {
          online: () => this.#uplink?.online() ?? false,
          request: (of, version, chunks) => this.#request(of, version, chunks),
        },
        onChange: () => options.onChange?.(kind, updater.report()),
        onFailure: (reason) => this.#count(kind, reason),
      });
      this.#updaters.set(kind, updater);
    }
  }

  /** Activates the last good sets on the disk, each with its date. Call before the gateway starts. */
  async restore(): Promise<void> {
    for (const updater of this.#updaters.values()) await updater.restore();
  }

  /** Adds its topics to the uplink. Call before the uplink starts, so that it subscribes at once. */
  attach(uplink: DistributionUplink): void {
    this.#uplink = uplink;
    const { district, root } = this.#options;
    const receiveManifest = ({ topic, payload }: { topic: string; payload: Uint8Array }): void => {
      const kind = DATA_SET_KINDS.find((each) => each === topic.split("/").at(-2));
      if (kind !== undefined) this.#updaters.get(kind)?.receiveManifest(payload);
    };
    uplink.route({
      filter: districtTopics(district, root).manifestFilter,
      what: "data",
      handle: receiveManifest,
    });
    uplink.route({ filter: uplink.topics.manifestFilter, what: "data", handle: receiveManifest });
    uplink.route({
      filter: uplink.topics.chunkFilter,
      what: "data",
      handle: ({ topic, payload }) => this.#receiveChunk(topic.split("/").at(-1) ?? "", payload),
    });
    uplink.onLink(() => {
      for (const updater of this.#updaters.values()) updater.linkChanged();
    });
  }

  reports(): DataSetReports {
    return Object.fromEntries(
      [...this.#updaters].map(([kind, updater]) => [kind, updater.report()]),
    );
  }

  failures(): FailureCounts {
    return this.#failures;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#updaters.values()].map((updater) => updater.stop()));
  }

  /** A chunk's topic names its hash only: it goes to the kinds that asked for it. */
  #receiveChunk(sha256: string, bytes: Uint8Array): void {
    for (const [kind, chunks] of this.#requested) {
      if (chunks.has(sha256)) this.#updaters.get(kind)?.receiveChunk(sha256, bytes);
    }
  }

  async #request(kind: DataSetKind, version: number, chunks: readonly string[]): Promise<boolean> {
    const uplink = this.#uplink;
    if (uplink === undefined) return false;
    this.#requested.set(kind, new Set(chunks));
    return await uplink.publish(
      uplink.topics.request,
      chunkRequest({ kind, version, parts: chunks }),
    );
  }

  #count(kind: DataSetKind, reason: DataSetErrorCode): void {
    const previous = this.#failures[kind] ?? {};
    this.#failures[kind] = { ...previous, [reason]: (previous[reason] ?? 0) + 1 };
  }
}
