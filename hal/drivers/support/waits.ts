/** Waits that can be cut short, so that stopping and unplugging need not wait for them. */
import type { Clock, Timer } from "../../clock.ts";

export class CancellableWaits {
  readonly #clock: Clock;
  readonly #pending = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `durationMs`, or when `cancelAll` is called. */
  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const end = (): void => {
        timer?.cancel();
        this.#pending.delete(end);
        resolve();
      };
      this.#pending.add(end);
      timer = this.#clock.after(durationMs, end);
    });
  }

  cancelAll(): void {
    for (const end of this.#pending) end();
  }
}
