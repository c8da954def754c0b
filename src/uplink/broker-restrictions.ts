/**
 * What a unit asks of its broker beside taking records: a will, retained messages, subscriptions,
 * telemetry. A broker may refuse each of them, by a reason or by ending the connection over it. What
 * it refused is left out for a while, so that records go on, and is named to whoever asks.
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

/** What was left out is asked for again after so long: access rules are mended, brokers replaced. */
export const ASK_AGAIN_MS = 3_600_000;
/** A connection that ends over the same thing so often in a row ends because of it. */
const STRIKES = 2;
/** Filters that are asked for at once: which of them it was shows when each is asked for alone. */
export const ALL_AT_ONCE = "all filters at once";
/** A message without an answer may be what the connection ended over for so long. */
const UNANSWERED_MS = 1_000;

/**
 * Reasons of a DISCONNECT that blame nothing that was asked (MQTT 5 §3.14.2.1): server busy, shutting
 * down, keep alive, session taken over, administrative action, another server, rate, connect time.
 */
const BLAMELESS: readonly (number | undefined)[] = [
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

export class Extras {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #refused = new Map<string, string>();
  readonly #leftOutUntilMs = new Map<string, number>();
  readonly #strikes = new Map<string, number>();
  /** Asked and not answered, oldest first. */
  readonly #underWay = new Map<symbol, string>();
  #unanswered: { what: string; atMs: number } | undefined;

  constructor(clock: Clock, onChange: () => void = () => {}) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  list(): Restriction[] {
    return [...this.#refused].map(([what, why]) => ({ what, why }));
  }

  leftOut(what: string): boolean {
    return (this.#leftOutUntilMs.get(what) ?? -Infinity) > this.#clock.monotonicMs();
  }

  /** Asks the broker for something; while it does not answer, an end of the connection is put down to it. */
  async ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    const ticket = Symbol(what);
    this.#underWay.set(ticket, what);
    const answer = await work();
    this.#underWay.delete(ticket);
    return answer;
  }

  /** Something went out that no answer will come for. */
  sent(what: string): void {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#unanswered;
    // The connection outlived the last one.
    if (last !== undefined && nowMs - last.atMs > UNANSWERED_MS) this.#strikes.delete(last.what);
    this.#unanswered = { what, atMs: nowMs };
  }

  /** The broker gave a reason; it is asked again at the next connection. */
  refused(what: string, why: string): void {
    if (this.#refused.get(what) === why) return;
    this.#refused.set(what, why);
    this.#onChange();
  }

  /** As refused, and not asked for again for a while. */
  leaveOut(what: string, why: string): void {
    this.#leftOutUntilMs.set(what, this.#clock.monotonicMs() + ASK_AGAIN_MS);
    this.refused(what, why);
  }

  granted(what: string): void {
    this.#strikes.delete(what);
    this.#leftOutUntilMs.delete(what);
    if (this.#refused.delete(what)) this.#onChange();
  }

  /** Everything may be asked for again at once. */
  forgive(): void {
    this.#leftOutUntilMs.clear();
    this.#strikes.clear();
  }

  /** A connection begins. */
  begin(): void {
    this.#underWay.clear();
    this.#unanswered = undefined;
  }

  /**
   * The connection ended. The broker answers in order: what it owed its oldest answer for is what it
   * ended over.
   *
   * @returns what that was, if anything
   */
  ended(why: string, reason?: number): string | undefined {
    const [oldest] = this.#underWay.values();
    const last = this.#unanswered;
    const recent =
      last !== undefined && this.#clock.monotonicMs() - last.atMs <= UNANSWERED_MS
        ? last.what
        : undefined;
    const blamed = BLAMELESS.includes(reason) ? undefined : (oldest ?? recent);
    this.begin();
    if (blamed === undefined || blamed === ALL_AT_ONCE) return blamed;
    const strikes = (this.#strikes.get(blamed) ?? 0) + 1;
    this.#strikes.set(blamed, strikes);
    if (strikes >= STRIKES) {
      this.#strikes.delete(blamed);
      this.leaveOut(blamed, `the broker ends the connection over it (${why})`);
    }
    return blamed;
  }
}
