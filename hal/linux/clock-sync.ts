/** Asks the kernel whether its wall clock is synchronised, whoever synchronises it. */
import { createRequire } from "node:module";
import type Koffi from "koffi";

// adjtimex(2): this return value says that the clock is not synchronised.
const TIME_ERROR = 5;
// struct timex is 208 bytes on 64-bit Linux and smaller elsewhere; `modes` = 0 only reads.
const TIMEX_BYTES = 256;

/** A function that tells each time anew; false when the kernel cannot be asked. */
export function createClockSyncProbe(): () => boolean {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
    const adjtimex = koffi.load("libc.so.6").func("int adjtimex(void *timex)");
    return () => {
      const timex = Buffer.alloc(TIMEX_BYTES);
      const state = Number(adjtimex(timex));
      return state >= 0 && state !== TIME_ERROR;
    };
  } catch {
    // Without an answer the clock is not trusted, and the policy says what then holds.
    return () => false;
  }
}
