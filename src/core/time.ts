/** Moments as the core sees them: always given, never read. */

/** One moment on both clocks. */
export interface Instant {
  /** For durations: never jumps. */
  monotonicMs: number;
  /** For validity and dates: milliseconds since the Unix epoch, as the unit believed. */
  wallMs: number;
  /** Whether the wall clock could be believed at that moment. */
  wallTrusted: boolean;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Whether the answer to a request of that moment came after the time it had. */
export function isLate(requestedAt: Instant, at: Instant, withinMs: number): boolean {
  return at.monotonicMs - requestedAt.monotonicMs > withinMs;
}
