/** Waiting longer after each failure. Without chance: devices of one unit may keep in step. */

/** How long to wait after the first failure, and at most, ms. */
export interface BackoffLimits {
  firstMs: number;
  lastMs: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  nextMs(): number;
  /** It worked: begin small again. */
  reset(): void;
}

/** Doubles from `firstMs` to `lastMs`. */
export function createBackoff({ firstMs, lastMs }: BackoffLimits): Backoff {
  let waitMs = firstMs;
  return {
    nextMs() {
      const now = waitMs;
      waitMs = Math.min(lastMs, waitMs * 2);
      return now;
    },
    reset() {
      waitMs = firstMs;
    },
  };
}
