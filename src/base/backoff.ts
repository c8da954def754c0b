/** Exponential back-off with jitter: a longer wait after each failure, never in step with other units. */

/** Pauses between tries, in milliseconds. */
export interface BackoffRange {
  /** After the first failure; doubles with each further one. */
  firstMs: number;
  /** However many tries failed, no pause is longer. */
  longestMs: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  nextMs(): number;
  /** A try succeeded: begin with the first pause again. */
  reset(): void;
}

/**
 * Doubles from `firstMs` to `longestMs`. Each pause is drawn between half and all of it, so that the
 * thousand units of a district do not come back in the same second.
 *
 * @param random uniform in [0, 1)
 */
export function createBackoff(random: () => number, { firstMs, longestMs }: BackoffRange): Backoff {
  let ceilingMs = firstMs;
  return {
    nextMs() {
      const waitMs = ceilingMs * (0.5 + random() / 2);
      ceilingMs = Math.min(longestMs, ceilingMs * 2);
      return waitMs;
    },
    reset() {
      ceilingMs = firstMs;
    },
  };
}
