/** The district's side of data distribution: manifests on the broker, parts to whoever asks, and who has what. */
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import type { DataSetKind } from "../core/data-set.ts";
import { RateLimiter } from "../mqtt/rate-limiter.ts";
import { readDataSetReports } from "../protocol/data-set-reports.ts";
import { readChunkRequest } from "../protocol/data-set-reports.ts";
import { type DataSetReports } from "../protocol/data-set-reports.ts";
import type { BackoffRange } from "../base/backoff.ts";
import { ConnectionManager } from "../mqtt/reconnect.ts";
import {
  subscribeAll,
  type IncomingMessage,
  type MqttConnection,
  type MqttLink,
} from "../mqtt/connection.ts";
import {
  DEFAULT_ROOT,
  districtTopics,
  topicMatches,
  unitOfTopic,
  unitTopics,
} from "../protocol/topics.ts";
import type { Published, PublishedSets } from "./distributor-folder.ts";
import { errorText } from "../base/errors.ts";

export interface DistributorOptions {
  link: MqttLink;
  sets: PublishedSets;
  clock: Clock;
  /** Uniform in [0, 1): spreads reconnects. */
  chance: () => number;
  reconnect?: BackoffRange;
  /** Two may serve a district at once, under different names. */
  clientId: string;
  district: string;
  root?: string;
  /** Bytes a second over all units. */
  bytesPerSecond?: number;
  /** A unit told how its sets stand. */
  onReport?: (unit: string, state: UnitSets) => void;
}

/** What a unit said last. */
export interface UnitSets {
  online: boolean;
  sets: DataSetReports;
}

export interface DistributorCounters {
  requests: number;
  /** Requests that were none, and parts that nobody published. */
  refused: number;
  parts: number;
  bytes: number;
}

const BYTES_PER_SECOND = 4 * 1_048_576;
/** Parts under way to the broker at once. */
const LANES = 4;
/** A part that a unit did not fetch from the broker by then is asked for again anyway. */
const PART_EXPIRY_SECONDS = 60;
/** How often the folder is looked at for what another process has published. */
const LOOK_MS = 1_000;
const KEEP_ALIVE_SECONDS = 20;
const CONNECT_TIMEOUT_MS = 10_000;
const REFUSED = 0x80; // MQTT 5 §2.4: reason codes from here on are failures

export class Distributor {
  readonly #options: DistributorOptions;
  readonly #root: string;
  readonly #keeper: ConnectionManager;
  readonly #pace: RateLimiter;
  readonly #units = new Map<string, UnitSets>();
  /** Parts still to be sent, by unit; a new request takes the place of the unit's former one. */
  readonly #queues = new Map<string, string[]>();
  readonly #counters: DistributorCounters = { requests: 0, refused: 0, parts: 0, bytes: 0 };
  #connection: MqttConnection | undefined;
  #lanes = 0;
  #looking: Timer | undefined;
  #lastFailure: string | undefined;

