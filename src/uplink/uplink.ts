/** The unit's side of MQTT: presence, records from the outbox, telemetry, and what comes from afar. */
import type { Clock } from "../../hal/clock.ts";
import { withDeadline } from "../../hal/clock.ts";
import {
  COMMAND_REFUSALS,
  type CommandDesk,
  type RefusedCommand,
  type VerifiedCommand,
} from "./commands.ts";
import type { Telemetry } from "./contract-messages.ts";
import { ACKNOWLEDGEMENT_FAULTS, lastOf, readAcknowledgement } from "./acknowledgement.ts";
import { CONTENT_TYPE, recordEvent, stateMessage, type OutboxRow } from "./envelope.ts";
import { ConnectionKeeper, type ReconnectPause } from "./keeper.ts";
import { UNIT_SESSION, type IncomingMessage, type MqttConnection, type MqttLink } from "./link.ts";
import type { OutboxPort } from "./outbox-port.ts";
import { Pump, PUMP_DEFAULTS, type PumpCounters, type PumpSettings } from "./pump.ts";
import type { KeyRing } from "./token.ts";
import { districtTopics, topicMatches, unitTopics, type UnitTopics } from "./topics.ts";

export interface UplinkOptions extends Partial<PumpSettings> {
  link: MqttLink;
  outbox: OutboxPort;
  clock: Clock;
  /** Uniform in [0, 1): spreads the reconnects of a district. */
  chance: () => number;
  /** Pauses between tries to connect. */
  reconnect?: ReconnectPause;
  unitId: string;
  district: string;
  /** First level of all topics. */
  root?: string;
  /** Random, new at each start: tells a stale will from a fresh birth. */
  bootId: string;
  /** Of the program; part of the birth message. */
  version: string;
  /** What else the birth message says: dates of data sets, the public key. */
  birth?: () => Readonly<Record<string, unknown>>;
  /** Called with records the far end now has; may repeat, and may name records of long ago. */
  onDelivered?: (fromSeq: number, toSeq: number) => void;
  /** Verifies commands; without it every command is refused. */
  commands?: CommandDesk;
  /** Whose word empties the outbox; without them anybody's does who may publish to its topic. */
  collectorKeys?: KeyRing;
  /** Most records in flight at once, if the broker takes that many. */
  window?: number;
}

/** A topic filter and what to do with its messages. */
export interface Route {
  filter: string;
  handle: (message: IncomingMessage) => void;
}

export interface UplinkCounters extends PumpCounters {
  connections: number;
  failedConnections: number;
  /** Commands that did nothing, by why. */
  commandsRefused: Readonly<Record<string, number>>;
  /** Words about stored records that counted for nothing, by why. */
  acknowledgementsRefused: Readonly<Record<string, number>>;
}

export interface Uplink {
  readonly topics: UnitTopics;
  /** Begins to connect; never rejects for an absent broker. */
  start(): void;
  /** Says goodbye and ends; what was not sent stays in the outbox. */
  stop(): Promise<void>;
  online(): boolean;
  /** Called on every change, the first failure included; returns a way to stop. */
  onLink(listener: (ok: boolean) => void): () => void;
  /** Called with each command that passed every check, once. */
  onCommand(listener: (command: VerifiedCommand) => void): () => void;
  /** Publishes what became of a command; kept until the broker is back. */
  answerCommand(commandId: string, result: "done" | "refused", detail: string): void;
  /** QoS 0: lost when offline, by intent. */
  telemetry(values: Omit<Telemetry, "atMs">): void;
  /** The facts of the birth message changed: publish it again. */
  refreshState(): void;
  /** Publishes at once when online; resolves to whether the broker took it. */
  publish(topic: string, payload: string, options?: { retain?: boolean }): Promise<boolean>;
  /** Subscribes to more, now and after every reconnect. */
  route(route: Route): void;
  counters(): UplinkCounters;
  /** Why the last attempt to connect failed. */
  lastFailure(): string | undefined;
}

const WINDOW = 100;
const CONNECT_TIMEOUT_MS = 10_000;
/** For subscribing and the birth: a broker that takes longer is asked anew. */
const GREETING_MS = 30_000;
const FAREWELL_MS = 2_000;
/** Answers kept while offline; beyond, the oldest goes. */
const ANSWERS_KEPT = 32;
/** Why a collector's word was counted: it counts for nothing, or names more than was ever written. */
const WORDS_REFUSED = [...ACKNOWLEDGEMENT_FAULTS, "beyond-head"] as const;
/** However often the collector asks, everything is sent again no more often than this. */
const REBIRTH_INTERVAL_MS = 10_000;

/** Makes an uplink; nothing happens before `start`. */
export function createUplink(options: UplinkOptions): Uplink {
  return new MqttUplink(options);
}

