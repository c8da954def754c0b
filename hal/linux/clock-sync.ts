/** Asks the kernel whether its wall clock is synchronised, whichever program synchronises it. */
import { createRequire } from "node:module";
import type Koffi from "koffi";

/** `unknown`: the kernel could not be asked, which is a fault of the installation and not of the clock. */
export type ClockSync =
  | { state: "synchronised" | "unsynchronised" }
  | { state: "unknown"; why: string };

// adjtimex(2): this return value says that the clock is not synchronised.
const TIME_ERROR = 5;
// struct timex is 208 bytes on 64-bit Linux and smaller elsewhere; `modes` = 0 only reads.
const TIMEX_BYTES = 256;

/** A function that asks the kernel each time it is called. */
export function createClockSyncReader(): () => ClockSync {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
    const adjtimex = koffi.load("libc.so.6").func("int adjtimex(void *timex)");
    return () => {
      const timex = Buffer.alloc(TIMEX_BYTES);
      const state = Number(adjtimex(timex));
      if (state < 0) {
        return { state: "unknown", why: `adjtimex is refused (error ${koffi.errno()})` };
      }
      return { state: state === TIME_ERROR ? "unsynchronised" : "synchronised" };
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return () => ({ state: "unknown", why });
  }
}

/** As above, as the unit needs it: a clock that cannot be asked about is not trusted. */
export function createClockSyncProbe(): () => boolean {
  const read = createClockSyncReader();
  // Without an answer the policy says what holds.
  return () => read().state === "synchronised";
}
