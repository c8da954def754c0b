/** A simulated broker for virtual time that can delay, lose and duplicate messages, and go away. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type {
  BrokerFeatures,
  ConnectRequest,
  IncomingMessage,
  MqttConnection,
  MqttLink,
  OutgoingMessage,
  RefusedFilter,
} from "../../src/mqtt/connection.ts";
import {
  ConnectRefused,
  REASON_NO_MATCHING_SUBSCRIBERS,
  REASON_RETAIN_NOT_SUPPORTED,
  REASON_SUCCESS,
} from "../../src/mqtt/connection.ts";
import { topicMatches } from "../../src/protocol/topics.ts";
import type { Random } from "../kernel/random.ts";
import {
  USUAL_CONDITIONS,
  type BrokerConditions,
  type BrokerMessage,
} from "./broker-conditions.ts";

/** Messages kept for a session whose client is away; mosquitto's default. */
const QUEUED_PER_SESSION = 1_000;

/** What the broker remembers of a client between connections. */
interface Session {
  filters: Set<string>;
  queued: IncomingMessage[];
  connection: SimulatedConnection | undefined;
  /** Delivered and not yet acknowledged by the client: again after a reconnect. */
  unacknowledged: Set<IncomingMessage>;
}

/** One broker, any number of clients. */
export interface SimulatedBroker {
  /** The newest messages, oldest first, bounded. */
  readonly messages: readonly BrokerMessage[];
  isUp(): boolean;
  /** Down: every connection falls, and connecting fails. */
  setUp(up: boolean): void;
  setConditions(change: Partial<BrokerConditions>): void;
  /** Restarted without its memory: sessions, queues and retained messages are gone. */
  loseSessions(): void;
  /** Called with every message the broker takes. */
  onMessage(listener: (message: BrokerMessage) => void): void;
  /** A listener on a filter, without a session; returns a way to stop. */
  subscribe(filter: string, listener: (message: BrokerMessage) => void): () => void;
  /** Publishes as another client would: an operator, a collector. */
  send(topic: string, payload: string, retain?: boolean): void;
  /** The message retained on a topic. */
  retained(topic: string): string | undefined;
  link(): MqttLink;
}

export function createSimulatedBroker(options: { clock: Clock; random: Random }): SimulatedBroker {
  return new Broker(options.clock, options.random);
}

const KEPT_MESSAGES = 100_000;
/** Last levels of topics that came into the simulation after its first seeds: answers, telemetry, settings, data sets, discovery. */
const NEWER_TOPICS: ReadonlySet<string> = new Set([
  "cmdres",
  "tel",
  "settings",
  "get",
  "manifest",
  "config",
]);

