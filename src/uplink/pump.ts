/** Sends the outbox: a bounded window, live records first, nothing forgotten before it is acknowledged. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import type { OutboxRow } from "./envelope.ts";
import { Lanes, type Pick } from "./lanes.ts";
import { REASON_NO_MATCHING_SUBSCRIBERS, REASON_SUCCESS } from "./link.ts";
import { rangesOf, type OutboxPort } from "./outbox-port.ts";

/**
 * Who must have a record before its outbox row goes.
 * - `broker`: a PUBACK is enough; a broker that crashes may still lose what it acknowledged
 * - `collector`: the collector has committed it; nothing is lost whoever crashes
 */
export type AcknowledgedBy = "broker" | "collector";

export interface PumpSettings {
  acknowledgedBy: AcknowledgedBy;
  /** Records a second of a backlog; live records are not limited. */
  backlogPerSecond: number;
  /** Records the broker has taken and the collector has not yet acknowledged, at most. */
  unacknowledgedLimit: number;
  /** After this long without the collector's word a record is sent again. */
  acknowledgeWithinMs: number;
  /** Pause after the broker said that nobody listens, or that it does not want a record. */
  retryMs: number;
}

export const PUMP_DEFAULTS: PumpSettings = {
  acknowledgedBy: "broker",
  backlogPerSecond: 1_000,
  unacknowledgedLimit: 2_000,
  acknowledgeWithinMs: 30_000,
  retryMs: 5_000,
};

/** With nobody acknowledging, a few records are enough to find out whether that has changed. */
const PROBE = 20;
/** Live records may go this far beyond the limit of unacknowledged ones. */
const LIVE_RESERVE = 500;
const LONGEST_ACKNOWLEDGE_MS = 600_000;

export interface PumpCounters {
  published: number;
  acknowledged: number;
  /** PUBACK said that nobody was there to get it. */
  withoutSubscriber: number;
  /** PUBACK refused the record. */
  refused: number;
  resent: number;
}

/** One connection as the pump sees it. */
export interface Channel {
  window: number;
  publish: (row: OutboxRow) => Promise<number>;
}

export class Pump {
  readonly counters: PumpCounters = {
    published: 0,
    acknowledged: 0,
    withoutSubscriber: 0,
    refused: 0,
    resent: 0,
  };
  readonly #clock: Clock;
  readonly #outbox: OutboxPort;
  readonly #settings: PumpSettings;
  readonly #lanes: Lanes;
  readonly #onDelivered: (fromSeq: number, toSeq: number) => void;
  readonly #flying = new Set<number>();
  /** Taken by the broker, not yet out of the outbox; with the time it was taken. */
  readonly #taken = new Map<number, number>();
  readonly #toClear = new Set<number>();
  #channel: Channel | undefined;
  /** The collector's newest word, until it is carried out. */
  #word: readonly (readonly [from: number, to: number])[] | undefined;
  #hearing = false;
  #clearing = false;
  #held: Timer | undefined;
  #probing = false;
  #leftBehind = false;
  #watch: Timer | undefined;
  #patienceMs: number;
  #progress = false;
  #silent = false;

