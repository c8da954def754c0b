/** How a unit introduces itself to its broker: the will, its subscriptions, and its state. */
import { delay, withDeadline, type Clock } from "../../hal/clock.ts";
import { ALL_AT_ONCE, type Extras } from "./broker-restrictions.ts";
import {
  ConnectRefused,
  REASON_NOT_AUTHORIZED,
  REASON_QOS_NOT_SUPPORTED,
  REASON_RETAIN_NOT_SUPPORTED,
  type ConnectRequest,
  type MqttConnection,
} from "../mqtt/connection.ts";
import { sayReason } from "../mqtt/failure-text.ts";

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
const GREETING_MS = 30_000;
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

export class Greeting {
  readonly #clock: Clock;
  readonly #extras: Extras;
  #careful = false;
  /** Why the broker may not want the will: the next try goes without it. */
  #willInDoubt: string | undefined;
  #willQos: 0 | 1 = 1;
  #retain = true;

  constructor(clock: Clock, extras: Extras) {
    this.#clock = clock;
    this.#extras = extras;
  }

  /** Whether the broker ended a connection over the greeting: then records go first. */
  careful(): boolean {
    return this.#careful;
  }

  /** Whether messages are published as retained. */
  retain(): boolean {
    return this.#retain && !this.#extras.leftOut(RETAIN);
  }

  /** Connects with the will if the broker takes it. @param request all but the will */
  async connect(
    attempt: (will: Will | undefined) => Promise<MqttConnection>,
    will: Will,
  ): Promise<{ connection: MqttConnection; sessionPresent: boolean }> {
    const without = this.#willInDoubt;
    const first = await this.#attempt(attempt, without === undefined ? will : undefined);
    this.#willInDoubt = undefined;
    const { sessionPresent } = first;
    if (without === undefined) return { connection: first, sessionPresent };
    // Let in without the will: it was the will, or something else has come right meanwhile.
    await first.close();
    try {
      return { connection: await this.#attempt(attempt, will), sessionPresent };
    } catch (error) {
      if (this.#willInDoubt === undefined) throw error;
      this.#willInDoubt = undefined;
      this.#extras.leaveOut(WILL, without);
      return { connection: await this.#attempt(attempt, will), sessionPresent };
    }
  }

  async #attempt(
    attempt: (will: Will | undefined) => Promise<MqttConnection>,
    will: Will | undefined,
  ): Promise<MqttConnection> {
    const asked =
      will === undefined || this.#extras.leftOut(WILL)
        ? undefined
        : { ...will, qos: this.#willQos, retain: this.retain() };
    try {
      const connection = await attempt(asked);
      if (asked !== undefined) this.#extras.granted(WILL);
      return connection;
    } catch (error) {
      this.#refused(error, asked);
      throw error;
    }
  }

  #refused(error: unknown, asked: Will | undefined): void {
    this.#willInDoubt = undefined;
    if (!(error instanceof ConnectRefused) || asked === undefined) return;
    const { reason, message } = error;
    if (reason === REASON_RETAIN_NOT_SUPPORTED) this.#extras.leaveOut(RETAIN, message);
    else if (reason === REASON_QOS_NOT_SUPPORTED) this.#willQos = 0;
    else if (MAY_BE_THE_WILL.includes(reason)) this.#willInDoubt = message;
  }

  /**
   * Subscribes, and says that the unit is there. What the broker refuses by a reason is noted and left
   * out. Rejects when the connection ends, or when the broker answers nothing.
   */
  async greet(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    sayOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    this.#retain = connection.features.retain;
    if (!this.#retain) this.#extras.refused(RETAIN, "the broker says that it does not retain");
    if (this.#careful) await this.#greetCarefully(connection, filters, sayOnline);
    else {
      const work = this.#greetAtOnce(connection, filters, sayOnline);
      await this.#within(GREETING_MS, work);
    }
    this.#careful = false;
  }

  /** The connection ended before the greeting was over, or later over something that was asked. */
  ended(why: string, reason?: number): void {
    const blamed = this.#extras.ended(why, reason);
    if (blamed === RETAIN && reason === REASON_RETAIN_NOT_SUPPORTED) {
      this.#extras.leaveOut(RETAIN, why);
    }
    if (blamed !== undefined) this.#careful = true;
  }

  async #greetAtOnce(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    sayOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    const wanted = filters.filter(({ what }) => !this.#extras.leftOut(what));
    await this.#extras.ask(ALL_AT_ONCE, () => this.#subscribe(connection, wanted));
    await this.#say(sayOnline);
  }

  async #greetCarefully(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    sayOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    await delay(this.#clock, HEAD_START_MS);
    const names = [...filters.map(({ what }) => what), STATE];
    // With nothing left to ask for, nobody would notice that the broker answers again.
    if (names.every((what) => this.#extras.leftOut(what))) this.#extras.forgive();
    for (const wanted of filters) await this.#askFor(connection, wanted);
    await this.#within(ONE_MS, this.#say(sayOnline));
  }

  /** Asks once more for what the broker refused: its access rules may have been mended. */
  async askAgain(
    connection: MqttConnection,
    filters: readonly WantedFilter[],
    sayOnline: (retain: boolean) => Promise<number>,
  ): Promise<void> {
    const refused = new Set(this.#extras.list().map(({ what }) => what));
    for (const wanted of filters) {
      if (refused.has(wanted.what)) await this.#askFor(connection, wanted);
    }
    if (refused.has(STATE) || (refused.has(RETAIN) && this.retain())) await this.#say(sayOnline);
  }

  async #askFor(connection: MqttConnection, wanted: WantedFilter): Promise<void> {
    if (this.#extras.leftOut(wanted.what)) return;
    const work = this.#extras.ask(wanted.what, () => this.#subscribe(connection, [wanted]));
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
      if (found !== undefined) this.#extras.refused(what, `${filter}: ${found.why}`);
      else if (!others) this.#extras.granted(what);
    }
  }

  async #say(sayOnline: (retain: boolean) => Promise<number>): Promise<void> {
    const retain = this.retain();
    if (!retain && this.#extras.leftOut(STATE)) return;
    const what = retain ? RETAIN : STATE;
    const reason = await this.#extras.ask(what, () => sayOnline(retain));
    if (retain && reason === REASON_RETAIN_NOT_SUPPORTED) {
      this.#extras.leaveOut(RETAIN, sayReason({ reasonCode: reason }));
      return await this.#say(sayOnline);
    }
    if (reason >= FAILURES_FROM) this.#extras.refused(STATE, sayReason({ reasonCode: reason }));
    else {
      this.#extras.granted(STATE);
      if (retain) this.#extras.granted(RETAIN);
    }
  }
}
