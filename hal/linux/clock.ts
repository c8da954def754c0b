/** The system's clocks, through the contract everything else waits by. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../clock.ts";

/** @param trusted asks whether the kernel's wall clock is synchronised; believed when not given */
export function createSystemClock(trusted: () => boolean = () => true): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    wallTrusted: trusted,
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return {
        cancel() {
          clearTimeout(timer);
        },
      };
    },
  };
}
