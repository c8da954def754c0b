/** The unit's uplink: availability, records from the outbox, telemetry, and commands from the district. */
import type { Clock } from "../../hal/clock.ts";
import { every, withDeadline } from "../../hal/clock.ts";
import { CommandInbox, zeroCounts } from "./command-inbox.ts";
import type { VerifiedCommand } from "./command-verifier.ts";
import type { Telemetry } from "../protocol/message-schemas.ts";
import {
  ACKNOWLEDGEMENT_ERRORS,
  highestSeqOf,
  readAcknowledgement,
} from "../protocol/acknowledgement.ts";
import {
  CONTENT_TYPE,
  recordEvent,
  stateMessage,
  type OutboxRow,
} from "../protocol/cloud-event.ts";
import { RETRY_REFUSED_MS, BrokerRestrictions, type Restriction } from "./broker-restrictions.ts";
import { Handshake } from "./handshake.ts";
import { ConnectionManager } from "../mqtt/reconnect.ts";
import {
  CLOSED_SILENTLY,
  UNIT_SESSION,
  type ConnectRequest,
  type IncomingMessage,
  type MqttConnection,
} from "../mqtt/connection.ts";
import { reasonText } from "../mqtt/failure-text.ts";
import { NameConflict } from "./name-conflict.ts";
import { OutboxSender, senderSettingsOf, type SenderSettings } from "./outbox-sender.ts";
import { districtTopics, topicMatches, unitTopics, type UnitTopics } from "../protocol/topics.ts";
import type { Route, Uplink, UplinkCounters, UplinkOptions } from "./uplink-port.ts";

export type { Route, Uplink, UplinkCounters, UplinkOptions } from "./uplink-port.ts";

const WINDOW = 100;
const CONNECT_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 1_000;
export const UNCONFIRMED_WITH_311 =
  "MQTT 3.1.1 cannot say that nobody is subscribed: records the broker throws away count as " +
  "delivered. Use version 5, or a collector (mqtt.collector)";
