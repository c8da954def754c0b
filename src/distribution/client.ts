/** The unit's side of data distribution: every kind's supply on one connection, and the report of them. */
import { join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import type { Files } from "../base/files.ts";
import { audienceOf } from "../protocol/command.ts";
import { SET_KINDS, type SetKind } from "../core/data-set.ts";
import { Pace } from "../mqtt/rate-limiter.ts";
import { SET_WAITS, type SetInstaller, type SetWaits } from "./data-set.ts";
import { partRequest } from "../protocol/data-set-reports.ts";
import { type SetReports } from "../protocol/data-set-reports.ts";
import { type SetReport } from "../protocol/data-set-reports.ts";
import { type SetFault } from "../protocol/data-set-reports.ts";
import { Shelf } from "./data-set-cache.ts";
import { Supply } from "./data-set-updater.ts";
import type { KeyRing } from "../protocol/signed-token.ts";
import { districtTopics, type UnitTopics } from "../protocol/topics.ts";
import type { IncomingMessage } from "../mqtt/connection.ts";

export interface DistributionOptions {
  unitId: string;
  district: string;
  /** First level of all topics. */
  root?: string;
  clock: Clock;
  /** Uniform in [0, 1): spreads a district's further tries. */
  chance: () => number;
  /** Who may give this unit data. */
  keys: KeyRing;
  /** Which kinds a key may sign; without it every key may sign all. */
  may?: (keyId: string, kind: SetKind) => boolean;
  /** Where the last good sets and the parts of the next are kept. */
  folder: string;
  files: Files;
  /** What is done with each kind; the others are left alone. */
  installers: Readonly<Partial<Record<SetKind, SetInstaller>>>;
  /** A kind's report changed. */
  onChange?: (kind: SetKind, report: SetReport) => void;
  /** Bytes a second over all kinds. */
  bytesPerSecond?: number;
  waits?: SetWaits;
}

/** Failures since the start, by kind and reason. */
export type SetFailures = Readonly<
  Partial<Record<SetKind, Readonly<Partial<Record<SetFault, number>>>>>
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

export class Distribution {
  readonly #options: DistributionOptions;
  readonly #supplies = new Map<SetKind, Supply>();
  readonly #failures: Partial<Record<SetKind, Partial<Record<SetFault, number>>>> = {};
  #uplink: DistributionUplink | undefined;

  constructor(options: DistributionOptions) {
    this.#options = options;
    const { clock, unitId, district } = options;
    const pace = new Pace(clock, options.bytesPerSecond ?? BYTES_PER_SECOND);
    for (const kind of SET_KINDS) {
      const installer = options.installers[kind];
      if (installer === undefined) continue;
      const supply: Supply = new Supply({
        kind,
        installer,
        shelf: new Shelf(options.files, join(options.folder, kind)),
        keys: options.keys,
        may: options.may ?? (() => true),
        audiences: [audienceOf(district, unitId), audienceOf(district)],
        clock,
        chance: options.chance,
        pace,
        waits: options.waits ?? SET_WAITS,
        link: {
          online: () => this.#uplink?.online() ?? false,
          request: (of, version, parts) => this.#request(of, version, parts),
        },
        onChange: () => options.onChange?.(kind, supply.report()),
        onFailure: (reason) => this.#count(kind, reason),
      });
      this.#supplies.set(kind, supply);
    }
  }

  /** Puts the last good sets on the disk in force, each with its date; before anybody is let in. */
  async restore(): Promise<void> {
    for (const supply of this.#supplies.values()) await supply.restore();
  }

  /** Listens from now on; before the uplink starts, so that it subscribes to these topics at once. */
  attach(uplink: DistributionUplink): void {
    this.#uplink = uplink;
    const { district, root } = this.#options;
    const offer = ({ topic, payload }: { topic: string; payload: Uint8Array }): void => {
      const kind = SET_KINDS.find((each) => each === topic.split("/").at(-2));
      if (kind !== undefined) this.#supplies.get(kind)?.offered(payload);
    };
    uplink.route({
      filter: districtTopics(district, root).manifestFilter,
      what: "data",
      handle: offer,
    });
    uplink.route({ filter: uplink.topics.manifestFilter, what: "data", handle: offer });
    uplink.route({
      filter: uplink.topics.partFilter,
      what: "data",
      handle: ({ topic, payload }) => {
        const sha256 = topic.split("/").at(-1) ?? "";
        for (const supply of this.#supplies.values()) supply.received(sha256, payload);
      },
    });
    uplink.onLink(() => {
      for (const supply of this.#supplies.values()) supply.linkChanged();
    });
  }

  reports(): SetReports {
    return Object.fromEntries([...this.#supplies].map(([kind, supply]) => [kind, supply.report()]));
  }

  failures(): SetFailures {
    return this.#failures;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#supplies.values()].map((supply) => supply.stop()));
  }

  async #request(kind: SetKind, version: number, parts: readonly string[]): Promise<boolean> {
    const uplink = this.#uplink;
    if (uplink === undefined) return false;
    return await uplink.publish(uplink.topics.request, partRequest({ kind, version, parts }));
  }

  #count(kind: SetKind, reason: SetFault): void {
    const former = this.#failures[kind] ?? {};
    this.#failures[kind] = { ...former, [reason]: (former[reason] ?? 0) + 1 };
  }
}
