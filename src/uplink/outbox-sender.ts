/** Sends the outbox: a bounded window, live records first; a row stays until its record is acknowledged. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Acknowledgement } from "../protocol/acknowledgement.ts";
import type { OutboxRow } from "../protocol/cloud-event.ts";
import { SendQueue, type QueuedRecord } from "./send-queue.ts";
import { REASON_NO_MATCHING_SUBSCRIBERS, REASON_SUCCESS } from "../mqtt/connection.ts";
import { rangesOf, type OutboxPort } from "./outbox-port.ts";

/**
 * Who must have a record before its outbox row goes.
 * - `broker`: a PUBACK is enough; a broker that crashes may still lose what it acknowledged
 * - `collector`: the collector has committed it; nothing is lost, whichever process crashes
 */
export type AcknowledgedBy = "broker" | "collector";

export interface SenderSettings {
  acknowledgedBy: AcknowledgedBy;
  /** Records a second of a backlog; live records are not limited. */
  backlogPerSecond: number;
  /** Records the broker has taken and the collector has not yet acknowledged, at most. */
  unacknowledgedLimit: number;
  /** After this time without an acknowledgement of the collector a record is sent again. */
  acknowledgeWithinMs: number;
  /** Pause after the broker reported no subscriber, or refused a record. */
  retryMs: number;
}

export const SENDER_DEFAULTS: SenderSettings = {
  acknowledgedBy: "broker",
  backlogPerSecond: 1_000,
  unacknowledgedLimit: 2_000,
  acknowledgeWithinMs: 30_000,
  retryMs: 5_000,
};

/** The given settings, with defaults for the others. */
export function senderSettingsOf(given: Partial<SenderSettings>): SenderSettings {
  return {
    acknowledgedBy: given.acknowledgedBy ?? SENDER_DEFAULTS.acknowledgedBy,
    backlogPerSecond: given.backlogPerSecond ?? SENDER_DEFAULTS.backlogPerSecond,
    unacknowledgedLimit: given.unacknowledgedLimit ?? SENDER_DEFAULTS.unacknowledgedLimit,
    acknowledgeWithinMs: given.acknowledgeWithinMs ?? SENDER_DEFAULTS.acknowledgeWithinMs,
    retryMs: given.retryMs ?? SENDER_DEFAULTS.retryMs,
  };
}

/** While the collector acknowledges nothing, only so many records are sent. */
const PROBE = 20;
/** Live records may go this far beyond the limit of unacknowledged ones. */
const LIVE_RESERVE = 500;
/** Records remembered as sent; one that fell out is sent once more. */
const SENT_REMEMBERED = 20_000;
/** Least time between two resends that the collector requested. */
const AGAIN_INTERVAL_MS = 30_000;
/** A connection without any answer for this time, with records in flight, is closed. */
const STALLED_MS = 30_000;
const LONGEST_ACKNOWLEDGE_MS = 600_000;

export interface SenderCounters {
  published: number;
  acknowledged: number;
  /** PUBACK reported no matching subscriber. */
  withoutSubscriber: number;
  /** PUBACK refused the record. */
  refused: number;
  resent: number;
}

/** What the sender needs of one connection. */
export interface Channel {
  window: number;
  publish: (row: OutboxRow) => Promise<number>;
  /** The broker answers no record: close the connection. */
  giveUp: () => void;
}

export class OutboxSender {
  readonly counters: SenderCounters = {
    published: 0,
    acknowledged: 0,
    withoutSubscriber: 0,
    refused: 0,
    resent: 0,
  };
  readonly #clock: Clock;
  readonly #outbox: OutboxPort;
  readonly #settings: SenderSettings;
  readonly #queue: SendQueue;
  readonly #onDelivered: (fromSeq: number, toSeq: number) => void;
  readonly #inFlight = new Set<number>();
  /** Taken by the broker, not yet acknowledged; with the time it was taken. */
  readonly #unacknowledged = new Map<number, number>();
  /** Sent since this start and not yet acknowledged, whatever became of it on the way. */
  readonly #sent = new Set<number>();
  /** Acknowledged, on their way out of the outbox. */
  readonly #clearingSeqs = new Set<number>();
  /** Refused by the broker: left out for a while, so that the others go on. */
  readonly #deferred = new Set<number>();
  #channel: Channel | undefined;
  #isClearing = false;
  #refusedInARow = 0;
  #pauseTimer: Timer | undefined;
  #probing = false;
  #retryTimer: Timer | undefined;
  #acknowledgementTimer: Timer | undefined;
  #stallTimer: Timer | undefined;
  #answeredAtMs = 0;
  #lastResendMs = -Infinity;
  #acknowledgeWithinMs: number;
  #acknowledgedLately = false;
  #collectorSilent = false;

