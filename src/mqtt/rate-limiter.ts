/** Limits bytes a second, on average: data sets must not crowd out records. */
import { delay, type Clock } from "../../hal/clock.ts";

export class RateLimiter {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }

  /** Waits as long as these bytes, which were just received, may take at the allowed rate. */
  async throttle(bytes: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + bytes / this.#bytesPerMs;
    await delay(this.#clock, this.#freeAtMs - nowMs);
  }
}
