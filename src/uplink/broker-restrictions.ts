/**
 * Tracks what a broker refuses besides records: a will, retained messages, subscriptions, telemetry.
 * It refuses by a reason code, or by closing the connection. What it refused is suspended for a
 * while, so that records go on, and is reported.
 */
import type { Clock } from "../../hal/clock.ts";
import { REASON_SESSION_TAKEN_OVER } from "../mqtt/connection.ts";

/** One thing the broker does not do for this unit. */
export interface Restriction {
  /** e.g. `will`, `retain`, `commands`. */
  what: string;
  /** In the broker's words where it gave any. */
  why: string;
}

/** A suspended request is made again after this time: access rules may have been fixed. */
export const RETRY_REFUSED_MS = 3_600_000;
/** So many connections in a row that ended over the same request suspend it. */
const ENDS_BEFORE_SUSPENSION = 2;
/** Filters that are asked for at once: which of them it was shows when each is asked for alone. */
export const ALL_AT_ONCE = "all filters at once";
/** A message without an answer may be what the connection ended over for so long. */
const UNCONFIRMED_MS = 1_000;

/**
 * Reasons of a DISCONNECT that blame nothing that was asked (MQTT 5 §3.14.2.1): server busy, shutting
 * down, keep alive, session taken over, administrative action, another server, rate, connect time.
 */
const UNRELATED_REASONS: readonly (number | undefined)[] = [
  0x89,
  0x8b,
  0x8d,
  REASON_SESSION_TAKEN_OVER,
  0x98,
  0x9c,
  0x9d,
  0x9f,
  0xa0,
];

export class BrokerRestrictions {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #refused = new Map<string, string>();
  readonly #suspendedUntilMs = new Map<string, number>();
  readonly #consecutiveEnds = new Map<string, number>();
  /** Asked and not answered, oldest first. */
  readonly #pending = new Map<symbol, string>();
  #lastUnconfirmed: { what: string; atMs: number } | undefined;

  constructor(clock: Clock, onChange: () => void = () => {}) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  list(): Restriction[] {
    return [...this.#refused].map(([what, why]) => ({ what, why }));
  }

  isSuspended(what: string): boolean {
    return (this.#suspendedUntilMs.get(what) ?? -Infinity) > this.#clock.monotonicMs();
  }

  /** Asks the broker for something; while it does not answer, an end of the connection is put down to it. */
  async request<T>(what: string, work: () => Promise<T>): Promise<T> {
    const ticket = Symbol(what);
    this.#pending.set(ticket, what);
    const answer = await work();
    this.#pending.delete(ticket);
    return answer;
  }

  /** Something went out that no answer will come for. */
  sentUnconfirmed(what: string): void {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#lastUnconfirmed;
    // The connection outlived the last one.
    if (last !== undefined && nowMs - last.atMs > UNCONFIRMED_MS)
      this.#consecutiveEnds.delete(last.what);
    this.#lastUnconfirmed = { what, atMs: nowMs };
  }

  /** The broker gave a reason; it is asked again at the next connection. */
  refused(what: string, why: string): void {
    if (this.#refused.get(what) === why) return;
    this.#refused.set(what, why);
    this.#onChange();
  }

  /** As refused, and not asked for again for a while. */
  suspend(what: string, why: string): void {
    this.#suspendedUntilMs.set(what, this.#clock.monotonicMs() + RETRY_REFUSED_MS);
    this.refused(what, why);
  }

  granted(what: string): void {
    this.#consecutiveEnds.delete(what);
    this.#suspendedUntilMs.delete(what);
    if (this.#refused.delete(what)) this.#onChange();
  }

  /** Lifts every suspension. */
  liftAll(): void {
    this.#suspendedUntilMs.clear();
    this.#consecutiveEnds.clear();
  }

  /** A connection begins. */
  connectionStarted(): void {
    this.#pending.clear();
    this.#lastUnconfirmed = undefined;
  }

  /**
   * The connection ended. The broker answers in order: what it owed its oldest answer for is what it
   * ended over.
   *
   * @returns what that was, if anything
   */
  connectionEnded(why: string, reason?: number): string | undefined {
    const [oldest] = this.#pending.values();
    const last = this.#lastUnconfirmed;
    const recent =
      last !== undefined && this.#clock.monotonicMs() - last.atMs <= UNCONFIRMED_MS
        ? last.what
        : undefined;
    const blamed = UNRELATED_REASONS.includes(reason) ? undefined : (oldest ?? recent);
    this.connectionStarted();
    if (blamed === undefined || blamed === ALL_AT_ONCE) return blamed;
    const ends = (this.#consecutiveEnds.get(blamed) ?? 0) + 1;
    this.#consecutiveEnds.set(blamed, ends);
    if (ends >= ENDS_BEFORE_SUSPENSION) {
      this.#consecutiveEnds.delete(blamed);
      this.suspend(blamed, `the broker ends the connection over it (${why})`);
    }
    return blamed;
  }
}
