/** The handshake with a broker at each connection: the will, the subscriptions, the availability. */
import { delay, withDeadline, type Clock } from "../../hal/clock.ts";
import { ALL_AT_ONCE, type BrokerRestrictions } from "./broker-restrictions.ts";
import {
  ConnectRefused,
  REASON_NOT_AUTHORIZED,
  REASON_QOS_NOT_SUPPORTED,
  REASON_RETAIN_NOT_SUPPORTED,
  type ConnectRequest,
  type MqttConnection,
} from "../mqtt/connection.ts";
import { reasonText } from "../mqtt/failure-text.ts";

type Will = NonNullable<ConnectRequest["will"]>;

/** A filter, and what it is for: what stands in logs and alarms when it is refused. */
export interface WantedFilter {
  filter: string;
  what: string;
}

export const WILL = "will";
export const RETAIN = "retain";
export const STATE = "state";

/** For all of it at once: a broker that takes longer is asked anew, one thing at a time. */
const HANDSHAKE_MS = 30_000;
/** For one thing, where the broker did not take all of them at once. */
const ONE_MS = 5_000;
/** What waits in the outbox goes before anything that could end the connection. */
const HEAD_START_MS = 1_000;
const FAILURES_FROM = 0x80; // MQTT 5 §2.4

/**
 * Refusals that may be about the will: unspecified, implementation specific, not authorized (also of
 * 3.1.1), topic name, packet size, quota, payload format; and an end of the line without a word.
 */
const MAY_BE_THE_WILL: readonly (number | undefined)[] = [
  undefined,
  0x80,
  0x83,
  REASON_NOT_AUTHORIZED,
  0x05,
  0x90,
  0x95,
  0x97,
  0x99,
];

export class Handshake {
  readonly #clock: Clock;
  readonly #restrictions: BrokerRestrictions;
  #cautious = false;
  /** Why the broker may not want the will: the next try goes without it. */
  #willSuspectedBecause: string | undefined;
  #willQos: 0 | 1 = 1;
  #retain = true;

  constructor(clock: Clock, restrictions: BrokerRestrictions) {
    this.#clock = clock;
    this.#restrictions = restrictions;
  }

  /** Whether the broker ended a connection over the greeting: then records go first. */
  isCautious(): boolean {
    return this.#cautious;
  }

  /** Whether messages are published as retained. */
  retains(): boolean {
    return this.#retain && !this.#restrictions.isSuspended(RETAIN);
  }

