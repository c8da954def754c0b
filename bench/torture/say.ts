/** Lines to the parent process that are out before the next statement runs. */
import { writeSync } from "node:fs";

const STDOUT = 1;
const RETRY_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes a line synchronously: what was said before a SIGKILL was said. */
export function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      // A full pipe refuses instead of blocking: its reader is only slower than we are.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}
