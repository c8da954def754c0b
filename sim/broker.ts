/** A simulated broker for virtual time: delivers, delays, loses, duplicates and goes away as told. */
import type { Clock } from "../hal/clock.ts";
import type { LinkOptions, MqttLink, Welcome } from "../src/uplink/link.ts";
import type { Random } from "./random.ts";

export interface BrokerMessage {
  topic: string;
  payload: string;
  retain: boolean;
  atMs: number;
}

export interface BrokerConditions {
  latencyMs: number;
  /** Chance that a message arrives twice. */
  duplicate: number;
  /** Chance that a message or its acknowledgement is lost together with the connection. */
  drop: number;
}

/** One broker, any number of links. */
export class SimulatedBroker {
  readonly messages: BrokerMessage[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #links = new Set<SimulatedLink>();
  #conditions: BrokerConditions = { latencyMs: 5, duplicate: 0, drop: 0 };
  #up = true;
  #onMessage: (message: BrokerMessage) => void = () => {};

  constructor(options: { clock: Clock; random: Random }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  isUp(): boolean {
    return this.#up;
  }

  /** Down: every link falls, and connecting fails. */
  setUp(up: boolean): void {
    this.#up = up;
    if (!up) for (const link of this.#links) link.fall();
  }

  setConditions(change: Partial<BrokerConditions>): void {
    this.#conditions = { ...this.#conditions, ...change };
  }

  onMessage(listener: (message: BrokerMessage) => void): void {
    this.#onMessage = listener;
  }

  /** What a collector or an operator sends to a unit. */
  send(topic: string, payload: string): void {
    for (const link of this.#links) link.deliver(topic, payload);
  }

  link(): MqttLink {
    const link = new SimulatedLink(this);
    this.#links.add(link);
    return link;
  }

  /** Used by links: one network trip. */
  trip(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.after(this.#conditions.latencyMs, () => {
        if (this.#up) resolve();
        else reject(new Error("the broker is away"));
      });
    });
  }

  /** Used by links. Returns false when the line broke before the acknowledgement. */
  accept(message: Omit<BrokerMessage, "atMs">): boolean {
    if (this.#random.chance(this.#conditions.drop)) return false;
    const copies = this.#random.chance(this.#conditions.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const arrived = { ...message, atMs: this.#clock.monotonicMs() };
      this.messages.push(arrived);
      this.#onMessage(arrived);
    }
    return !this.#random.chance(this.#conditions.drop);
  }
}

class SimulatedLink implements MqttLink {
  readonly #broker: SimulatedBroker;
  #connected = false;
  #will: LinkOptions["will"] | undefined;
  #filters: readonly string[] = [];
  #onMessage: (topic: string, payload: string) => void = () => {};
  #onDown: () => void = () => {};

  constructor(broker: SimulatedBroker) {
    this.#broker = broker;
  }

  async connect(options: LinkOptions): Promise<Welcome> {
    await this.#broker.trip();
    this.#connected = true;
    this.#will = options.will;
    return { sessionPresent: false, receiveMaximum: 20 };
  }

  async publish(topic: string, payload: string, retain: boolean): Promise<{ reasonCode: number }> {
    if (!this.#connected) throw new Error("not connected");
    await this.#broker.trip();
    if (!this.#connected) throw new Error("the line broke");
    if (this.#broker.accept({ topic, payload, retain })) return { reasonCode: 0 };
    this.fall();
    throw new Error("the line broke");
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.#filters = topics;
    await this.#broker.trip();
  }

  onMessage(listener: (topic: string, payload: string) => void): void {
    this.#onMessage = listener;
  }

  onDown(listener: () => void): void {
    this.#onDown = listener;
  }

  async close(): Promise<void> {
    this.#connected = false;
  }

  /** The connection breaks; the broker publishes the will. */
  fall(): void {
    if (!this.#connected) return;
    this.#connected = false;
    if (this.#will !== undefined) this.#broker.accept({ ...this.#will, retain: true });
    this.#onDown();
  }

  deliver(topic: string, payload: string): void {
    const wanted = this.#filters.some((filter) =>
      filter.endsWith("/+") ? topic.startsWith(filter.slice(0, -1)) : topic === filter,
    );
    if (this.#connected && wanted) this.#onMessage(topic, payload);
  }
}

export function createSimulatedBroker(options: { clock: Clock; random: Random }): SimulatedBroker {
  return new SimulatedBroker(options);
}
