/** Waiting longer after each failure, never in step with the other units. */

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  nextMs(): number;
  /** It worked: begin small again. */
  reset(): void;
}

/**
 * Doubles from `firstMs` to `lastMs`, each time drawn between half and all of it, so that the
 * thousand units of a district do not come back in the same second.
 *
 * @param random uniform in [0, 1)
 */
export function createBackoff(random: () => number, firstMs: number, longestMs: number): Backoff {
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
