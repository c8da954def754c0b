/** So many bytes a second, on average: a data set must not crowd out what a line is there for. */
import { delay, type Clock } from "../../hal/clock.ts";

export class RateLimiter {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }

  /** Resolves when these bytes, which were just carried, have had their time. */
  async throttle(bytes: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + bytes / this.#bytesPerMs;
    await delay(this.#clock, this.#freeAtMs - nowMs);
  }
}
