/** Time as a device: every wait, deadline and timestamp in the unit comes through this contract. */

/** A pending callback. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Two clocks that must never be mixed up. The monotonic one measures durations and never jumps;
 * the wall one dates evidence and may be wrong: a Raspberry Pi without an RTC boots in the past.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back; comparable within one process only. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z, as the system believes. */
  wallMs(): number;
  /** Whether the wall clock can be believed: the kernel reports it synchronised, or it never jumped. */
  wallTrusted(): boolean;
  /** Calls back once, no earlier than `delayMs` from now on the monotonic clock. */
  after(delayMs: number, callback: () => void): Timer;
}

/** Resolves after `delayMs` on the clock's monotonic scale. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** Repeats a callback every `intervalMs` until cancelled; a late tick shifts the ones behind it. */
export function every(clock: Clock, intervalMs: number, callback: () => void): Timer {
  let cancelled = false;
  let current: Timer;
  const arm = (): void => {
    current = clock.after(intervalMs, () => {
      callback();
      if (!cancelled) arm();
    });
  };
  arm();
  return {
    cancel() {
      cancelled = true;
      current.cancel();
    },
  };
}

/**
 * Races work against a deadline. On expiry the promise rejects with what `onExpiry` makes;
 * the work itself goes on, so pass an abortable one where that matters.
 */
export async function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  work: Promise<T>,
  onExpiry: () => Error,
): Promise<T> {
  let timer: Timer | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = clock.after(deadlineMs, () => reject(onExpiry()));
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    timer?.cancel();
  }
}