/** Reasons an acknowledgement is counted: rejected, or it names more than was ever written here. */
const ACK_REJECTIONS = [...ACKNOWLEDGEMENT_ERRORS, "beyond-head"] as const;
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
  readonly #sender: OutboxSender;
  readonly #senderSettings: SenderSettings;
  readonly #routes: Route[] = [];
  readonly #linkListeners = new Set<(ok: boolean) => void>();
  readonly #commands: CommandInbox;
  readonly #connectionManager: ConnectionManager;
  readonly #restrictions: BrokerRestrictions;
  readonly #handshake: Handshake;
  readonly #nameConflict: NameConflict;
  readonly #troubleListeners = new Set<() => void>();
  #sessionPresent = false;
  #endReason: number | undefined;
  #connection: MqttConnection | undefined;
  #reported: boolean | undefined;
  #connections = 0;
  #failedConnections = 0;
  #lastFailure: string | undefined;
  #lastRebirthMs = -Infinity;
  readonly #acknowledgementsRefused = zeroCounts(ACK_REJECTIONS);

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#restrictions = new BrokerRestrictions(options.clock, () => this.#notifyTrouble());
    this.#handshake = new Handshake(options.clock, this.#restrictions);
    this.#nameConflict = new NameConflict(options.clock, options.chance, () =>
      this.#notifyTrouble(),
    );
    this.#connectionManager = new ConnectionManager({
      clock: options.clock,
      chance: options.chance,
      pause: options.reconnect,
      connect: (signal) => this.#connect(signal),
      serve: (connection) => this.#serve(connection),
      onEnd: (why) => this.#disconnected(why),
      pauseMs: (usualMs) => this.#nameConflict.pauseMs(usualMs),
    });
    this.topics = unitTopics(options.district, options.unitId, options.root);
    this.#commands = new CommandInbox(options.clock, options.commands, (answer) =>
      this.publish(this.topics.commandResult, answer),
    );
    const settings = senderSettingsOf(options);
    this.#senderSettings = settings;
    this.#sender = new OutboxSender(options.clock, options.outbox, settings, options.onDelivered);
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
    this.#connectionManager.start();
  }

  async stop(): Promise<void> {
    if (!this.#connectionManager.running()) return;
    this.#connectionManager.stop();
    this.#nameConflict.stop();
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#sender.end();
      await withDeadline(
        this.#clock,
        FAREWELL_MS,
        this.#publishAvailability(connection, "offline"),
        () => new Error("the broker did not take the farewell"),
        // The will says the same a little later.
      ).catch(() => {});
      await connection.close().catch(() => {});
    }
    await this.#connectionManager.ended();
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
    if (this.#connection === undefined || this.#restrictions.isSuspended("telemetry")) return;
    const payload = JSON.stringify({ atMs: this.#clock.wallMs(), ...values });
    this.#restrictions.sentUnconfirmed("telemetry");
    this.#connection.publish({ topic: this.topics.telemetry, payload, qos: 0 }).catch(() => {});
  }

  refreshState(): void {
    if (this.#connection !== undefined)
      this.#publishAvailability(this.#connection, "online").catch(() => {});
  }

  async publish(topic: string, payload: string, { retain = false } = {}): Promise<boolean> {
    const connection = this.#connection;
    const what = nameOf(topic);
    if (connection === undefined || this.#restrictions.isSuspended(what)) return false;
    const message = {
      topic,
      payload,
      qos: 1,
      retain: retain && this.#handshake.retains(),
    } as const;
    try {
      const reason = await this.#restrictions.request(what, () => connection.publish(message));
      if (reason >= FAILURES_FROM)
        this.#restrictions.refused(what, reasonText({ reasonCode: reason }));
      else this.#restrictions.granted(what);
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
      ...this.#sender.counters,
      connections: this.#connections,
      failedConnections: this.#failedConnections,
      commandsRefused: this.#commands.refused(),
      acknowledgementsRefused: { ...this.#acknowledgementsRefused },
      takenOver: this.#nameConflict.count,
      restricted: Object.fromEntries(this.restrictions().map(({ what }) => [what, 1])),
    };
  }

  lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  restrictions(): readonly Restriction[] {
    return this.#restrictions.list();
  }

  nameInUse(): boolean {
    return this.#nameConflict.inUse();
  }

  onTrouble(listener: () => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  #notifyTrouble(): void {
    for (const listener of this.#troubleListeners) listener();
  }

  async #connect(signal: AbortSignal): Promise<MqttConnection> {
    const { unitId, district, bootId, link } = this.#options;
    const request: ConnectRequest = {
      clientId: unitId,
      cleanStart: false,
      sessionExpirySeconds: UNIT_SESSION.expirySeconds,
      keepAliveSeconds: UNIT_SESSION.keepAliveSeconds,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      wanted: signal,
    };
    this.#restrictions.connectionStarted();
    this.#endReason = undefined;
    const { connection, sessionPresent } = await this.#handshake.connect(
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
    const recordsFirst = this.#handshake.isCautious();
    if (recordsFirst) this.#beginRecords(connection);
    const publishOnline = (retain: boolean): Promise<number> =>
      this.#publishAvailability(connection, "online", retain);
    await this.#handshake.perform(connection, this.#routes.map(wanted), publishOnline);
    if (!this.#connectionManager.running()) {
      // Stopped meanwhile; `stop` could not know of this connection yet.
      await this.#publishAvailability(connection, "offline").catch(() => {});
      await connection.close();
      return "no longer wanted";
    }
    this.#connections += 1;
    this.#lastFailure = undefined;
    this.#connection = connection;
    this.#nameConflict.connected();
    if (!recordsFirst) this.#beginRecords(connection);
    this.#report(true);
    void this.#commands.sendAnswers();
    const asking = every(this.#clock, RETRY_REFUSED_MS, () => {
      this.#handshake
        .retryRefused(connection, this.#routes.map(wanted), publishOnline)
        .catch(() => connection.close())
        .catch(() => {});
    });
    const why = await ended;
    asking.cancel();
    return why;
  }

  #beginRecords(connection: MqttConnection): void {
    const { protocol, maximumQoS } = connection.features;
    const unconfirmed = this.#senderSettings.acknowledgedBy === "broker";
    if (unconfirmed && maximumQoS === 0) {
      // Nothing would say that the broker has them: without a collector they wait in the outbox.
      this.#restrictions.refused(
        RECORDS,
        "the broker takes QoS 0 only; only a collector can confirm them",
      );
      return;
    }
    if (unconfirmed && protocol === "3.1.1") {
      this.#restrictions.refused(DELIVERY, UNCONFIRMED_WITH_311);
    } else this.#restrictions.granted(DELIVERY);
    const window = Math.min(this.#options.window ?? WINDOW, connection.receiveMaximum);
    const publish = (row: OutboxRow): Promise<number> => this.#publishRecord(connection, row);
    const giveUp = (): void => {
      this.#restrictions.refused(RECORDS, "the broker takes the connection and answers no record");
      connection.close().catch(() => {});
    };
    this.#sender.begin({ window, publish, giveUp }, this.#sessionPresent);
  }

  #disconnected(why: string): void {
    if (this.#connection === undefined) this.#failedConnections += 1;
    this.#connection = undefined;
    const isNews = this.#lastFailure !== why;
    this.#lastFailure = why;
    this.#nameConflict.ended(this.#endReason, why === CLOSED_SILENTLY);
    // A connection that another client took over did not end over anything that was asked.
    if (this.#nameConflict.inUse()) this.#restrictions.granted("telemetry");
    else this.#handshake.ended(why, this.#endReason);
    this.#sender.end();
    this.#report(false);
    if (isNews && this.#connectionManager.running()) this.#notifyTrouble();
  }

  async #publishRecord(connection: MqttConnection, row: OutboxRow): Promise<number> {
    const { district, unitId } = this.#options;
    const reason = await connection.publish({
      topic: this.topics.events,
      payload: recordEvent({ district, unitId }, row),
      qos: 1,
      contentType: CONTENT_TYPE,
    });
    if (reason >= FAILURES_FROM)
      this.#restrictions.refused(RECORDS, reasonText({ reasonCode: reason }));
    else this.#restrictions.granted(RECORDS);
    return reason;
  }

  /** @returns the broker's reason */
  async #publishAvailability(
    connection: MqttConnection,
    availability: "online" | "offline",
    retain = this.#handshake.retains(),
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
    const acknowledgement = readAcknowledgement(message.payload, this.#options, collectorKeys);
    if ("error" in acknowledgement) this.#rejectAcknowledgement(acknowledgement.error);
    else {
      // A collector that has more than was ever written here has it from another copy of this database.
      if (acknowledgement.epoch === outbox.epoch && highestSeqOf(acknowledgement) > outbox.head())
        this.#rejectAcknowledgement("beyond-head");
      this.#sender.acknowledged(acknowledgement);
    }
  }

  #rejectAcknowledgement(why: (typeof ACK_REJECTIONS)[number]): void {
    this.#acknowledgementsRefused[why] += 1;
  }

  #rebirth(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastRebirthMs < REBIRTH_INTERVAL_MS) return;
    this.#lastRebirthMs = nowMs;
    this.refreshState();
    this.#sender.resend();
  }

  #report(ok: boolean): void {
    // A link that was ended on purpose is no news.
    if (ok === this.#reported || !this.#connectionManager.running()) return;
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
