/** Wrong tokens, counted by where they come from: whoever guesses waits, and nobody else does. */
import type { Clock, Timer } from "../../../hal/clock.ts";
import { placeOf } from "../place.ts";

/** Wrong tokens from one place before it has to wait. */
export const MOST_WRONG = 5;
/** They count together within this time, and so long the place then waits. */
export const WAIT_MS = 60_000;
/** Nobody had to wait for so long: the guessing is over. */
export const QUIET_MS = 600_000;
/** Places remembered at once; the one seen longest ago goes first. */
const PLACES_KEPT = 1_024;

interface Place {
  wrong: number;
  /** Until then they count together, or the place waits. Monotonic ms. */
  untilMs: number;
}

export class TokenAttempts {
  readonly #clock: Clock;
  readonly #onGuessing: (guessing: boolean) => void;
  readonly #places = new Map<string, Place>();
  #quiet: Timer | undefined;

  /** @param onGuessing told when a place has to wait, and when none had to for a while */
  constructor(clock: Clock, onGuessing: (guessing: boolean) => void) {
    this.#clock = clock;
    this.#onGuessing = onGuessing;
  }

  /** For how long nothing from there is looked at, not even the right token; 0 when it is. */
  waitMs(address: string): number {
    const place = this.#places.get(placeOf(address));
    if (place === undefined || place.wrong < MOST_WRONG) return 0;
    return Math.max(0, place.untilMs - this.#clock.monotonicMs());
  }

  wrong(address: string): void {
    const name = placeOf(address);
    const nowMs = this.#clock.monotonicMs();
    const before = this.#places.get(name);
    const counts = before !== undefined && nowMs < before.untilMs;
    const wrong = counts ? before.wrong + 1 : 1;
    const untilMs = counts && wrong < MOST_WRONG ? before.untilMs : nowMs + WAIT_MS;
    // Behind all others: the map gives its keys in the order they were put in.
    this.#places.delete(name);
    this.#places.set(name, { wrong, untilMs });
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_KEPT && oldest !== undefined) this.#places.delete(oldest);
    if (wrong >= MOST_WRONG) this.#guessed();
  }

  right(address: string): void {
    this.#places.delete(placeOf(address));
  }

  stop(): void {
    this.#quiet?.cancel();
  }

  #guessed(): void {
    if (this.#quiet === undefined) this.#onGuessing(true);
    else this.#quiet.cancel();
    this.#quiet = this.#clock.after(QUIET_MS, () => {
      this.#quiet = undefined;
      this.#onGuessing(false);
    });
  }
}