class MqttUplink implements Uplink {
  readonly topics: UnitTopics;
  readonly #options: UplinkOptions;
  readonly #clock: Clock;
  readonly #pump: Pump;
  readonly #routes: Route[] = [];
  readonly #linkListeners = new Set<(ok: boolean) => void>();
  readonly #commandListeners = new Set<(command: VerifiedCommand) => void>();
  readonly #answers: string[] = [];
  readonly #keeper: ConnectionKeeper;
  #connection: MqttConnection | undefined;
  #reported: boolean | undefined;
  #connections = 0;
  #failedConnections = 0;
  #lastFailure: string | undefined;
  #lastRebirthMs = -Infinity;
  readonly #commandsRefused = zeros(COMMAND_REFUSALS);
  readonly #acknowledgementsRefused = zeros(WORDS_REFUSED);

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#keeper = new ConnectionKeeper({
      clock: options.clock,
      chance: options.chance,
      pause: options.reconnect,
      connect: () => this.#connect(),
      serve: (connection) => this.#serve(connection),
      onEnd: (why) => this.#disconnected(why),
    });
    this.topics = unitTopics(options.district, options.unitId, options.root);
    const settings: PumpSettings = {
      acknowledgedBy: options.acknowledgedBy ?? PUMP_DEFAULTS.acknowledgedBy,
      backlogPerSecond: options.backlogPerSecond ?? PUMP_DEFAULTS.backlogPerSecond,
      unacknowledgedLimit: options.unacknowledgedLimit ?? PUMP_DEFAULTS.unacknowledgedLimit,
      acknowledgeWithinMs: options.acknowledgeWithinMs ?? PUMP_DEFAULTS.acknowledgeWithinMs,
      retryMs: options.retryMs ?? PUMP_DEFAULTS.retryMs,
    };
    this.#pump = new Pump(options.clock, options.outbox, settings, options.onDelivered);
    const { rebirth } = districtTopics(options.district, options.root);
    this.#routes.push(
      { filter: this.topics.acknowledgement, handle: (message) => this.#acknowledged(message) },
      { filter: rebirth, handle: () => this.#rebirth() },
      { filter: this.topics.commandFilter, handle: (message) => void this.#commanded(message) },
    );
  }

  start(): void {
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    if (!this.#keeper.running()) return;
    this.#keeper.stop();
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#pump.end();
      await withDeadline(
        this.#clock,
        FAREWELL_MS,
        this.#say(connection, "offline"),
        () => new Error("the broker did not take the farewell"),
        // The will says the same a little later.
      ).catch(() => {});
      await connection.close().catch(() => {});
    }
    await this.#keeper.ended();
  }

  online(): boolean {
    return this.#connection !== undefined;
  }

  onLink(listener: (ok: boolean) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  onCommand(listener: (command: VerifiedCommand) => void): () => void {
    this.#commandListeners.add(listener);
    return () => this.#commandListeners.delete(listener);
  }

  answerCommand(commandId: string, result: "done" | "refused", detail: string): void {
    this.#answers.push(JSON.stringify({ commandId, result, detail, atMs: this.#clock.wallMs() }));
    if (this.#answers.length > ANSWERS_KEPT) this.#answers.shift();
    void this.#sendAnswers();
  }

  telemetry(values: Omit<Telemetry, "atMs">): void {
    const payload = JSON.stringify({ atMs: this.#clock.wallMs(), ...values });
    this.#connection?.publish({ topic: this.topics.telemetry, payload, qos: 0 }).catch(() => {});
  }

  refreshState(): void {
    if (this.#connection !== undefined) this.#say(this.#connection, "online").catch(() => {});
  }

  async publish(topic: string, payload: string, { retain = false } = {}): Promise<boolean> {
    if (this.#connection === undefined) return false;
    try {
      return (await this.#connection.publish({ topic, payload, qos: 1, retain })) === 0;
    } catch {
      return false;
    }
  }

  route(route: Route): void {
    this.#routes.push(route);
    this.#connection?.subscribe([{ filter: route.filter, qos: 1 }]).catch(() => {});
  }

  counters(): UplinkCounters {
    return {
      ...this.#pump.counters,
      connections: this.#connections,
      failedConnections: this.#failedConnections,
      commandsRefused: { ...this.#commandsRefused },
      acknowledgementsRefused: { ...this.#acknowledgementsRefused },
    };
  }

  lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  #connect(): Promise<MqttConnection> {
    const { unitId, district, bootId } = this.#options;
    return this.#options.link.connect({
      clientId: unitId,
      cleanStart: false,
      sessionExpirySeconds: UNIT_SESSION.expirySeconds,
      keepAliveSeconds: UNIT_SESSION.keepAliveSeconds,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      will: {
        topic: this.topics.state,
        payload: stateMessage({ district, unitId }, "offline", bootId),
        retain: true,
        delaySeconds: UNIT_SESSION.willDelaySeconds,
      },
    });
  }

  async #serve(connection: MqttConnection): Promise<string> {
    const ended = new Promise<string>((resolve) => connection.onClose(resolve));
    connection.onMessage((message) => this.#received(message));
    await withDeadline(
      this.#clock,
      GREETING_MS,
      this.#greet(connection),
      () => new Error("the broker took the connection and answers nothing"),
    );
    if (!this.#keeper.running()) {
      // Stopped meanwhile; `stop` could not know of this connection yet.
      await this.#say(connection, "offline").catch(() => {});
      await connection.close();
      return "no longer wanted";
    }
    this.#connections += 1;
    this.#lastFailure = undefined;
    this.#connection = connection;
    const window = Math.min(this.#options.window ?? WINDOW, connection.receiveMaximum);
    const publish = (row: OutboxRow): Promise<number> => this.#publishRecord(connection, row);
    const giveUp = (): void => {
      connection.close().catch(() => {});
    };
    this.#pump.begin({ window, publish, giveUp }, connection.sessionPresent);
    this.#report(true);
    void this.#sendAnswers();
    return await ended;
  }

  async #greet(connection: MqttConnection): Promise<void> {
    await connection.subscribe(this.#routes.map(({ filter }) => ({ filter, qos: 1 })));
    await this.#say(connection, "online");
  }

  #disconnected(why: string): void {
    if (this.#connection === undefined) this.#failedConnections += 1;
    this.#connection = undefined;
    this.#lastFailure = why;
    this.#pump.end();
    this.#report(false);
  }

  async #publishRecord(connection: MqttConnection, row: OutboxRow): Promise<number> {
    const { district, unitId } = this.#options;
    return connection.publish({
      topic: this.topics.events,
      payload: recordEvent({ district, unitId }, row),
      qos: 1,
      contentType: CONTENT_TYPE,
    });
  }

  async #say(connection: MqttConnection, availability: "online" | "offline"): Promise<void> {
    const { unitId, district, bootId, version, outbox, birth } = this.#options;
    const facts =
      availability === "offline"
        ? {}
        : {
            ...birth?.(),
            version,
            epoch: outbox.epoch,
            outbox: { pending: outbox.pending(), head: outbox.head() },
          };
    await connection.publish({
      topic: this.topics.state,
      payload: stateMessage({ district, unitId }, availability, bootId, facts),
      qos: 1,
      retain: true,
    });
  }

  #received(message: IncomingMessage): void {
    for (const { filter, handle } of this.#routes) {
      if (topicMatches(filter, message.topic)) handle(message);
    }
  }

  #acknowledged(message: IncomingMessage): void {
    const { acknowledgedBy, collectorKeys, outbox } = this.#options;
    if (acknowledgedBy !== "collector") return;
    const word = readAcknowledgement(message.payload, this.#options, collectorKeys);
    if ("fault" in word) this.#refuseWord(word.fault);
    else {
      // A collector that has more than was ever written here has it from another copy of this database.
      if (word.epoch === outbox.epoch && lastOf(word) > outbox.head())
        this.#refuseWord("beyond-head");
      this.#pump.acknowledged(word);
    }
  }

  #refuseWord(why: (typeof WORDS_REFUSED)[number]): void {
    this.#acknowledgementsRefused[why] += 1;
  }

  #rebirth(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastRebirthMs < REBIRTH_INTERVAL_MS) return;
    this.#lastRebirthMs = nowMs;
    this.refreshState();
    this.#pump.resend();
  }

  async #commanded(message: IncomingMessage): Promise<void> {
    const name = message.topic.split("/").at(-1) ?? "";
    const verdict: VerifiedCommand | RefusedCommand = (await this.#options.commands?.receive(
      name,
      message.payload,
    )) ?? { refused: "no-keys" };
    if ("refused" in verdict) {
      const { refused, commandId } = verdict;
      this.#commandsRefused[refused] += 1;
      if (commandId !== undefined) this.answerCommand(commandId, "refused", refused);
      return;
    }
    for (const listener of this.#commandListeners) listener(verdict);
  }

  async #sendAnswers(): Promise<void> {
    for (let answer = this.#answers[0]; answer !== undefined; answer = this.#answers[0]) {
      if (!(await this.publish(this.topics.commandResult, answer))) return;
      if (this.#answers[0] === answer) this.#answers.shift();
    }
  }

  #report(ok: boolean): void {
    // A link that was ended on purpose is no news.
    if (ok === this.#reported || !this.#keeper.running()) return;
    this.#reported = ok;
    for (const listener of this.#linkListeners) listener(ok);
  }
}

/** Counts by reason; one that appears with its first event has no increase to be seen. */
function zeros<Reason extends string>(reasons: readonly Reason[]): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
}
