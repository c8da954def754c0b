/** Which record goes next: what was just decided before what has waited, and that at its own pace. */
import type { Clock } from "../../hal/clock.ts";
import type { OutboxRow } from "../protocol/cloud-event.ts";
import type { OutboxPort } from "./outbox-port.ts";

/** Records read at once. The next portion is read while at most half of it still waits. */
const PORTION = 256;
/** How much of its rate the backlog may use at once. */
const BURST_MS = 100;
/** A backlog record that waited longer than this, beside the time the path takes anyway, met a queue. */
const QUEUED_MS = 500;

export interface QueuedRecord {
  row: OutboxRow;
  priority: "live" | "backlog";
}

/** One pass through the outbox in order, read in portions. */
class OutboxPass {
  readonly #outbox: OutboxPort;
  readonly #skip: (seq: number) => boolean;
  #buffer: OutboxRow[] = [];
  #nextSeq = 0;
  #lastSeq = 0;
  #reading = false;
  #pass = 0;

  constructor(outbox: OutboxPort, skip: (seq: number) => boolean) {
    this.#outbox = outbox;
    this.#skip = skip;
  }

  /** Begins anew: everything that waits from one number through another. */
  restart(fromSeq: number, throughSeq: number): void {
    this.#buffer = [];
    this.#nextSeq = fromSeq;
    this.#lastSeq = throughSeq;
    this.#pass += 1;
    this.#reading = false;
  }

  extend(throughSeq: number): void {
    this.#lastSeq = throughSeq;
  }

  exhausted(): boolean {
    return this.#buffer.length === 0 && this.#nextSeq > this.#lastSeq && !this.#reading;
  }

  /** The next record, or nothing: then `ready` is called once there is more. */
  take(ready: (error?: Error) => void): OutboxRow | undefined {
    let row = this.#buffer.shift();
    while (row !== undefined && this.#skip(row.seq)) row = this.#buffer.shift();
    const wanting = this.#nextSeq <= this.#lastSeq && this.#buffer.length <= PORTION / 2;
    if (wanting && !this.#reading) this.#read(ready);
    return row;
  }

  #read(ready: (error?: Error) => void): void {
    this.#reading = true;
    const pass = this.#pass;
    // What is committed while the answer is under way may be in it or not: it belongs to the next.
    const throughSeq = this.#lastSeq;
    this.#outbox.read(this.#nextSeq, PORTION).then(
      (rows) => {
        if (pass !== this.#pass) return;
        this.#reading = false;
        const wanted = rows.filter((row) => row.seq <= throughSeq);
        const end = wanted.length < PORTION ? throughSeq : (wanted.at(-1)?.seq ?? 0);
        this.#nextSeq = end + 1;
        this.#buffer.push(...wanted);
        ready();
      },
      (error: unknown) => {
        if (pass !== this.#pass) return;
        this.#reading = false;
        ready(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}

export interface SendQueueOptions {
  clock: Clock;
  outbox: OutboxPort;
  /** Records a second that a backlog may take. */
  backlogPerSecond: number;
  /** What must not be sent again now. */
  skip: (seq: number) => boolean;
}

/**
 * Two lanes over one outbox. What was committed since the last restart is live and always goes
 * first. The backlog gets what is left, no faster than its rate, and no more at once than the path
 * digests within half a second: a live record behind it must never wait longer than a second.
 */
export class SendQueue {
  readonly #clock: Clock;
  readonly #outbox: OutboxPort;
  readonly #intervalMs: number;
  readonly #live: OutboxPass;
  readonly #backlog: OutboxPass;
  #backlogDueMs = 0;
  /** The backlog's pace has it wait. */
  #pausing = false;
  #backlogInFlight = 0;
  #backlogWindow = 1;
  #windowLimit = 1;
  #slowedAtMs = -Infinity;
  #pathMs = Infinity;

  constructor(options: SendQueueOptions) {
    this.#clock = options.clock;
    this.#outbox = options.outbox;
    this.#intervalMs = 1_000 / options.backlogPerSecond;
    this.#live = new OutboxPass(options.outbox, options.skip);
    this.#backlog = new OutboxPass(options.outbox, options.skip);
  }

  /** @param window messages the broker takes at once; a tenth of it stays free for live records */
  connected(window: number): void {
    this.#windowLimit = Math.max(1, window - Math.ceil(window / 10));
    this.#backlogWindow = Math.min(16, this.#windowLimit);
    this.#backlogInFlight = 0;
    this.#pathMs = Infinity;
  }

  /** Everything that waits now is backlog; what comes from now on is live. */
  restart(): void {
    const head = this.#outbox.head();
    this.#backlog.restart(0, head);
    this.#live.restart(head + 1, head);
  }

  exhausted(): boolean {
    return this.#backlog.exhausted() && this.#live.exhausted();
  }

  /**
   * The next record to send. When there is none now, `ready` is called as soon as that may have
   * changed by time passing or by reading; with an error when the outbox cannot be read.
   */
  next(backlogAllowed: boolean, ready: (error?: Error) => void): QueuedRecord | undefined {
    this.#live.extend(this.#outbox.head());
    const live = this.#live.take(ready);
    if (live !== undefined) return { row: live, priority: "live" };
    if (!backlogAllowed || this.#backlogInFlight >= Math.floor(this.#backlogWindow))
      return undefined;
    const nowMs = this.#clock.monotonicMs();
    const earlyMs = this.#backlogDueMs - nowMs - BURST_MS;
    if (earlyMs > 0) {
      if (!this.#pausing) {
        this.#pausing = true;
        this.#clock.after(earlyMs, () => {
          this.#pausing = false;
          ready();
        });
      }
      return undefined;
    }
    const row = this.#backlog.take(ready);
    if (row === undefined) return undefined;
    this.#backlogDueMs = Math.max(this.#backlogDueMs, nowMs) + this.#intervalMs;
    this.#backlogInFlight += 1;
    return { row, priority: "backlog" };
  }

  /** A record was taken by the broker, or refused, after so many milliseconds. */
  settled(lane: QueuedRecord["priority"], tookMs: number): void {
    if (lane === "live") return;
    this.#backlogInFlight = Math.max(0, this.#backlogInFlight - 1);
    const nowMs = this.#clock.monotonicMs();
    this.#pathMs = Math.min(this.#pathMs, tookMs);
    const queuedMs = tookMs - this.#pathMs;
    if (queuedMs <= QUEUED_MS / 2) {
      this.#backlogWindow = Math.min(this.#windowLimit, this.#backlogWindow + 1);
    } else if (queuedMs > QUEUED_MS && nowMs - tookMs >= this.#slowedAtMs) {
      // Records sent before the last halving say nothing about what it brought.
      // One alone meets no queue of ours: the path itself has become so long.
      if (this.#backlogWindow === 1) this.#pathMs = tookMs;
      this.#backlogWindow = Math.max(1, this.#backlogWindow / 2);
      this.#slowedAtMs = nowMs;
    }
  }
}