class Broker implements SimulatedBroker {
  readonly messages: BrokerMessage[] = [];
  readonly clock: Clock;
  readonly random: Random;
  readonly sessions = new Map<string, Session>();
  conditions = USUAL_CONDITIONS;
  readonly #retained = new Map<string, BrokerMessage>();
  readonly #randoms = new Map<string, Random>();
  readonly #listeners: { filter: string; listener: (message: BrokerMessage) => void }[] = [];
  #up = true;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  isUp(): boolean {
    return this.#up;
  }

  setUp(up: boolean): void {
    this.#up = up;
    if (up) return;
    for (const { connection } of this.sessions.values()) connection?.fall("the broker went away");
  }

  setConditions(change: Partial<BrokerConditions>): void {
    this.conditions = { ...this.conditions, ...change };
  }

  loseSessions(): void {
    for (const { connection } of this.sessions.values()) connection?.fall("the broker restarted");
    this.sessions.clear();
    this.#retained.clear();
  }

  onMessage(listener: (message: BrokerMessage) => void): void {
    this.subscribe("#", listener);
  }

  subscribe(filter: string, listener: (message: BrokerMessage) => void): () => void {
    const entry = { filter, listener };
    this.#listeners.push(entry);
    return () => {
      const index = this.#listeners.indexOf(entry);
      if (index >= 0) this.#listeners.splice(index, 1);
    };
  }

  send(topic: string, payload: string, retain = false): void {
    this.take({ topic, payload, retain, qos: 1 });
  }

  retained(topic: string): string | undefined {
    return this.#retained.get(topic)?.payload;
  }

  /** Each kind of message has a chance of its own: what else is sent does not shift the losses of records. */
  randomFor(topic: string): Random {
    const kind = topic.split("/").at(-1) ?? "";
    if (!NEWER_TOPICS.has(kind)) return this.random;
    const known = this.#randoms.get(kind) ?? this.random.fork(kind);
    this.#randoms.set(kind, known);
    return known;
  }

  link(): MqttLink {
    return { connect: (request) => this.#connect(request) };
  }

  /** One way through the network, if the broker stands at its end. */
  trip(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.clock.after(this.conditions.latencyMs, () => {
        if (this.#up) resolve();
        else reject(new Error("the broker does not answer"));
      });
    });
  }

  /** Hands a message to everybody it is for; returns how many there were. */
  take(message: OutgoingMessage): number {
    const payload =
      typeof message.payload === "string"
        ? message.payload
        : Buffer.from(message.payload).toString("utf8");
    const retain = message.retain ?? false;
    const taken = { topic: message.topic, payload, retain, atMs: this.clock.monotonicMs() };
    this.messages.push(taken);
    if (this.messages.length > KEPT_MESSAGES) this.messages.shift();
    if (retain) this.#retained.set(message.topic, taken);
    const copies = this.randomFor(message.topic).chance(this.conditions.duplicate) ? 2 : 1;
    let receivers = 0;
    for (let copy = 0; copy < copies; copy++) receivers = this.#spread(taken);
    return receivers;
  }

  retainedFor(filter: string): BrokerMessage[] {
    return [...this.#retained.values()].filter(({ topic }) => topicMatches(filter, topic));
  }

  async #connect(request: ConnectRequest): Promise<MqttConnection> {
    await this.trip();
    await this.trip();
    if (request.will?.retain === true && !this.conditions.retains) {
      throw new ConnectRefused("retain is not available", REASON_RETAIN_NOT_SUPPORTED);
    }
    const known = this.sessions.get(request.clientId);
    known?.connection?.fall("another client took the session over");
    const sessionPresent = known !== undefined && !request.cleanStart;
    const session: Session =
      sessionPresent && known !== undefined
        ? known
        : { filters: new Set(), queued: [], connection: undefined, unacknowledged: new Set() };
    this.sessions.set(request.clientId, session);
    const connection = new SimulatedConnection(this, session, request, sessionPresent);
    session.connection = connection;
    return connection;
  }

  #spread(taken: BrokerMessage): number {
    let receivers = 0;
    for (const { filter, listener } of this.#listeners.slice()) {
      if (!topicMatches(filter, taken.topic)) continue;
      receivers += 1;
      listener(taken);
    }
    for (const session of this.sessions.values()) {
      if (![...session.filters].some((filter) => topicMatches(filter, taken.topic))) continue;
      receivers += 1;
      deliver(session, incoming(taken, false));
    }
    return receivers;
  }
}

function incoming(message: BrokerMessage, retained: boolean): IncomingMessage {
  return { topic: message.topic, payload: Buffer.from(message.payload), qos: 1, retained };
}

function deliver(session: Session, message: IncomingMessage): void {
  if (session.connection !== undefined) session.connection.hand(message);
  else if (session.queued.length < QUEUED_PER_SESSION) session.queued.push(message);
}

class SimulatedConnection implements MqttConnection {
  readonly sessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly features: BrokerFeatures;
  readonly #broker: Broker;
  readonly #session: Session;
  readonly #request: ConnectRequest;
  readonly #failures = new Set<(error: Error) => void>();
  #closed: string | undefined;
  #freeAtMs = 0;
  #onMessage: ((message: IncomingMessage, acknowledge: () => void) => void) | undefined;
  #onClose: (why: string) => void = () => {};
  #waiting: IncomingMessage[] = [];

  constructor(broker: Broker, session: Session, request: ConnectRequest, sessionPresent: boolean) {
    this.#broker = broker;
    this.#session = session;
    this.#request = request;
    this.sessionPresent = sessionPresent;
    this.receiveMaximum = broker.conditions.receiveMaximum;
    const { retains: retain } = broker.conditions;
    this.features = {
      protocol: "5",
      retain,
      maximumQoS: 2,
      wildcards: true,
      largestPacketBytes: Infinity,
    };
    const again = [...session.unacknowledged, ...session.queued];
    session.unacknowledged.clear();
    session.queued = [];
    for (const message of again) this.hand(message);
  }

