/** From the outbox to the broker: at least once, in a bounded window, whatever the network does. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { NO_MATCHING_SUBSCRIBERS, type MqttLink } from "./link.ts";
import { topicsOf, type Topics } from "./topics.ts";

/** The part of the outbox the uplink works with. */
export interface OutboxSource {
  after(seq: number, limit: number): { seq: number; payload: string }[];
  acknowledge(fromSeq: number, toSeq: number): number;
  pending(): number;
  onAdded(listener: () => void): void;
}

export interface UplinkOptions {
  link: MqttLink;
  outbox: OutboxSource;
  clock: Clock;
  unitId: string;
  district: string;
  root?: string;
  /** Names this run of the program in birth and will. */
  bootId: string;
  version: string;
  /** Uniform in [0, 1): spreads reconnects, so that a thousand units do not return at once. */
  chance: () => number;
  /** A collector acknowledges what it has committed; without one the broker's word must do. */
  collector?: boolean;
  /** Records with these numbers arrived. */
  onDelivered?(fromSeq: number, toSeq: number): void;
}

const WINDOW = 100;
const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 60_000;
const NOBODY_LISTENS_RETRY_MS = 5_000;

/** Keeps a connection while it runs, and the outbox moving while there is one. */
export class Uplink {
  readonly topics: Topics;
  readonly #options: UplinkOptions;
  readonly #inFlight = new Set<number>();
  #window = WINDOW;
  #cursor = 0;
  #online = false;
  #running = false;
  #failures = 0;
  #connection = 0;
  #retry: Timer | undefined;
  #pause: Timer | undefined;
  #onLink: (ok: boolean) => void = () => {};
  #onCommand: (topic: string, payload: string) => void = () => {};

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.topics = topicsOf(options.root ?? "sentinel", options.district, options.unitId);
    options.outbox.onAdded(() => this.#pump());
    options.link.onDown(() => this.#down());
    options.link.onMessage((topic, payload) => this.#received(topic, payload));
  }

  online(): boolean {
    return this.#online;
  }

  /** Every change, and the first failure to connect. One listener. */
  onLink(listener: (ok: boolean) => void): void {
    this.#onLink = listener;
  }

  /** Raw command payloads; whoever listens verifies them. One listener. */
  onCommand(listener: (topic: string, payload: string) => void): void {
    this.#onCommand = listener;
  }

  /** Starts connecting in the background; a broker that is not there is only waited for. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  /** Says goodbye, so that the state on the broker is true, and closes. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#retry?.cancel();
    this.#pause?.cancel();
    this.#connection += 1;
    if (this.#online) {
      this.#online = false;
      await this.#options.link
        .publish(this.topics.state, this.#presence("offline"), true)
        .catch(() => undefined);
    }
    await this.#options.link.close();
  }

  #connect(): void {
    const { link, unitId } = this.#options;
    this.#connection += 1;
    const connection = this.#connection;
    const will = { topic: this.topics.state, payload: this.#presence("offline") };
    link.connect({ clientId: unitId, will }).then(
      async ({ receiveMaximum }) => {
        if (connection !== this.#connection) return;
        this.#failures = 0;
        this.#online = true;
        this.#window = Math.min(WINDOW, receiveMaximum);
        // What was in flight when the line broke is sent again: receivers drop what they have.
        this.#inFlight.clear();
        this.#cursor = 0;
        this.#onLink(true);
        await this.#greet(connection);
      },
      () => {
        if (connection === this.#connection) this.#failed();
      },
    );
  }

  async #greet(connection: number): Promise<void> {
    const { link } = this.#options;
    const { acknowledgements, commands, state } = this.topics;
    try {
      await link.subscribe([acknowledgements, commands]);
      await link.publish(state, this.#presence("online"), true);
    } catch {
      // The line broke meanwhile: `onDown` says so.
      return;
    }
    if (connection === this.#connection) this.#pump();
  }

  #failed(): void {
    if (this.#failures === 0) this.#onLink(false);
    this.#failures += 1;
    if (!this.#running) return;
    const longest = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (this.#failures - 1));
    const afterMs = longest * (0.5 + 0.5 * this.#options.chance());
    this.#retry = this.#options.clock.after(afterMs, () => this.#connect());
  }

  #down(): void {
    this.#connection += 1;
    this.#online = false;
    this.#inFlight.clear();
    this.#pause?.cancel();
    this.#pause = undefined;
    if (this.#running) this.#failed();
  }

  #pump(): void {
    if (!this.#online || this.#pause !== undefined) return;
    const room = this.#window - this.#inFlight.size;
    if (room <= 0) return;
    for (const { seq, payload } of this.#options.outbox.after(this.#cursor, room)) {
      this.#cursor = seq;
      this.#inFlight.add(seq);
      this.#send(seq, payload, this.#connection);
    }
  }

  #send(seq: number, payload: string, connection: number): void {
    this.#options.link.publish(this.topics.events, payload, false).then(
      ({ reasonCode }) => {
        if (connection !== this.#connection) return;
        this.#inFlight.delete(seq);
        if (reasonCode === NO_MATCHING_SUBSCRIBERS) this.#rest();
        else if (this.#options.collector !== true) this.#arrived(seq, seq);
        this.#pump();
      },
      () => {
        if (connection !== this.#connection) return;
        this.#inFlight.delete(seq);
        this.#rest();
      },
    );
  }

  // Nobody took it: it stays in the outbox, and is tried again from the start a little later.
  #rest(): void {
    if (this.#pause !== undefined) return;
    this.#pause = this.#options.clock.after(NOBODY_LISTENS_RETRY_MS, () => {
      this.#pause = undefined;
      this.#cursor = 0;
      this.#inFlight.clear();
      this.#pump();
    });
  }

  #received(topic: string, payload: string): void {
    if (topic === this.topics.acknowledgements) this.#acknowledged(payload);
    else this.#onCommand(topic, payload);
  }

  /** `{"ranges": [[from, to], …]}`: sequence numbers the collector has committed. */
  #acknowledged(payload: string): void {
    let ranges: unknown;
    try {
      ranges = (JSON.parse(payload) as { ranges?: unknown }).ranges;
    } catch {
      return;
    }
    if (!Array.isArray(ranges)) return;
    for (const range of ranges) {
      const [from, to] = Array.isArray(range) ? (range as unknown[]) : [];
      if (Number.isSafeInteger(from) && Number.isSafeInteger(to)) {
        this.#arrived(Number(from), Number(to));
      }
    }
    this.#pump();
  }

  #arrived(fromSeq: number, toSeq: number): void {
    if (this.#options.outbox.acknowledge(fromSeq, toSeq) === 0) return;
    this.#options.onDelivered?.(fromSeq, toSeq);
  }

  #presence(availability: "online" | "offline"): string {
    const { bootId, version, outbox } = this.#options;
    const birth = availability === "online" ? { version, outboxPending: outbox.pending() } : {};
    return JSON.stringify({ availability, bootId, ...birth });
  }
}

export function createUplink(options: UplinkOptions): Uplink {
  return new Uplink(options);
}
