/** One reading for each presentation: a scanner sends the same text again and again while a code is held up. */
import type { Clock, Timer } from "../../../clock.ts";

/** Which texts were read just now. They may be credentials: none is kept longer than it is needed. */
export interface Presentations {
  /** Whether this is the first time in its presentation; each further time makes it last. */
  isNew(bytes: Uint8Array): boolean;
  forget(): void;
}

// A visitor holds up one code, or has a sheet with a few.
const MOST_AT_ONCE = 16;

/** @param forgetAfterMs how long a code must not be read before reading it again counts as shown again */
export function createPresentations(clock: Clock, forgetAfterMs: number): Presentations {
  const inView = new Map<string, Timer>();
  return {
    isNew(bytes) {
      const key = String.fromCharCode(...bytes);
      const seen = inView.get(key);
      seen?.cancel();
      inView.delete(key);
      inView.set(
        key,
        clock.after(forgetAfterMs, () => inView.delete(key)),
      );
      const [oldest] = inView;
      if (inView.size > MOST_AT_ONCE && oldest !== undefined) {
        oldest[1].cancel();
        inView.delete(oldest[0]);
      }
      return seen === undefined;
    },
    forget() {
      for (const timer of inView.values()) timer.cancel();
      inView.clear();
    },
  };
}
