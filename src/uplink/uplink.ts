/** The unit's side of MQTT: presence, records from the outbox, telemetry, and what comes from afar. */
import type { Clock } from "../../hal/clock.ts";
import { every, withDeadline } from "../../hal/clock.ts";
import { CommandInbox, zeros } from "./command-inbox.ts";
import type { VerifiedCommand } from "./command-verifier.ts";
import type { Telemetry } from "../protocol/message-schemas.ts";
import {
  ACKNOWLEDGEMENT_FAULTS,
  lastOf,
  readAcknowledgement,
} from "../protocol/acknowledgement.ts";
import {
  CONTENT_TYPE,
  recordEvent,
  stateMessage,
  type OutboxRow,
} from "../protocol/cloud-event.ts";
import { ASK_AGAIN_MS, Extras, type Restriction } from "./broker-restrictions.ts";
import { Greeting } from "./handshake.ts";
import { ConnectionKeeper } from "../mqtt/reconnect.ts";
import {
  CLOSED_SILENTLY,
  UNIT_SESSION,
  type ConnectRequest,
  type IncomingMessage,
  type MqttConnection,
} from "../mqtt/connection.ts";
import { sayReason } from "../mqtt/failure-text.ts";
import { NameWatch } from "./name-conflict.ts";
import { Pump, pumpSettingsOf, type PumpSettings } from "./outbox-sender.ts";
import { districtTopics, topicMatches, unitTopics, type UnitTopics } from "../protocol/topics.ts";
import type { Route, Uplink, UplinkCounters, UplinkOptions } from "./uplink-port.ts";

export type { Route, Uplink, UplinkCounters, UplinkOptions } from "./uplink-port.ts";

const WINDOW = 100;
const CONNECT_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 1_000;
export const LOSS_WITH_311 =
  "MQTT 3.1.1 cannot say that nobody is subscribed: records the broker throws away count as " +
  "delivered. Use version 5, or a collector (mqtt.collector)";
