/** Two units of one name: each connection ends the other's. The one that lost waits long, and says so. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { REASON_SESSION_TAKEN_OVER } from "./link.ts";

/** Pauses after a connection was given to another client; each in a row is twice as long. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 600_000;
/** A connection that stood for so long has its name to itself again. */
const QUIET_MS = 900_000;

export class NameWatch {
  /** Since the start. */
  count = 0;
  readonly #clock: Clock;
  readonly #chance: () => number;
  readonly #onChange: () => void;
  #inARow = 0;
  #justLost = false;
  #quiet: Timer | undefined;

  constructor(clock: Clock, chance: () => number, onChange: () => void) {
    this.#clock = clock;
    this.#chance = chance;
    this.#onChange = onChange;
  }

  inUse(): boolean {
    return this.#inARow > 0;
  }

  connected(): void {
    if (!this.inUse()) return;
    this.#quiet = this.#clock.after(QUIET_MS, () => {
      this.#inARow = 0;
      this.#onChange();
    });
  }

  /** @param reason of the DISCONNECT, if one came */
  ended(reason: number | undefined): void {
    this.stop();
    this.#justLost = reason === REASON_SESSION_TAKEN_OVER;
    if (!this.#justLost) return;
    this.count += 1;
    this.#inARow += 1;
    if (this.#inARow === 1) this.#onChange();
  }

  pauseMs(usualMs: number): number {
    if (!this.#justLost) return usualMs;
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#inARow - 1));
    return longestMs * (0.5 + this.#chance() / 2);
  }

  stop(): void {
    this.#quiet?.cancel();
  }
}
