/**
 * Two units of one name: each connection ends the other's. The one that lost waits long, and says so.
 * Brokers say so too in MQTT 5, but not all do (mosquitto 2.0.11 just closes), and 3.1.1 has no word
 * for it: several connections in a row that stood, and were closed soon without a word, count as well.
 */
import type { Clock, Timer } from "../../hal/clock.ts";
import { REASON_SESSION_TAKEN_OVER } from "../mqtt/connection.ts";

/** Pauses after a connection was given to another client; each in a row is twice as long. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 600_000;
/** A connection that stood for so long has its name to itself again. */
const QUIET_MS = 900_000;

/** So many in a row are no accident. */
const SILENT_ENDS = 3;
const SOON_MS = 60_000;

export class NameConflict {
  /** Since the start. */
  count = 0;
  readonly #clock: Clock;
  readonly #chance: () => number;
  readonly #onChange: () => void;
  #inARow = 0;
  #justLost = false;
  #silentEnds = 0;
  #connectedAtMs: number | undefined;
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
    this.#connectedAtMs = this.#clock.monotonicMs();
    if (!this.inUse()) return;
    this.#quiet = this.#clock.after(QUIET_MS, () => {
      this.#inARow = 0;
      this.#onChange();
    });
  }

  /**
   * @param reason of the DISCONNECT, if one came
   * @param silently whether nothing at all said why
   */
  ended(reason: number | undefined, silently = false): void {
    this.stop();
    const connectedAtMs = this.#connectedAtMs;
    if (connectedAtMs === undefined) {
      // It never stood. Silence may be the other client's next try; a broker that is away is not.
      if (!silently) this.#silentEnds = 0;
    } else {
      const soon = this.#clock.monotonicMs() - connectedAtMs < SOON_MS;
      this.#silentEnds = silently && soon ? this.#silentEnds + 1 : 0;
    }
    const stood = connectedAtMs !== undefined;
    this.#connectedAtMs = undefined;
    this.#justLost =
      reason === REASON_SESSION_TAKEN_OVER || (stood && this.#silentEnds >= SILENT_ENDS);
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