  constructor(
    clock: Clock,
    outbox: OutboxPort,
    settings: PumpSettings,
    onDelivered: (fromSeq: number, toSeq: number) => void = () => {},
  ) {
    this.#onDelivered = onDelivered;
    this.#clock = clock;
    this.#outbox = outbox;
    this.#settings = settings;
    this.#patienceMs = settings.acknowledgeWithinMs;
    this.#lanes = new Lanes({
      clock,
      outbox,
      backlogPerSecond: settings.backlogPerSecond,
      skip: (seq) => this.#taken.has(seq) || this.#flying.has(seq),
    });
    outbox.onCommitted(() => this.#pump());
  }

  /** A connection stands. With a fresh session everything the collector has not acknowledged goes again. */
  begin(channel: Channel, sessionPresent: boolean): void {
    this.end();
    this.#channel = channel;
    this.#probing = false;
    if (!sessionPresent) this.#forgetTaken();
    this.#lanes.connected(channel.window);
    this.#lanes.restart();
    this.#pump();
  }

  /** The connection is gone; what was in flight counts as not sent. */
  end(): void {
    this.#channel = undefined;
    this.#flying.clear();
    this.#held?.cancel();
    this.#held = undefined;
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  /** The collector asks for everything it has not acknowledged. */
  resend(): void {
    this.#forgetTaken();
    this.#lanes.restart();
    this.#pump();
  }

  /** The collector's word about which records are safe. */
  acknowledged(word: Acknowledgement): void {
    if (this.#settings.acknowledgedBy !== "collector" || word.epoch !== this.#outbox.epoch) return;
    const ranges: (readonly [number, number])[] = [...word.ranges];
    if (word.through > 0) ranges.unshift([1, word.through]);
    const covered = (seq: number): boolean => ranges.some(([from, to]) => seq >= from && seq <= to);
    for (const seq of [...this.#taken.keys(), ...this.#flying]) {
      if (!covered(seq)) continue;
      this.#taken.delete(seq);
      this.#flying.delete(seq);
      this.#progress = true;
    }
    // What the newest word leaves out of an older one's, the next one says again.
    this.#word = ranges;
    if (!this.#hearing) void this.#hear();
  }

  // One deletion at a time: words that come meanwhile are one, the newest.
  async #hear(): Promise<void> {
    this.#hearing = true;
    for (let ranges = this.#word; ranges !== undefined; ranges = this.#word) {
      this.#word = undefined;
      try {
        const removed = await this.#outbox.delivered(ranges);
        this.counters.acknowledged += removed;
        if (removed === 0) continue;
        this.#heard();
        for (const [from, to] of ranges) this.#onDelivered(from, to);
      } catch {
        // The rows stay and the collector's next word covers them again.
      }
    }
    this.#hearing = false;
    this.#pump();
  }

  #heard(): void {
    this.#silent = false;
    this.#patienceMs = this.#settings.acknowledgeWithinMs;
  }

  #forgetTaken(): void {
    if (this.#settings.acknowledgedBy !== "collector") return;
    this.counters.resent += this.#taken.size;
    this.#taken.clear();
  }

  #pump(error?: Error): void {
    const channel = this.#channel;
    if (channel === undefined || this.#held !== undefined) return;
    if (error !== undefined) {
      this.#hold(true);
      return;
    }
    const window = this.#probing ? 1 : channel.window;
    while (this.#flying.size < window) {
      const unacknowledged = this.#taken.size + this.#flying.size;
      const limit = this.#silent ? PROBE : this.#settings.unacknowledgedLimit;
      if (unacknowledged >= limit + LIVE_RESERVE) return;
      const pick = this.#lanes.next(unacknowledged < limit, (failed) => this.#pump(failed));
      if (pick === undefined) break;
      this.#send(channel, pick);
    }
    if (this.#leftBehind && this.#flying.size === 0 && this.#lanes.exhausted()) {
      this.#leftBehind = false;
      this.#hold(true);
    }
  }

  #send(channel: Channel, pick: Pick): void {
    const { seq } = pick.row;
    const sentAtMs = this.#clock.monotonicMs();
    this.#flying.add(seq);
    channel.publish(pick.row).then(
      (reason) => {
        if (channel !== this.#channel) return;
        this.#lanes.settled(pick.lane, this.#clock.monotonicMs() - sentAtMs);
        if (reason === REASON_SUCCESS) this.counters.published += 1;
        // The collector may have spoken before the broker did.
        if (this.#flying.delete(seq)) this.#answered(seq, reason);
        this.#pump();
      },
      // The connection ended: `end` has dealt with what was in flight, or is about to.
      () => {},
    );
  }

  #answered(seq: number, reason: number): void {
    if (reason === REASON_SUCCESS) {
      this.#probing = false;
      this.#taken.set(seq, this.#clock.monotonicMs());
      if (this.#settings.acknowledgedBy === "collector") this.#watchAcknowledgements();
      else this.#clear(seq);
      return;
    }
    if (reason === REASON_NO_MATCHING_SUBSCRIBERS) {
      this.counters.withoutSubscriber += 1;
      this.#hold(true);
      return;
    }
    // This record may be the only one the broker does not want: go on with the others first.
    this.counters.refused += 1;
    this.#leftBehind = true;
    this.#hold(false);
  }

  /** Waits, then tries with one record at a time, from the oldest or from where it was. */
  #hold(fromOldest: boolean): void {
    this.#probing = true;
    if (this.#held !== undefined) return;
    this.#held = this.#clock.after(this.#settings.retryMs, () => {
      this.#held = undefined;
      if (fromOldest) this.#lanes.restart();
      this.#pump();
    });
  }

  #clear(seq: number): void {
    this.#toClear.add(seq);
    if (!this.#clearing) void this.#clearAll();
  }

  // One deletion at a time: what gathers meanwhile goes together into the next transaction.
  async #clearAll(): Promise<void> {
    this.#clearing = true;
    while (this.#toClear.size > 0) {
      const batch = [...this.#toClear];
      this.#toClear.clear();
      try {
        const ranges = rangesOf(batch);
        this.counters.acknowledged += await this.#outbox.delivered(ranges);
        for (const [from, to] of ranges) this.#onDelivered(from, to);
      } catch {
        // The rows stay, and the next pass sends them again: twice is allowed, never is not.
        this.#leftBehind = true;
      }
      for (const seq of batch) this.#taken.delete(seq);
    }
    this.#clearing = false;
    this.#pump();
  }

  #watchAcknowledgements(): void {
    this.#watch ??= this.#clock.after(this.#patienceMs, () => {
      this.#watch = undefined;
      this.#resendOverdue();
      if (this.#taken.size > 0) this.#watchAcknowledgements();
    });
  }

  #resendOverdue(): void {
    const overdueMs = this.#clock.monotonicMs() - this.#patienceMs;
    const overdue = [...this.#taken].filter(([, takenAtMs]) => takenAtMs <= overdueMs);
    if (!this.#progress && overdue.length > 0) {
      // Nobody acknowledges at all: repeat less, and less often, until somebody does.
      this.#silent = true;
      this.#patienceMs = Math.min(LONGEST_ACKNOWLEDGE_MS, this.#patienceMs * 2);
    }
    this.#progress = false;
    if (overdue.length === 0) return;
    for (const [seq] of overdue) this.#taken.delete(seq);
    this.counters.resent += overdue.length;
    this.#lanes.restart();
    this.#pump();
  }
}