  /** Connects with the will if the broker takes it. @param request all but the will */
  async connect(
    attempt: (will: Will | undefined) => Promise<MqttConnection>,
    will: Will,
  ): Promise<{ connection: MqttConnection; sessionPresent: boolean }> {
    const without = this.#willSuspectedBecause;
    const first = await this.#attempt(attempt, without === undefined ? will : undefined);
    this.#willSuspectedBecause = undefined;
    const { sessionPresent } = first;
    if (without === undefined) return { connection: first, sessionPresent };
    // Let in without the will: it was the will, or something else has come right meanwhile.
    await first.close();
    try {
      return { connection: await this.#attempt(attempt, will), sessionPresent };
    } catch (error) {
      if (this.#willSuspectedBecause === undefined) throw error;
      this.#willSuspectedBecause = undefined;
      this.#restrictions.suspend(WILL, without);
      return { connection: await this.#attempt(attempt, will), sessionPresent };
    }
  }

  async #attempt(
    attempt: (will: Will | undefined) => Promise<MqttConnection>,
    will: Will | undefined,
  ): Promise<MqttConnection> {
    const asked =
      will === undefined || this.#restrictions.isSuspended(WILL)
        ? undefined
        : { ...will, qos: this.#willQos, retain: this.retains() };
    try {
      const connection = await attempt(asked);
      if (asked !== undefined) this.#restrictions.granted(WILL);
      return connection;
    } catch (error) {
      this.#refused(error, asked);
      throw error;
    }
  }

  #refused(error: unknown, asked: Will | undefined): void {
    this.#willSuspectedBecause = undefined;
    if (!(error instanceof ConnectRefused) || asked === undefined) return;
    const { reason, message } = error;
    if (reason === REASON_RETAIN_NOT_SUPPORTED) this.#restrictions.suspend(RETAIN, message);
    else if (reason === REASON_QOS_NOT_SUPPORTED) this.#willQos = 0;
    else if (MAY_BE_THE_WILL.includes(reason)) this.#willSuspectedBecause = message;
  }

  /**
   * Subscribes, and says that the unit is there. What the broker refuses by a reason is noted and left
   * out. Rejects when the connection ends, or when the broker answers nothing.
   */
  async perform(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    publishOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    this.#retain = connection.features.retain;
    if (!this.#retain)
      this.#restrictions.refused(RETAIN, "the broker says that it does not retain");
    if (this.#cautious) await this.#handshakeOneByOne(connection, filters, publishOnline);
    else {
      const work = this.#handshakeAtOnce(connection, filters, publishOnline);
      await this.#within(HANDSHAKE_MS, work);
    }
    this.#cautious = false;
  }

  /** The connection ended before the greeting was over, or later over something that was asked. */
  ended(why: string, reason?: number): void {
    const blamed = this.#restrictions.connectionEnded(why, reason);
    if (blamed === RETAIN && reason === REASON_RETAIN_NOT_SUPPORTED) {
      this.#restrictions.suspend(RETAIN, why);
    }
    if (blamed !== undefined) this.#cautious = true;
  }

  async #handshakeAtOnce(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    publishOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    const wanted = filters.filter(({ what }) => !this.#restrictions.isSuspended(what));
    await this.#restrictions.request(ALL_AT_ONCE, () => this.#subscribe(connection, wanted));
    await this.#publishOnline(publishOnline);
  }

  async #handshakeOneByOne(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    publishOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    await delay(this.#clock, HEAD_START_MS);
    const names = [...filters.map(({ what }) => what), STATE];
    // With nothing left to ask for, nobody would notice that the broker answers again.
    if (names.every((what) => this.#restrictions.isSuspended(what))) this.#restrictions.liftAll();
    for (const wanted of filters) await this.#subscribeOne(connection, wanted);
    await this.#within(ONE_MS, this.#publishOnline(publishOnline));
  }

  /** Asks once more for what the broker refused: its access rules may have been mended. */
  async retryRefused(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    publishOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    const refused = new Set(this.#restrictions.list().map(({ what }) => what));
    for (const wanted of filters) {
      if (refused.has(wanted.what)) await this.#subscribeOne(connection, wanted);
    }
    if (refused.has(STATE) || (refused.has(RETAIN) && this.retains()))
      await this.#publishOnline(publishOnline);
  }

  async #subscribeOne(connection: MqttConnection, wanted: WantedFilter): Promise<void> {
    if (this.#restrictions.isSuspended(wanted.what)) return;
    const work = this.#restrictions.request(wanted.what, () =>
      this.#subscribe(connection, [wanted]),
    );
    await this.#within(ONE_MS, work);
  }

  #within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    const silence = new Error("the broker took the connection and answers nothing");
    return withDeadline(this.#clock, limitMs, work, () => silence);
  }

  async #subscribe(connection: MqttConnection, wanted: readonly WantedFilter[]): Promise<void> {
    if (wanted.length === 0) return;
    const refused = await connection.subscribe(wanted.map(({ filter }) => ({ filter, qos: 1 })));
    for (const { filter, what } of wanted) {
      const found = refused.find((each) => each.filter === filter);
      // Several filters may be for one thing: what one of them was refused stays refused.
      const others = refused.some((each) =>
        wanted.some((one) => one.filter === each.filter && one.what === what),
      );
      if (found !== undefined) this.#restrictions.refused(what, `${filter}: ${found.why}`);
      else if (!others) this.#restrictions.granted(what);
    }
  }

  async #publishOnline(publishOnline: (retain: boolean) => Promise<number>): Promise<void> {
    const retain = this.retains();
    if (!retain && this.#restrictions.isSuspended(STATE)) return;
    const what = retain ? RETAIN : STATE;
    const reason = await this.#restrictions.request(what, () => publishOnline(retain));
    if (retain && reason === REASON_RETAIN_NOT_SUPPORTED) {
      this.#restrictions.suspend(RETAIN, reasonText({ reasonCode: reason }));
      return await this.#publishOnline(publishOnline);
    }
    if (reason >= FAILURES_FROM)
      this.#restrictions.refused(STATE, reasonText({ reasonCode: reason }));
    else {
      this.#restrictions.granted(STATE);
      if (retain) this.#restrictions.granted(RETAIN);
    }
  }
}