  publish(message: OutgoingMessage): Promise<number> {
    if (message.qos === 0) {
      if (this.#closed === undefined) void this.#carry(message).catch(() => {});
      return Promise.resolve(REASON_SUCCESS);
    }
    return this.#during(this.#carry(message));
  }

  subscribe(filters: readonly { filter: string; qos: 0 | 1 }[]): Promise<readonly RefusedFilter[]> {
    return this.#during(
      this.#broker.trip().then(() => {
        if (this.#closed !== undefined) throw new Error(this.#closed);
        const refused: RefusedFilter[] = [];
        for (const { filter } of filters) {
          if (filter === this.#broker.conditions.refuses) {
            refused.push({ filter, why: "not authorized" });
            continue;
          }
          this.#session.filters.add(filter);
          for (const kept of this.#broker.retainedFor(filter)) this.hand(incoming(kept, true));
        }
        return refused;
      }),
    );
  }

  onMessage(listener: (message: IncomingMessage, acknowledge: () => void) => void): void {
    this.#onMessage = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.#pass(message);
  }

  onClose(listener: (why: string) => void): void {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  async close(): Promise<void> {
    this.#end("closed by this side");
  }

  /** The connection breaks: the broker publishes the will once its delay is over. */
  fall(why: string): void {
    if (this.#closed !== undefined) return;
    this.#end(why);
    const { will, clientId } = this.#request;
    if (will === undefined) return;
    this.#broker.clock.after(will.delaySeconds * 1_000, () => {
      if (this.#broker.sessions.get(clientId)?.connection !== undefined) return;
      this.#broker.take({ ...will, qos: 1 });
    });
  }

  hand(message: IncomingMessage): void {
    this.#session.unacknowledged.add(message);
    const arrive: Timer = this.#broker.clock.after(this.#broker.conditions.latencyMs, () => {
      if (this.#closed !== undefined) arrive.cancel();
      else if (this.#onMessage === undefined) this.#waiting.push(message);
      else this.#pass(message);
    });
  }

  #pass(message: IncomingMessage): void {
    const acknowledge = (): void => {
      if (this.#closed === undefined) this.#session.unacknowledged.delete(message);
    };
    if (this.#request.manualAcknowledgement !== true) acknowledge();
    this.#onMessage?.(message, acknowledge);
  }

  async #carry(message: OutgoingMessage): Promise<number> {
    const { conditions, clock } = this.#broker;
    const random = this.#broker.randomFor(message.topic);
    await this.#broker.trip();
    await this.#turn(conditions.serviceMs);
    if (this.#closed !== undefined) throw new Error(this.#closed);
    if (random.chance(conditions.drop)) {
      this.fall("the network lost a message");
      throw new Error("the network lost a message");
    }
    if (message.retain === true && !conditions.retains) {
      // MQTT 5 §3.3.1.3: a retained message to a broker without retain is a protocol error.
      this.fall("the broker refused a retained message");
      throw new Error("the broker refused a retained message");
    }
    const receivers = this.#broker.take(message);
    // Judged when the message arrives: a subscriber that comes while the answer is on its way missed it.
    const reason =
      receivers === 0 && this.#broker.conditions.reportsNoSubscribers
        ? REASON_NO_MATCHING_SUBSCRIBERS
        : REASON_SUCCESS;
    if (random.chance(conditions.drop)) {
      this.fall("the network lost an acknowledgement");
      throw new Error("the network lost an acknowledgement");
    }
    await new Promise<void>((resolve) => {
      clock.after(conditions.latencyMs, resolve);
    });
    if (this.#closed !== undefined) throw new Error(this.#closed);
    return reason;
  }

  // Messages of one client are served one after another.
  #turn(serviceMs: number): Promise<void> {
    if (serviceMs === 0) return Promise.resolve();
    const { clock } = this.#broker;
    const nowMs = clock.monotonicMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + serviceMs;
    return new Promise((resolve) => {
      clock.after(this.#freeAtMs - nowMs, resolve);
    });
  }

  /** Work that fails at once when the connection ends. */
  #during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(new Error(this.#closed));
      } else {
        this.#failures.add(reject);
      }
      work.then(resolve, reject).finally(() => this.#failures.delete(reject));
    });
  }

  #end(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    if (this.#session.connection === this) this.#session.connection = undefined;
    for (const fail of this.#failures) fail(new Error(why));
    this.#failures.clear();
    this.#onClose(why);
  }
}
