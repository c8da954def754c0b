/**
 * A process of its own for decoding: takes a job from standard input and its picture from the memory
 * it shares with the engine, makes the attempts, answers on standard output, and ends when its input
 * does. Started by decoder-worker.ts.
 *
 * It reads and writes synchronously: with one job at a time there is nothing else to do meanwhile,
 * and a picture goes straight into the one buffer it is decoded from.
 */
import { readSync, writeFileSync, writeSync } from "node:fs";
import { tryAttempts } from "../decode/cascade.ts";
import type { AttemptsResult } from "../decode/cascade.ts";
import { loadDecoders } from "../decode/decoders.ts";
import type { Decoders } from "../decode/decoders.ts";
import { JOB_BYTES, decodeJob, encodeMessage } from "./messages.ts";
import type { DecoderMessage, DecodeJob } from "./messages.ts";
import { erase } from "../image/erase.ts";
import { whole } from "../image/image.ts";
import type { Luminance } from "../image/image.ts";
import { createFrameAccumulator } from "../image/frame-accumulation.ts";
import { CHEAP_ATTEMPTS, FURTHER_ATTEMPTS } from "../decode/attempts.ts";
import { holdsWanted, wantedBy } from "../decode/wanted.ts";

const INPUT = 0;
const OUTPUT = 1;
const PICTURE = 3;

/** Fills the buffer; false when the engine is gone. */
function read(into: Uint8Array): boolean {
  for (let at = 0; at < into.length;) {
    const count = readSync(INPUT, into, at, into.length - at, null);
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

function send(message: DecoderMessage): void {
  const bytes = encodeMessage(message);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(OUTPUT, bytes, at);
  } catch (error) {
    // The unit was killed while this frame was decoded: there is no reader for the answer.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  }
}

/** Where the machine's memory runs out, this process goes before the unit does (proc(5)). */
function volunteerForOomKill(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "500");
  } catch {
    // Not every system has it; then the kernel chooses by size alone.
  }
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * Each attempt by itself, so that its CPU is known: the engine puts the cheaper one first. Where that
 * reads nothing wanted, the next one searches the rest of the picture.
 */
function tryEach(
  decoders: Decoders,
  picture: Luminance,
  job: DecodeJob,
): AttemptsResult & { cpuMs: number[] } {
  const seen: AttemptsResult & { cpuMs: number[] } = {
    codes: [],
    attempt: undefined,
    outlined: false,
    cpuMs: [],
  };
  let rest = picture;
  for (const place of job.attempts) {
    const before = process.cpuUsage();
    const { codes, attempt, outlined } = tryAttempts(decoders, rest, CHEAP_ATTEMPTS, [place], {
      isWanted,
    });
    seen.cpuMs.push(cpuMsSince(before));
    seen.codes.push(...codes);
    seen.attempt ??= attempt;
    seen.outlined ||= outlined;
    if (holdsWanted(seen.codes, isWanted)) break;
    if (codes.length > 0) rest = erase(whole(rest), codes);
  }
  return seen;
}

// How often the process does its housekeeping, in jobs: the system calls for it cost as much as a tenth
// of a cheap attempt.
const HOUSEKEEPING_JOBS = 32;

const [wanted = "null"] = process.argv.slice(3);
const isWanted = wantedBy((JSON.parse(wanted) as string[] | null) ?? undefined);
const accumulator = createFrameAccumulator();
const head = Buffer.alloc(JOB_BYTES);
let pixels = new Uint8Array(0);
let residentBytes = 0;

function decode(decoders: Decoders, job: DecodeJob): AttemptsResult & { cpuMs: number[] } {
  const { width, height, tier, attempts, frame } = job;
  if (pixels.length !== width * height) pixels = new Uint8Array(width * height);
  fetchPicture(pixels);
  const picture = { width, height, luminance: pixels };
  if (tier === "cheap") return tryEach(decoders, picture, job);
  const stream = frame === undefined ? {} : { stream: { accumulator, frame } };
  const before = process.cpuUsage();
  const result = tryAttempts(decoders, picture, FURTHER_ATTEMPTS, attempts, {
    ...stream,
    isWanted,
  });
  return { ...result, cpuMs: [cpuMsSince(before)] };
}

async function work(): Promise<void> {
  const decoders = await loadDecoders();
  residentBytes = process.memoryUsage.rss();
  send({ kind: "ready", residentBytes });
  for (let jobs = 0; read(head); jobs++) {
    const job = decodeJob(head);
    const seen = decode(decoders, job);
    const housekeeping = job.tier === "further" || jobs % HOUSEKEEPING_JOBS === 0;
    if (housekeeping) residentBytes = process.memoryUsage.rss();
    send({ kind: "answer", ...seen, residentBytes });
    if (!housekeeping) continue;
    // One turn of the event loop, in which V8 lets go of what the decoders' bindings held.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

volunteerForOomKill();
await work();
