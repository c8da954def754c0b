/** Sends the outbox: a bounded window, live records first, nothing forgotten before it is acknowledged. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Acknowledgement } from "../protocol/acknowledgement.ts";
import type { OutboxRow } from "../protocol/cloud-event.ts";
import { Lanes, type Pick } from "./send-queue.ts";
import { REASON_NO_MATCHING_SUBSCRIBERS, REASON_SUCCESS } from "../mqtt/connection.ts";
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

/** The settings that are given, and the usual ones in the place of the others. */
export function pumpSettingsOf(given: Partial<PumpSettings>): PumpSettings {
  return {
    acknowledgedBy: given.acknowledgedBy ?? PUMP_DEFAULTS.acknowledgedBy,
    backlogPerSecond: given.backlogPerSecond ?? PUMP_DEFAULTS.backlogPerSecond,
    unacknowledgedLimit: given.unacknowledgedLimit ?? PUMP_DEFAULTS.unacknowledgedLimit,
    acknowledgeWithinMs: given.acknowledgeWithinMs ?? PUMP_DEFAULTS.acknowledgeWithinMs,
    retryMs: given.retryMs ?? PUMP_DEFAULTS.retryMs,
  };
}

/** With nobody acknowledging, a few records are enough to find out whether that has changed. */
const PROBE = 20;
/** Live records may go this far beyond the limit of unacknowledged ones. */
const LIVE_RESERVE = 500;
/** Records remembered as sent; one that fell out is sent once more. */
const SENT_REMEMBERED = 20_000;
/** However often the collector asks for what it lacks, it is put back no more often than this. */
const AGAIN_INTERVAL_MS = 30_000;
/** A broker that has answered nothing for so long, with records under way, is given up. */
const STALLED_MS = 30_000;
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
  /** The broker takes records and answers none: the connection is worth nothing. */
  giveUp: () => void;
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
  /** Taken by the broker, not yet acknowledged; with the time it was taken. */
  readonly #taken = new Map<number, number>();
  /** Sent since this start and not yet acknowledged, whatever became of it on the way. */
  readonly #sent = new Set<number>();
  /** Acknowledged, on their way out of the outbox. */
  readonly #leaving = new Set<number>();
  /** Refused one by one; the others go on without them. */
  readonly #unwanted = new Set<number>();
  #channel: Channel | undefined;
  #clearing = false;
  #refusedInARow = 0;
  #held: Timer | undefined;
  #probing = false;
  #later: Timer | undefined;
  #watch: Timer | undefined;
  #stall: Timer | undefined;
  #answeredAtMs = 0;
  #againAtMs = -Infinity;
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
      skip: (seq) =>
        this.#taken.has(seq) ||
        this.#flying.has(seq) ||
        this.#leaving.has(seq) ||
        this.#unwanted.has(seq),
    });
    outbox.onCommitted(() => this.#pump());
  }

  /** A connection stands. With a fresh session everything the collector has not acknowledged goes again. */
  begin(channel: Channel, sessionPresent: boolean): void {
    this.end();
    this.#channel = channel;
    this.#probing = false;
    this.#refusedInARow = 0;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#unwanted.clear();
    if (this.#leaving.size > 0 && !this.#clearing) void this.#clearAll();
    if (!sessionPresent) this.#forgetTaken();
    if (this.#taken.size > 0) this.#watchAcknowledgements();
    this.#lanes.connected(channel.window);
    this.#lanes.restart();
    this.#pump();
  }

  /** The connection is gone; what was in flight counts as not sent. */
  end(): void {
    this.#channel = undefined;
    this.#flying.clear();
    for (const timer of [this.#held, this.#later, this.#watch, this.#stall]) timer?.cancel();
    this.#held = undefined;
    this.#later = undefined;
    this.#watch = undefined;
    this.#stall = undefined;
  }

  /** The collector asks for everything it has not acknowledged. */
  resend(): void {
    this.#forgetTaken();
    this.#lanes.restart();
    this.#pump();
  }

  /**
   * The collector's word about which records are safe. It counts for what was sent since this start:
   * what it says of others it may have from another copy of this database, of a cloned card or from
   * before a log was torn, with the same numbers on other records.
   */
  acknowledged(word: Acknowledgement): void {
    if (this.#settings.acknowledgedBy !== "collector" || word.epoch !== this.#outbox.epoch) return;
    const { through, ranges, again = [] } = word;
    if (again.length > 0) void this.#sendAgain(again);
    const safe = [...this.#sent].filter(
      (seq) => seq <= through || ranges.some(([from, to]) => seq >= from && seq <= to),
    );
    if (safe.length === 0) return;
    this.#progress = true;
    this.#silent = false;
    this.#patienceMs = this.#settings.acknowledgeWithinMs;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#leave(safe);
  }

  async #sendAgain(ranges: NonNullable<Acknowledgement["again"]>): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#againAtMs < AGAIN_INTERVAL_MS) return;
    this.#againAtMs = nowMs;
    try {
      const added = await this.#outbox.requeue(ranges);
      if (added === 0) return;
      this.counters.resent += added;
      this.#lanes.restart();
      this.#pump();
    } catch {
      // The disk is failing: the collector asks again.
    }
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
      const unacknowledged = this.#taken.size + this.#flying.size + this.#leaving.size;
      const limit = this.#silent ? PROBE : this.#settings.unacknowledgedLimit;
      if (unacknowledged >= limit + LIVE_RESERVE) return;
      const pick = this.#lanes.next(unacknowledged < limit, (failed) => this.#pump(failed));
      if (pick === undefined) break;
      this.#send(channel, pick);
    }
  }

  #send(channel: Channel, pick: Pick): void {
    const { seq } = pick.row;
    const sentAtMs = this.#clock.monotonicMs();
    this.#flying.add(seq);
    this.#remember(seq);
    this.#watchBroker(channel);
    const settled = (): boolean => {
      this.#lanes.settled(pick.lane, this.#clock.monotonicMs() - sentAtMs);
      // The collector may have spoken before the broker did.
      return this.#flying.delete(seq);
    };
    channel.publish(pick.row).then(
      (reason) => {
        if (channel !== this.#channel) return;
        this.#answeredAtMs = this.#clock.monotonicMs();
        if (reason === REASON_SUCCESS) this.counters.published += 1;
        if (settled()) this.#answered(seq, reason);
        this.#pump();
      },
      () => {
        // The connection ended, and `end` is about to be called; or this record cannot be sent at all.
        if (channel === this.#channel && settled()) this.#setAside(seq);
      },
    );
  }

  #remember(seq: number): void {
    if (this.#settings.acknowledgedBy !== "collector") return;
    this.#sent.add(seq);
    if (this.#sent.size <= SENT_REMEMBERED) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      return;
    }
  }

  #answered(seq: number, reason: number): void {
    if (reason === REASON_SUCCESS) {
      this.#probing = false;
      this.#refusedInARow = 0;
      if (this.#settings.acknowledgedBy === "broker") {
        this.#leave([seq]);
        return;
      }
      this.#taken.set(seq, this.#clock.monotonicMs());
      this.#watchAcknowledgements();
      return;
    }
    if (reason === REASON_NO_MATCHING_SUBSCRIBERS) {
      this.counters.withoutSubscriber += 1;
      this.#hold(true);
      return;
    }
    this.counters.refused += 1;
    this.#setAside(seq);
    // This record may be the only one the broker does not want: go on with the others, one at a time.
    this.#probing = true;
    this.#refusedInARow += 1;
    if (this.#refusedInARow > 1) this.#hold(false);
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

  /** Leaves a record out for a while, without holding up the others. */
  #setAside(seq: number): void {
    this.#unwanted.add(seq);
    this.#tryLater();
  }

  #tryLater(): void {
    this.#later ??= this.#clock.after(this.#settings.retryMs, () => {
      this.#later = undefined;
      if (this.#leaving.size > 0 && !this.#clearing) void this.#clearAll();
      if (this.#unwanted.size > 0 && !this.#retryUnwanted()) this.#tryLater();
    });
  }

  // Beginning anew in the middle of a backlog would turn live records into its end.
  #retryUnwanted(): boolean {
    if (this.#held !== undefined || this.#flying.size > 0 || !this.#lanes.exhausted()) return false;
    this.#unwanted.clear();
    this.#lanes.restart();
    this.#pump();
    return true;
  }

  #leave(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.#taken.delete(seq);
      this.#flying.delete(seq);
      this.#sent.delete(seq);
      this.#leaving.add(seq);
    }
    if (!this.#clearing) void this.#clearAll();
  }

  // One deletion at a time: what gathers meanwhile goes together into the next transaction.
  async #clearAll(): Promise<void> {
    this.#clearing = true;
    while (this.#leaving.size > 0) {
      const batch = [...this.#leaving];
      try {
        const ranges = rangesOf(batch);
        this.counters.acknowledged += await this.#outbox.markDelivered(ranges);
        for (const seq of batch) this.#leaving.delete(seq);
        for (const [from, to] of ranges) this.#onDelivered(from, to);
      } catch {
        // The rows stay until the disk lets them go: somebody else has them, so none is sent again.
        if (this.#channel !== undefined) this.#tryLater();
        break;
      }
    }
    this.#clearing = false;
    this.#pump();
  }

  #watchBroker(channel: Channel): void {
    this.#stall ??= this.#clock.after(STALLED_MS, () => {
      this.#stall = undefined;
      if (this.#flying.size === 0) return;
      const silentMs = this.#clock.monotonicMs() - this.#answeredAtMs;
      if (silentMs >= STALLED_MS) channel.giveUp();
      else this.#watchBroker(channel);
    });
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
