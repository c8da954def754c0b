/** The collector: takes records from MQTT, stores them, and acknowledges them once they are durable. */
import { delay, every, withDeadline, type Clock, type Timer } from "../../hal/clock.ts";
import {
  acknowledgementText,
  type Acknowledgement,
  type AcknowledgementKey,
} from "../protocol/acknowledgement.ts";
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
  type DistrictTopics,
} from "../protocol/topics.ts";
import type { Presence, RecordArchive, Stream } from "./record-archive.ts";
import { GapDetector } from "./gap-detector.ts";
import type { Range } from "../base/range-set.ts";
import { readRecordEvent, type RecordFault, type ReceivedRecord } from "./received-record.ts";

export interface CollectorOptions {
  link: MqttLink;
  /** Stores one batch at a time; closed by its opener, after `stop`. */
  archive: RecordArchive;
  clock: Clock;
  /** Uniform in [0, 1): spreads reconnects. */
  chance: () => number;
  /** Pauses between tries to connect. */
  reconnect?: BackoffRange;
  district: string;
  root?: string;
  /** Signs what units are told; units that know its public part listen to nobody else. */
  key?: AcknowledgementKey;
  /** Called after each stored batch, e.g. to print or to count. */
  onStored?: (counters: CollectorCounters) => void;
  /** The database refused a batch; nothing of it was acknowledged. */
  onFailure?: (error: Error) => void;
}

export interface CollectorCounters {
  received: number;
  stored: number;
  duplicates: number;
  conflicts: number;
  /** Messages that were no records of the unit whose topic they came on, by why. */
  refused: Readonly<Partial<Record<RecordFault, number>>>;
}

export interface Collector {
  start(): void;
  stop(): Promise<void>;
  online(): boolean;
  counters(): CollectorCounters;
  lastFailure(): string | undefined;
  /** The units' states, where the broker does not let the collector read them. */
  refusedFilter(): string | undefined;
}

/** Messages stored in one transaction, at most. */
const BATCH = 500;
/** How long the first of a batch waits for others: one commit for all of them costs little more than for it. */
const GATHER_MS = 2;
/** Messages the broker may have under way to us: bounds what waits in memory. */
const RECEIVE_MAXIMUM = 1_000;
/** Ranges told to a unit in one acknowledgement; the rest follows once the first gaps close. */
const RANGES_TOLD = 100;
const SESSION_EXPIRY_SECONDS = 86_400;
const KEEP_ALIVE_SECONDS = 20;
const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that leaves a subscription or a word to a unit unanswered for so long is asked anew. */
const ANSWER_MS = 30_000;
/** Between two looks at what is lacking. */
const LOOK_MS = 60_000;
/** Pause after the database refused a batch. */
const RETRY_MS = 1_000;

interface Arrival {
  record?: ReceivedRecord;
  presence?: Presence;
  acknowledge: () => void;
}

export function createCollector(options: CollectorOptions): Collector {
  return new MqttCollector(options);
}