  constructor(options: DistributorOptions) {
    this.#options = options;
    this.#root = options.root ?? DEFAULT_ROOT;
    this.#pace = new RateLimiter(options.clock, options.bytesPerSecond ?? BYTES_PER_SECOND);
    this.#keeper = new ConnectionManager({
      clock: options.clock,
      chance: options.chance,
      pause: options.reconnect,
      connect: (wanted) => this.#connect(wanted),
      serve: (connection) => this.#serve(connection),
      onEnd: (why) => {
        this.#lastFailure = why;
        this.#connection = undefined;
        // Units ask again.
        this.#queues.clear();
      },
    });
  }

  start(): void {
    this.#keeper.start();
    this.#looking ??= every(this.#options.clock, LOOK_MS, () => this.#look());
  }

  async stop(): Promise<void> {
    if (!this.#keeper.running()) return;
    this.#looking?.cancel();
    this.#keeper.stop();
    await this.#connection?.close().catch(() => {});
    await this.#keeper.ended();
  }

  online(): boolean {
    return this.#connection !== undefined;
  }

  lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  counters(): DistributorCounters {
    return { ...this.#counters };
  }

  /** What each unit said last. */
  units(): ReadonlyMap<string, UnitSets> {
    return this.#units;
  }

  #connect(wanted: AbortSignal): Promise<MqttConnection> {
    return this.#options.link.connect({
      clientId: this.#options.clientId,
      cleanStart: true,
      sessionExpirySeconds: 0,
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      wanted,
    });
  }

  async #serve(connection: MqttConnection): Promise<string> {
    const ended = new Promise<string>((resolve) => connection.onClose(resolve));
    connection.onMessage((message) => this.#received(message));
    this.#connection = connection;
    const { state, request } = districtTopics(this.#options.district, this.#root).everyUnit;
    await subscribeAll(connection, [state, request]);
    this.#refreshed();
    await this.#publishManifests(connection);
    this.#lastFailure = undefined;
    return await ended;
  }

  /** Whoever serves goes by what was published last, also by somebody else. */
  #look(): void {
    const connection = this.#connection;
    if (connection === undefined || !this.#refreshed()) return;
    this.#publishManifests(connection).catch(() => {
      // The connection ended, or the broker refuses: the next connection tells.
    });
  }

  #refreshed(): boolean {
    try {
      return this.#options.sets.refresh();
    } catch (error) {
      this.#lastFailure = errorText(error);
      return false;
    }
  }

  async #publishManifests(connection: MqttConnection): Promise<void> {
    for (const published of this.#options.sets.manifests()) {
      await this.#publishManifest(connection, published);
    }
  }

  async #publishManifest(connection: MqttConnection, published: Published): Promise<void> {
    const { kind, audience, token } = published;
    const topic = this.#manifestTopic(kind, audience);
    const reason = await connection.publish({ topic, payload: token, qos: 1, retain: true });
    if (reason >= REFUSED) {
      throw new Error(`the broker does not let us write ${topic} (reason ${reason})`);
    }
  }

  #manifestTopic(kind: DataSetKind, audience: string): string {
    const { district } = this.#options;
    const unit = audience.split("/").at(-1) ?? "";
    return unit === "all"
      ? districtTopics(district, this.#root).manifest(kind)
      : unitTopics(district, unit, this.#root).manifest(kind);
  }

  #received({ topic, payload }: IncomingMessage): void {
    const unit = unitOfTopic(topic);
    if (unit === undefined) return;
    const { everyUnit } = districtTopics(this.#options.district, this.#root);
    if (topicMatches(everyUnit.state, topic)) return this.#heard(unit, payload);
    this.#counters.requests += 1;
    const request = readChunkRequest(payload);
    if (request === undefined) {
      this.#counters.refused += 1;
      return;
    }
    this.#queues.set(unit, [...request.parts]);
    while (this.#lanes < LANES && this.#queues.size > 0) void this.#lane();
  }

  #heard(unit: string, payload: Uint8Array): void {
    const said = readDataSetReports(payload);
    if (said === undefined) return;
    const former = this.#units.get(unit);
    const online = said.availability === "online";
    // A farewell says nothing of the sets: what was said before still stands.
    const state = { online, sets: online ? said.sets : (former?.sets ?? {}) };
    this.#units.set(unit, state);
    this.#options.onReport?.(unit, state);
  }

  /** Sends parts, to each unit in its turn, until nobody waits for any. */
  async #lane(): Promise<void> {
    this.#lanes += 1;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { unit, sha256 } = next;
      const payload = this.#partOf(sha256);
      if (payload === undefined) {
        this.#counters.refused += 1;
        continue;
      }
      const topic = unitTopics(this.#options.district, unit, this.#root).chunk(sha256);
      await this.#connection
        ?.publish({ topic, payload, qos: 1, expirySeconds: PART_EXPIRY_SECONDS })
        .catch(() => {});
      this.#counters.parts += 1;
      this.#counters.bytes += payload.length;
      await this.#pace.throttle(payload.length);
    }
    this.#lanes -= 1;
  }

  #partOf(sha256: string): Uint8Array | undefined {
    try {
      return this.#options.sets.part(sha256);
    } catch {
      return undefined;
    }
  }

  #next(): { unit: string; sha256: string } | undefined {
    for (const [unit, parts] of this.#queues) {
      const sha256 = parts.shift();
      this.#queues.delete(unit);
      if (sha256 === undefined) continue;
      if (parts.length > 0) this.#queues.set(unit, parts);
      return { unit, sha256 };
    }
    return undefined;
  }
}
