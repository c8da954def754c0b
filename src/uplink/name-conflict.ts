/**
 * Detects two units of one name: each connection ends the other's. The unit that lost its connection
 * waits long and reports it. Most brokers give the reason in MQTT 5, but not all do (mosquitto 2.0.11
 * just closes), and 3.1.1 has no such reason: several connections in a row that were accepted, and
 * soon closed without a reason, count as well.
 */
import type { Clock, Timer } from "../../hal/clock.ts";
import { createBackoff, type Backoff, type BackoffRange } from "../base/backoff.ts";
import { REASON_SESSION_TAKEN_OVER } from "../mqtt/connection.ts";

/** Pauses after another client took the connection over. */
const PAUSE: BackoffRange = { firstMs: 15_000, longestMs: 600_000 };
/** After a connection of this length the conflict counts as over. */
const QUIET_MS = 900_000;

/** Short connections in a row that ended without a reason: as many count as a conflict. */
const SILENT_ENDS = 3;
const SOON_MS = 60_000;

export class NameConflict {
  /** Since the start. */
  count = 0;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #onChange: () => void;
  #inARow = 0;
  #justLost = false;
  #silentEnds = 0;
  #connectedAtMs: number | undefined;
  #quiet: Timer | undefined;

  constructor(clock: Clock, chance: () => number, onChange: () => void) {
    this.#clock = clock;
    this.#backoff = createBackoff(chance, PAUSE);
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
      this.#backoff.reset();
      this.#onChange();
    });
  }

  /**
   * @param reason of the DISCONNECT, if one came
   * @param silently whether it ended without any reason
   */
  ended(reason: number | undefined, silently = false): void {
    this.stop();
    const connectedAtMs = this.#connectedAtMs;
    if (connectedAtMs === undefined) {
      // It was never accepted. Silence may be the other client's next try; an absent broker is not.
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

  /** The pause before the next try, in the place of the usual one; ask once for each connection. */
  pauseMs(usualMs: number): number {
    return this.#justLost ? this.#backoff.nextMs() : usualMs;
  }

  stop(): void {
    this.#quiet?.cancel();
  }
}