/** Why a collector's word was counted: it counts for nothing, or names more than was ever written. */
const WORDS_REFUSED = [...ACKNOWLEDGEMENT_FAULTS, "beyond-head"] as const;
/** Of records, and of whether they can be known to have arrived. */
const RECORDS = "records";
const DELIVERY = "delivery";
const FAILURES_FROM = 0x80; // MQTT 5 §2.4
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
  readonly #pumpSettings: PumpSettings;
  readonly #routes: Route[] = [];
  readonly #linkListeners = new Set<(ok: boolean) => void>();
  readonly #commands: CommandInbox;
  readonly #keeper: ConnectionKeeper;
  readonly #extras: Extras;
  readonly #greeting: Greeting;
  readonly #name: NameWatch;
  readonly #troubleListeners = new Set<() => void>();
  #sessionPresent = false;
  #endReason: number | undefined;
  #connection: MqttConnection | undefined;
  #reported: boolean | undefined;
  #connections = 0;
  #failedConnections = 0;
  #lastFailure: string | undefined;
  #lastRebirthMs = -Infinity;
  readonly #acknowledgementsRefused = zeros(WORDS_REFUSED);

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#extras = new Extras(options.clock, () => this.#troubled());
    this.#greeting = new Greeting(options.clock, this.#extras);
    this.#name = new NameWatch(options.clock, options.chance, () => this.#troubled());
    this.#keeper = new ConnectionKeeper({
      clock: options.clock,
      chance: options.chance,
      pause: options.reconnect,
      connect: (wanted) => this.#connect(wanted),
      serve: (connection) => this.#serve(connection),
      onEnd: (why) => this.#disconnected(why),
      pauseMs: (usualMs) => this.#name.pauseMs(usualMs),
    });
    this.topics = unitTopics(options.district, options.unitId, options.root);
    this.#commands = new CommandInbox(options.clock, options.commands, (answer) =>
      this.publish(this.topics.commandResult, answer),
    );
    const settings = pumpSettingsOf(options);
    this.#pumpSettings = settings;
    this.#pump = new Pump(options.clock, options.outbox, settings, options.onDelivered);
    const { rebirth } = districtTopics(options.district, options.root);
    this.#routes.push(
      {
        filter: this.topics.acknowledgement,
        what: "acknowledgements",
        handle: (message) => this.#acknowledged(message),
      },
      { filter: rebirth, what: "rebirth", handle: () => this.#rebirth() },
      {
        filter: this.topics.commandFilter,
        what: "commands",
        handle: (message) => this.#commands.received(message),
      },
    );
  }

  start(): void {
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    if (!this.#keeper.running()) return;
    this.#keeper.stop();
    this.#name.stop();
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
    return this.#commands.onCommand(listener);
  }

  answerCommand(commandId: string, result: "done" | "refused", detail: string): void {
    this.#commands.answer(commandId, result, detail);
  }

  telemetry(values: Omit<Telemetry, "atMs">): void {
    if (this.#connection === undefined || this.#extras.leftOut("telemetry")) return;
    const payload = JSON.stringify({ atMs: this.#clock.wallMs(), ...values });
    this.#extras.sent("telemetry");
    this.#connection.publish({ topic: this.topics.telemetry, payload, qos: 0 }).catch(() => {});
  }

  refreshState(): void {
    if (this.#connection !== undefined) this.#say(this.#connection, "online").catch(() => {});
  }

  async publish(topic: string, payload: string, { retain = false } = {}): Promise<boolean> {
    const connection = this.#connection;
    const what = nameOf(topic);
    if (connection === undefined || this.#extras.leftOut(what)) return false;
    const message = { topic, payload, qos: 1, retain: retain && this.#greeting.retain() } as const;
    try {
      const reason = await this.#extras.ask(what, () => connection.publish(message));
      if (reason >= FAILURES_FROM) this.#extras.refused(what, sayReason({ reasonCode: reason }));
      else this.#extras.granted(what);
      return reason === 0;
    } catch {
      return false;
    }
  }

  route(route: Route): void {
    this.#routes.push(route);
    this.#connection?.subscribe([{ filter: route.filter, qos: 1 }]).catch(() => {
      // The next connection subscribes to it.
    });
  }

  counters(): UplinkCounters {
    return {
      ...this.#pump.counters,
      connections: this.#connections,
      failedConnections: this.#failedConnections,
      commandsRefused: this.#commands.refused(),
      acknowledgementsRefused: { ...this.#acknowledgementsRefused },
      takenOver: this.#name.count,
      restricted: Object.fromEntries(this.restrictions().map(({ what }) => [what, 1])),
    };
  }

  lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  restrictions(): readonly Restriction[] {
    return this.#extras.list();
  }

  nameInUse(): boolean {
    return this.#name.inUse();
  }

  onTrouble(listener: () => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  #troubled(): void {
    for (const listener of this.#troubleListeners) listener();
  }

  async #connect(wanted: AbortSignal): Promise<MqttConnection> {
    const { unitId, district, bootId, link } = this.#options;
    const request: ConnectRequest = {
      clientId: unitId,
      cleanStart: false,
      sessionExpirySeconds: UNIT_SESSION.expirySeconds,
      keepAliveSeconds: UNIT_SESSION.keepAliveSeconds,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      wanted,
    };
    this.#extras.begin();
    this.#endReason = undefined;
    const { connection, sessionPresent } = await this.#greeting.connect(
      (will) => link.connect({ ...request, ...(will === undefined ? {} : { will }) }),
      {
        topic: this.topics.state,
        payload: stateMessage({ district, unitId }, "offline", bootId),
        retain: true,
        delaySeconds: UNIT_SESSION.willDelaySeconds,
      },
    );
    this.#sessionPresent = sessionPresent;
    return connection;
  }

  async #serve(connection: MqttConnection): Promise<string> {
    const ended = new Promise<string>((resolve) => {
      connection.onClose((why, reason) => {
        this.#endReason = reason;
        resolve(why);
      });
    });
    connection.onMessage((message) => this.#received(message));
    // Where the broker ended a connection over its greeting, records go first.
    const recordsFirst = this.#greeting.careful();
    if (recordsFirst) this.#beginRecords(connection);
    const sayOnline = (retain: boolean): Promise<number> => this.#say(connection, "online", retain);
    await this.#greeting.greet(connection, this.#routes.map(wanted), sayOnline);
    if (!this.#keeper.running()) {
      // Stopped meanwhile; `stop` could not know of this connection yet.
      await this.#say(connection, "offline").catch(() => {});
      await connection.close();
      return "no longer wanted";
    }
    this.#connections += 1;
    this.#lastFailure = undefined;
    this.#connection = connection;
    this.#name.connected();
    if (!recordsFirst) this.#beginRecords(connection);
    this.#report(true);
    void this.#commands.sendAnswers();
    const asking = every(this.#clock, ASK_AGAIN_MS, () => {
      this.#greeting
        .askAgain(connection, this.#routes.map(wanted), sayOnline)
        .catch(() => connection.close())
        .catch(() => {});
    });
    const why = await ended;
    asking.cancel();
    return why;
  }

  #beginRecords(connection: MqttConnection): void {
    const { protocol, maximumQoS } = connection.features;
    const unconfirmed = this.#pumpSettings.acknowledgedBy === "broker";
    if (unconfirmed && maximumQoS === 0) {
      // Nothing would say that the broker has them: without a collector they wait in the outbox.
      this.#extras.refused(
        RECORDS,
        "the broker takes QoS 0 only; only a collector can confirm them",
      );
      return;
    }
    if (unconfirmed && protocol === "3.1.1") {
      this.#extras.refused(DELIVERY, LOSS_WITH_311);
    } else this.#extras.granted(DELIVERY);
    const window = Math.min(this.#options.window ?? WINDOW, connection.receiveMaximum);
    const publish = (row: OutboxRow): Promise<number> => this.#publishRecord(connection, row);
    const giveUp = (): void => {
      this.#extras.refused(RECORDS, "the broker takes the connection and answers no record");
      connection.close().catch(() => {});
    };
    this.#pump.begin({ window, publish, giveUp }, this.#sessionPresent);
  }

  #disconnected(why: string): void {
    if (this.#connection === undefined) this.#failedConnections += 1;
    this.#connection = undefined;
    const isNews = this.#lastFailure !== why;
    this.#lastFailure = why;
    this.#name.ended(this.#endReason, why === CLOSED_SILENTLY);
    // A connection that another client took over did not end over anything that was asked.
    if (this.#name.inUse()) this.#extras.granted("telemetry");
    else this.#greeting.ended(why, this.#endReason);
    this.#pump.end();
    this.#report(false);
    if (isNews && this.#keeper.running()) this.#troubled();
  }

  async #publishRecord(connection: MqttConnection, row: OutboxRow): Promise<number> {
    const { district, unitId } = this.#options;
    const reason = await connection.publish({
      topic: this.topics.events,
      payload: recordEvent({ district, unitId }, row),
      qos: 1,
      contentType: CONTENT_TYPE,
    });
    if (reason >= FAILURES_FROM) this.#extras.refused(RECORDS, sayReason({ reasonCode: reason }));
    else this.#extras.granted(RECORDS);
    return reason;
  }

  /** @returns the broker's reason */
  async #say(
    connection: MqttConnection,
    availability: "online" | "offline",
    retain = this.#greeting.retain(),
  ): Promise<number> {
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
    return await connection.publish({
      topic: this.topics.state,
      payload: stateMessage({ district, unitId }, availability, bootId, facts),
      qos: 1,
      retain,
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

  #report(ok: boolean): void {
    // A link that was ended on purpose is no news.
    if (ok === this.#reported || !this.#keeper.running()) return;
    this.#reported = ok;
    for (const listener of this.#linkListeners) listener(ok);
  }
}

function wanted({ filter, what = filter }: Route): { filter: string; what: string } {
  return { filter, what };
}

/** What a topic of the unit's own is for, in a word: its last level. */
function nameOf(topic: string): string {
  if (topic.startsWith("homeassistant/")) return "home-assistant";
  return topic.split("/").at(-1) ?? topic;
}
