/**
 * A process of its own for decoding: takes a job from standard input and its picture from the memory
 * it shares with the engine, climbs the ladder, answers on standard output, and ends when its input
 * does. Started by lane.ts.
 *
 * It reads and writes synchronously: with one job at a time there is nothing else to do meanwhile,
 * and a picture goes straight into the one buffer it is decoded from.
 */
import { readSync, writeFileSync, writeSync } from "node:fs";
import { climb } from "./cascade.ts";
import { loadDecoders } from "./decoders.ts";
import { LENGTH_BYTES, decodeJob, encodeMessage } from "./messages.ts";
import type { DecoderMessage } from "./messages.ts";
import { createStack } from "./stack.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "./steps.ts";

const INPUT = 0;
const OUTPUT = 1;
const PICTURE = 3;

/** Fills the first `length` bytes; false when the engine is gone. */
function read(into: Uint8Array, length: number): boolean {
  for (let at = 0; at < length;) {
    const count = readSync(INPUT, into, at, length - at, null);
    if (count === 0) return false;
    at += count;
  }
  return true;
}

/** Takes the picture; the engine leaves it alone until the answer. */
function fetchPicture(into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const count = readSync(PICTURE, into, at, into.length - at, at);
    if (count === 0) throw new RangeError("the picture is smaller than its job says");
    at += count;
  }
}

function tell(message: DecoderMessage): void {
  const bytes = encodeMessage(message);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(OUTPUT, bytes, at);
  } catch (error) {
    // The unit was killed while this frame was looked at: nobody is there to answer.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  }
}

/** Where the machine's memory runs out, this process goes before the unit does (proc(5)). */
function offerOneself(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "500");
  } catch {
    // Not every system has it; then the kernel chooses by size alone.
  }
}

const stack = createStack();
let head = Buffer.alloc(1_024);
let pixels = new Uint8Array(0);

async function work(): Promise<void> {
  const decoders = await loadDecoders();
  tell({ kind: "ready", residentBytes: process.memoryUsage.rss() });
  while (read(head, LENGTH_BYTES)) {
    const length = head.readUInt32LE();
    if (length > head.length) head = Buffer.alloc(length);
    if (!read(head, length)) return;
    const { width, height, ladder, steps, frame } = decodeJob(head.toString("utf8", 0, length));
    if (pixels.length !== width * height) pixels = new Uint8Array(width * height);
    fetchPicture(pixels);
    const all = ladder === "cheap" ? CHEAP_STEPS : FURTHER_STEPS;
    const picture = { width, height, luminance: pixels };
    const stream = frame === undefined ? undefined : { stack, number: frame };
    const { codes, step } = climb(decoders, picture, all, steps, stream);
    tell({ kind: "answer", codes, step, residentBytes: process.memoryUsage.rss() });
    // One turn of the event loop, in which V8 lets go of what the decoders' bindings held.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

offerOneself();
await work();