  constructor(
    clock: Clock,
    outbox: OutboxPort,
    settings: SenderSettings,
    onDelivered: (fromSeq: number, toSeq: number) => void = () => {},
  ) {
    this.#onDelivered = onDelivered;
    this.#clock = clock;
    this.#outbox = outbox;
    this.#settings = settings;
    this.#acknowledgeWithinMs = settings.acknowledgeWithinMs;
    this.#queue = new SendQueue({
      clock,
      outbox,
      backlogPerSecond: settings.backlogPerSecond,
      skip: (seq) =>
        this.#unacknowledged.has(seq) ||
        this.#inFlight.has(seq) ||
        this.#clearingSeqs.has(seq) ||
        this.#deferred.has(seq),
    });
    outbox.onCommitted(() => this.#sendNext());
  }

  /** A connection stands. With a fresh session everything the collector has not acknowledged goes again. */
  begin(channel: Channel, sessionPresent: boolean): void {
    this.end();
    this.#channel = channel;
    this.#probing = false;
    this.#refusedInARow = 0;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#deferred.clear();
    if (this.#clearingSeqs.size > 0 && !this.#isClearing) void this.#clearAcknowledged();
    if (!sessionPresent) this.#resetUnacknowledged();
    if (this.#unacknowledged.size > 0) this.#watchAcknowledgements();
    this.#queue.connected(channel.window);
    this.#queue.restart();
    this.#sendNext();
  }

  /** The connection is gone; what was in flight counts as not sent. */
  end(): void {
    this.#channel = undefined;
    this.#inFlight.clear();
    for (const timer of [
      this.#pauseTimer,
      this.#retryTimer,
      this.#acknowledgementTimer,
      this.#stallTimer,
    ])
      timer?.cancel();
    this.#pauseTimer = undefined;
    this.#retryTimer = undefined;
    this.#acknowledgementTimer = undefined;
    this.#stallTimer = undefined;
  }

  /** The collector asks for everything it has not acknowledged. */
  resend(): void {
    this.#resetUnacknowledged();
    this.#queue.restart();
    this.#sendNext();
  }

  /**
   * An acknowledgement of the collector. It is applied only to records sent since this start: the
   * collector may know others from another copy of this database (a cloned card, a torn log), with
   * the same numbers on different records.
   */
  acknowledged(word: Acknowledgement): void {
    if (this.#settings.acknowledgedBy !== "collector" || word.epoch !== this.#outbox.epoch) return;
    const { through, ranges, again = [] } = word;
    if (again.length > 0) void this.#resendRanges(again);
    const safe = [...this.#sent].filter(
      (seq) => seq <= through || ranges.some(([from, to]) => seq >= from && seq <= to),
    );
    if (safe.length === 0) return;
    this.#acknowledgedLately = true;
    this.#collectorSilent = false;
    this.#acknowledgeWithinMs = this.#settings.acknowledgeWithinMs;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#removeFromOutbox(safe);
  }

  async #resendRanges(ranges: NonNullable<Acknowledgement["again"]>): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastResendMs < AGAIN_INTERVAL_MS) return;
    this.#lastResendMs = nowMs;
    try {
      const added = await this.#outbox.requeue(ranges);
      if (added === 0) return;
      this.counters.resent += added;
      this.#queue.restart();
      this.#sendNext();
    } catch {
      // The disk is failing: the collector asks again.
    }
  }

  #resetUnacknowledged(): void {
    if (this.#settings.acknowledgedBy !== "collector") return;
    this.counters.resent += this.#unacknowledged.size;
    this.#unacknowledged.clear();
  }

  #sendNext(error?: Error): void {
    const channel = this.#channel;
    if (channel === undefined || this.#pauseTimer !== undefined) return;
    if (error !== undefined) {
      this.#pauseSending(true);
      return;
    }
    const window = this.#probing ? 1 : channel.window;
    while (this.#inFlight.size < window) {
      const unacknowledged =
        this.#unacknowledged.size + this.#inFlight.size + this.#clearingSeqs.size;
      const limit = this.#collectorSilent ? PROBE : this.#settings.unacknowledgedLimit;
      if (unacknowledged >= limit + LIVE_RESERVE) return;
      const pick = this.#queue.next(unacknowledged < limit, (failed) => this.#sendNext(failed));
      if (pick === undefined) break;
      this.#send(channel, pick);
    }
  }

  #send(channel: Channel, pick: QueuedRecord): void {
    const { seq } = pick.row;
    const sentAtMs = this.#clock.monotonicMs();
    this.#inFlight.add(seq);
    this.#rememberSent(seq);
    this.#watchForStall(channel);
    const settled = (): boolean => {
      this.#queue.settled(pick.priority, this.#clock.monotonicMs() - sentAtMs);
      // The collector may have spoken before the broker did.
      return this.#inFlight.delete(seq);
    };
    channel.publish(pick.row).then(
      (reason) => {
        if (channel !== this.#channel) return;
        this.#answeredAtMs = this.#clock.monotonicMs();
        if (reason === REASON_SUCCESS) this.counters.published += 1;
        if (settled()) this.#handleReason(seq, reason);
        this.#sendNext();
      },
      () => {
        // The connection ended, and `end` is about to be called; or this record cannot be sent at all.
        if (channel === this.#channel && settled()) this.#defer(seq);
      },
    );
  }

  #rememberSent(seq: number): void {
    if (this.#settings.acknowledgedBy !== "collector") return;
    this.#sent.add(seq);
    if (this.#sent.size <= SENT_REMEMBERED) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      return;
    }
  }

  #handleReason(seq: number, reason: number): void {
    if (reason === REASON_SUCCESS) {
      this.#probing = false;
      this.#refusedInARow = 0;
      if (this.#settings.acknowledgedBy === "broker") {
        this.#removeFromOutbox([seq]);
        return;
      }
      this.#unacknowledged.set(seq, this.#clock.monotonicMs());
      this.#watchAcknowledgements();
      return;
    }
    if (reason === REASON_NO_MATCHING_SUBSCRIBERS) {
      this.counters.withoutSubscriber += 1;
      this.#pauseSending(true);
      return;
    }
    this.counters.refused += 1;
    this.#defer(seq);
    // This record may be the only one the broker does not want: go on with the others, one at a time.
    this.#probing = true;
    this.#refusedInARow += 1;
    if (this.#refusedInARow > 1) this.#pauseSending(false);
  }

  /** Waits, then tries with one record at a time, from the oldest or from where it was. */
  #pauseSending(fromOldest: boolean): void {
    this.#probing = true;
    if (this.#pauseTimer !== undefined) return;
    this.#pauseTimer = this.#clock.after(this.#settings.retryMs, () => {
      this.#pauseTimer = undefined;
      if (fromOldest) this.#queue.restart();
      this.#sendNext();
    });
  }

  /** Leaves a record out for a while, without holding up the others. */
  #defer(seq: number): void {
    this.#deferred.add(seq);
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    this.#retryTimer ??= this.#clock.after(this.#settings.retryMs, () => {
      this.#retryTimer = undefined;
      if (this.#clearingSeqs.size > 0 && !this.#isClearing) void this.#clearAcknowledged();
      if (this.#deferred.size > 0 && !this.#retryDeferred()) this.#scheduleRetry();
    });
  }

  // A restart in the middle of a backlog would move live records to its end.
  #retryDeferred(): boolean {
    if (this.#pauseTimer !== undefined || this.#inFlight.size > 0 || !this.#queue.exhausted())
      return false;
    this.#deferred.clear();
    this.#queue.restart();
    this.#sendNext();
    return true;
  }

  #removeFromOutbox(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.#unacknowledged.delete(seq);
      this.#inFlight.delete(seq);
      this.#sent.delete(seq);
      this.#clearingSeqs.add(seq);
    }
    if (!this.#isClearing) void this.#clearAcknowledged();
  }

  // One deletion at a time: what gathers meanwhile goes together into the next transaction.
  async #clearAcknowledged(): Promise<void> {
    this.#isClearing = true;
    while (this.#clearingSeqs.size > 0) {
      const batch = [...this.#clearingSeqs];
      try {
        const ranges = rangesOf(batch);
        this.counters.acknowledged += await this.#outbox.markDelivered(ranges);
        for (const seq of batch) this.#clearingSeqs.delete(seq);
        for (const [from, to] of ranges) this.#onDelivered(from, to);
      } catch {
        // The rows stay until the disk works again. The collector has the records: none is resent.
        if (this.#channel !== undefined) this.#scheduleRetry();
        break;
      }
    }
    this.#isClearing = false;
    this.#sendNext();
  }

  #watchForStall(channel: Channel): void {
    this.#stallTimer ??= this.#clock.after(STALLED_MS, () => {
      this.#stallTimer = undefined;
      if (this.#inFlight.size === 0) return;
      const silentMs = this.#clock.monotonicMs() - this.#answeredAtMs;
      if (silentMs >= STALLED_MS) channel.giveUp();
      else this.#watchForStall(channel);
    });
  }

  #watchAcknowledgements(): void {
    this.#acknowledgementTimer ??= this.#clock.after(this.#acknowledgeWithinMs, () => {
      this.#acknowledgementTimer = undefined;
      this.#resendOverdue();
      if (this.#unacknowledged.size > 0) this.#watchAcknowledgements();
    });
  }

  #resendOverdue(): void {
    const overdueMs = this.#clock.monotonicMs() - this.#acknowledgeWithinMs;
    const overdue = [...this.#unacknowledged].filter(([, takenAtMs]) => takenAtMs <= overdueMs);
    if (!this.#acknowledgedLately && overdue.length > 0) {
      // No acknowledgement at all: resend less, and less often, until one arrives.
      this.#collectorSilent = true;
      this.#acknowledgeWithinMs = Math.min(LONGEST_ACKNOWLEDGE_MS, this.#acknowledgeWithinMs * 2);
    }
    this.#acknowledgedLately = false;
    if (overdue.length === 0) return;
    for (const [seq] of overdue) this.#unacknowledged.delete(seq);
    this.counters.resent += overdue.length;
    this.#queue.restart();
    this.#sendNext();
  }
}