class MqttCollector implements Collector {
  readonly #options: CollectorOptions;
  readonly #topics: DistrictTopics;
  readonly #connections: ConnectionManager;
  readonly #root: string;
  #connection: MqttConnection | undefined;
  #queue: Arrival[] = [];
  #gathering: Timer | undefined;
  /** A batch is being stored, or waits for its next try: one at a time. */
  #storing = false;
  #inFlight: Promise<boolean> | undefined;
  #received = 0;
  #stored = 0;
  #duplicates = 0;
  #conflicts = 0;
  readonly #refused: Partial<Record<RecordFault, number>> = {};
  #lastFailure: string | undefined;
  #refusedFilter: string | undefined;
  readonly #gapDetector = new GapDetector();
  #looking: Timer | undefined;
  /** The newest word for each unit that is not out yet. */
  readonly #words = new Map<string, Acknowledgement>();
  readonly #telling = new Set<string>();

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#root = options.root ?? DEFAULT_ROOT;
    this.#topics = districtTopics(options.district, this.#root);
    this.#connections = new ConnectionManager({
      clock: options.clock,
      chance: options.chance,
      pause: options.reconnect,
      connect: (wanted) => this.#connect(wanted),
      serve: (connection) => this.#serve(connection),
      onEnd: (why) => {
        this.#lastFailure = why;
        this.#connection = undefined;
        // What was not acknowledged comes again with the session.
        this.#queue = [];
        this.#gathering?.cancel();
        this.#gathering = undefined;
      },
    });
  }

  start(): void {
    this.#connections.start();
    this.#looking ??= every(this.#options.clock, LOOK_MS, () => void this.#requestMissing());
  }

  async stop(): Promise<void> {
    if (!this.#connections.running()) return;
    this.#looking?.cancel();
    this.#looking = undefined;
    this.#connections.stop();
    await this.#connection?.close().catch(() => {});
    await this.#connections.ended();
    await this.#inFlight;
  }

  online(): boolean {
    return this.#connection !== undefined;
  }

  counters(): CollectorCounters {
    return {
      received: this.#received,
      stored: this.#stored,
      duplicates: this.#duplicates,
      conflicts: this.#conflicts,
      refused: { ...this.#refused },
    };
  }

  lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  refusedFilter(): string | undefined {
    return this.#refusedFilter;
  }

  #connect(wanted: AbortSignal): Promise<MqttConnection> {
    return this.#options.link.connect({
      // One name, so that a second collector takes the session over instead of dividing it.
      clientId: `collector-${this.#options.district}`,
      cleanStart: false,
      sessionExpirySeconds: SESSION_EXPIRY_SECONDS,
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      manualAcknowledgement: true,
      receiveMaximum: RECEIVE_MAXIMUM,
      wanted,
    });
  }

  async #serve(connection: MqttConnection): Promise<string> {
    const ended = new Promise<string>((resolve) => connection.onClose(resolve));
    this.#connection = connection;
    connection.onMessage((message, acknowledge) => this.#arrived(connection, message, acknowledge));
    const { events, state } = this.#topics.everyUnit;
    await this.#answered(subscribeAll(connection, [events]));
    // Records are collected without it too; what is lacking is then asked for less often.
    const [refused] = await this.#answered(connection.subscribe([{ filter: state, qos: 1 }]));
    this.#refusedFilter = refused && `${refused.filter}: ${refused.why}`;
    this.#lastFailure = undefined;
    if (!connection.sessionPresent) await this.#introduce(connection);
    for (const unit of this.#words.keys()) void this.#tell(unit);
    return await ended;
  }

  /** The broker knows nothing of us: say what we have, and ask for the rest. */
  async #introduce(connection: MqttConnection): Promise<void> {
    for (const stream of await this.#options.archive.streams()) this.#say(stream);
    const { rebirth } = this.#topics;
    await this.#answered(connection.publish({ topic: rebirth, payload: "{}", qos: 1 }));
  }

  #answered<T>(work: Promise<T>): Promise<T> {
    return withDeadline(
      this.#options.clock,
      ANSWER_MS,
      work,
      () => new Error("the broker took the connection and answers nothing"),
    );
  }

  #arrived(connection: MqttConnection, message: IncomingMessage, acknowledge: () => void): void {
    const arrival: Arrival = {
      ...this.#read(message),
      // A later connection must not be told about packets of an earlier one.
      acknowledge: () => {
        if (connection === this.#connection) acknowledge();
      },
    };
    this.#queue.push(arrival);
    if (this.#storing) return;
    if (this.#queue.length >= BATCH) void this.#drain();
    else this.#gathering ??= this.#options.clock.after(GATHER_MS, () => void this.#drain());
  }

  #read(message: IncomingMessage): Pick<Arrival, "record" | "presence"> {
    const unit = unitOfTopic(message.topic);
    if (unit === undefined) return {};
    if (topicMatches(this.#topics.everyUnit.state, message.topic)) {
      return { presence: { unit, state: Buffer.from(message.payload).toString("utf8") } };
    }
    this.#received += 1;
    const record = readRecordEvent(message.payload, unit);
    if (!("fault" in record)) return { record };
    this.#refused[record.fault] = (this.#refused[record.fault] ?? 0) + 1;
    return {};
  }

  /** Stores what waits, one batch after the other, and acknowledges each once it is durable. */
  async #drain(): Promise<void> {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    if (this.#storing) return;
    this.#storing = true;
    while (this.#queue.length > 0) {
      // A connection that ends takes its queue with it: what arrives later is in another one.
      const queue = this.#queue;
      const batch = queue.slice(0, BATCH);
      this.#inFlight = this.#storeBatch(batch);
      if (await this.#inFlight) {
        queue.splice(0, batch.length);
        // In the order of arrival, as MQTT asks for.
        for (const { acknowledge } of batch) acknowledge();
      } else await delay(this.#options.clock, RETRY_MS);
    }
    this.#storing = false;
  }

  /** @returns false when the archive refused the batch; nothing of it is stored then */
  async #storeBatch(batch: readonly Arrival[]): Promise<boolean> {
    const { archive, clock } = this.#options;
    const records = batch.flatMap(({ record }) => record ?? []);
    const presences = batch.flatMap(({ presence }) => presence ?? []);
    try {
      const result = await archive.store({ records, presences, receivedMs: clock.wallMs() });
      this.#stored += result.stored;
      this.#duplicates += result.duplicates;
      this.#conflicts += result.conflicts;
      for (const presence of presences) this.#gapDetector.noteHead(presence);
      for (const stream of result.touched) this.#say(stream);
      if (records.length > 0) this.#options.onStored?.(this.counters());
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  async #requestMissing(): Promise<void> {
    if (this.#connection === undefined) return;
    try {
      const gaps = this.#gapDetector.check(await this.#options.archive.streams());
      for (const { stream, ranges } of gaps) this.#say(stream, ranges);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#options.onFailure?.(error instanceof Error ? error : new Error(String(error)));
  }

  #say({ unit, epoch, through, ranges }: Stream, again?: readonly Range[]): void {
    const above = ranges.filter(([from]) => from > through).slice(0, RANGES_TOLD);
    const asked = again === undefined ? {} : { again };
    this.#words.set(unit, { epoch, through, ranges: above, ...asked });
    void this.#tell(unit);
  }

  /** One word under way for each unit; a newer one replaces what still waits. */
  async #tell(unit: string): Promise<void> {
    if (this.#telling.has(unit)) return;
    this.#telling.add(unit);
    let connection: MqttConnection | undefined;
    try {
      const { district, key } = this.#options;
      const topic = unitTopics(district, unit, this.#root).acknowledgement;
      for (
        let word = this.#words.get(unit);
        word !== undefined && this.#connection !== undefined;
        word = this.#words.get(unit)
      ) {
        connection = this.#connection;
        const payload = acknowledgementText(word, { district, unitId: unit }, key);
        // Retained where the broker can, so that a unit that was away hears it as it comes back.
        const { retain } = connection.features;
        await this.#answered(connection.publish({ topic, payload, qos: 1, retain }));
        if (this.#words.get(unit) === word) this.#words.delete(unit);
      }
    } catch {
      // The connection ended, or is worth nothing; the word goes out with the next one.
      await connection?.close().catch(() => {});
    } finally {
      this.#telling.delete(unit);
    }
  }
}
