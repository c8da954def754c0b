/** One decoder process, kept alive: it takes one job at a time and is replaced when it dies, hangs or grows. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { DecodedCode } from "../../../devices.ts";
import type { Clock, Timer } from "../../../clock.ts";
import type { Luminance } from "../image/image.ts";
import { createBackoff } from "../../support/backoff.ts";
import { JOB_BYTES, createMessageSplitter, encodeJob } from "./messages.ts";
import type { DecoderMessage, DecodeJob } from "./messages.ts";

export interface DecoderWorkerOptions {
  clock: Clock;
  /** For messages, e.g. `quick decoder`. */
  name: string;
  /** How long a process may take until its decoders are loaded, ms; default 30,000. */
  startMs?: number;
  /** How long one job may take before the process counts as hung, ms; default 5,000. */
  jobMs?: number;
  /** Resident memory at which a process is replaced, bytes; default 256 MB. */
  mostBytes?: number;
  /** Patterns of the texts to stop for; absent: any text. */
  wanted?: readonly string[];
  /** Called whenever a process ends that was not asked to. */
  onLost?: (error: Error) => void;
}

export interface DecoderAnswer {
  codes: DecodedCode[];
  /** Which of the job's attempts read them. */
  attempt: number | undefined;
  /** A symbol was made out and not read. */
  outlined: boolean;
  /** CPU of each cheap attempt, ms, in the job's order; of further attempts, of all together. */
  cpuMs: number[];
}

/** A decoder process and the memory its pictures go through; the caller gives it one job at a time. */
export interface DecoderWorker {
  readonly busy: boolean;
  /** The process at work, for monitoring and tests. */
  readonly pid: number | undefined;
  ready(): Promise<void>;
  /** Rejects when the process is lost over it; the next job gets a new process. */
  run(
    picture: Luminance,
    tier: DecodeJob["tier"],
    attempts: number[],
    frame?: number,
  ): Promise<DecoderAnswer>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("decoder-process.ts", import.meta.url));
// V8's own heap stays small; a decoder that asks for more wasm memory than 128 MB (in pages of
// 64 kB) fails at once, before the machine has none left.
const LIMITS = ["--max-old-space-size=64", "--max-semi-space-size=2", "--wasm-max-mem-pages=2048"];
const MOST_BYTES = 256 * 2 ** 20;

const UNREAD_MS = 100;

// A process that cannot start is not started for every frame.
const RESTART = { firstMs: 100, lastMs: 10_000 };

type Child = ChildProcessByStdio<Writable, Readable, null>;
type Settle<T> = { resolve(value: T): void; reject(error: Error): void };

/**
 * A file in memory, without a name, that two processes can have open. Through a pipe a frame takes
 * a dozen turns of both, and where the machine is busy each of them waits.
 */
function openSharedMemory(): number {
  const folder = mkdtempSync("/dev/shm/sentinel-frame-");
  try {
    return openSync(`${folder}/frame`, "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function createDecoderWorker(options: DecoderWorkerOptions): DecoderWorker {
  return new ProcessDecoderWorker(options);
}

class ProcessDecoderWorker implements DecoderWorker {
  readonly #options: DecoderWorkerOptions;
  #child: Child | undefined;
  #ready: Promise<void> | undefined;
  #starting: Settle<void> | undefined;
  #waiting: Settle<DecoderAnswer> | undefined;
  #deadline: Timer | undefined;
  #picture: number | undefined;
  readonly #backoff = createBackoff(RESTART);
  #restartAtMs = 0;
  #whyLost: Error | undefined;
  #closed = false;

  constructor(options: DecoderWorkerOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  ready(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("the decoding engine was closed"));
    if (this.#ready !== undefined) return this.#ready;
    const soon = this.#options.clock.monotonicMs() < this.#restartAtMs;
    if (this.#whyLost !== undefined && soon) return Promise.reject(this.#whyLost);
    this.#ready = this.#start();
    return this.#ready;
  }

  async run(
    picture: Luminance,
    tier: DecodeJob["tier"],
    attempts: number[],
    frame?: number,
  ): Promise<DecoderAnswer> {
    if (this.#waiting !== undefined) throw new Error(`the ${this.#options.name} has a job already`);
    const { width, height, luminance } = picture;
    const job = Buffer.allocUnsafe(JOB_BYTES);
    encodeJob({ width, height, tier, attempts, ...(frame === undefined ? {} : { frame }) }, job);
    this.#picture ??= openSharedMemory();
    // Copied before anything is awaited: the caller may reuse its buffer for the next frame.
    for (let at = 0; at < luminance.length;) {
      at += writeSync(this.#picture, luminance, at, luminance.length - at, at);
    }
    const answer = new Promise<DecoderAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    answer.catch(() => {});
    try {
      await this.ready();
    } catch (error) {
      this.#waiting = undefined;
      throw error;
    }
    this.#hold(true);
    this.#expect(this.#options.jobMs ?? 5_000, "did not answer");
    this.#child?.stdin.write(job);
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    this.#lost(new Error("the decoding engine was closed"));
    if (this.#picture !== undefined) closeSync(this.#picture);
    this.#picture = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    child.ref();
    child.kill("SIGKILL");
    await ended;
  }

  async #start(): Promise<void> {
    this.#picture ??= openSharedMemory();
    const { name, wanted = null } = this.#options;
    // The name shows in the list of processes.
    const child = spawn(process.execPath, [...LIMITS, PROGRAM, name, JSON.stringify(wanted)], {
      // A group of its own: an interrupt from the keyboard reaches the unit, which closes the pipe.
      detached: true,
      stdio: ["pipe", "pipe", "inherit", this.#picture],
    }) as Child;
    this.#child = child;
    const end = (how: string): void => {
      if (this.#child === child) this.#fail(`the ${this.#options.name} ${how}`);
    };
    child.once("error", (error) => end(`did not start: ${error.message}`));
    child.once("exit", (code, signal) =>
      end(signal === null ? `ended with ${code}` : `was ended by ${signal}`),
    );
    child.stdin.on("error", () => undefined); // its exit says the same
    const split = createMessageSplitter((message) => {
      if (this.#child === child) this.#onMessage(message);
    });
    child.stdout.on("data", (chunk: Uint8Array) => {
      try {
        split(chunk);
      } catch (error) {
        end(`answered nonsense: ${String(error)}`);
      }
    });
    this.#expect(this.#options.startMs ?? 30_000, "was not ready");
    await new Promise<void>((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
  }

  #onMessage(message: DecoderMessage): void {
    this.#deadline?.cancel();
    // The program may end while a decoder has nothing to do.
    this.#hold(false);
    if (message.kind === "ready") {
      this.#starting?.resolve();
      this.#starting = undefined;
      return;
    }
    this.#backoff.reset();
    const { codes, attempt, outlined, cpuMs, residentBytes } = message;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ codes, attempt, outlined, cpuMs });
    if (residentBytes > (this.#options.mostBytes ?? MOST_BYTES)) {
      const mb = Math.round(residentBytes / 2 ** 20);
      this.#fail(`the ${this.#options.name} had grown to ${mb} MB`);
    }
  }

  #expect(withinMs: number, otherwise: string): void {
    const { clock, name } = this.#options;
    const fail = (): void => this.#fail(`the ${name} ${otherwise} within ${withinMs} ms`);
    this.#deadline?.cancel();
    this.#deadline = clock.after(withinMs, () => {
      // Where this process itself stood still, the answer is here already and only unread.
      this.#deadline = clock.after(UNREAD_MS, fail);
    });
  }

  #fail(why: string): void {
    const error = new Error(`${why}; a new one is started`);
    this.#whyLost = error;
    this.#restartAtMs = this.#options.clock.monotonicMs() + this.#backoff.nextMs();
    this.#lost(error);
    this.#options.onLost?.(error);
  }

  #lost(error: Error): void {
    this.#deadline?.cancel();
    const child = this.#child;
    const unlucky = [this.#waiting, this.#starting];
    this.#child = undefined;
    this.#ready = undefined;
    this.#waiting = undefined;
    this.#starting = undefined;
    if (!this.#closed) child?.kill("SIGKILL");
    for (const each of unlucky) each?.reject(error);
  }

  #hold(held: boolean): void {
    const child = this.#child;
    if (child === undefined) return;
    const pipes = [child.stdin, child.stdout] as unknown as Socket[];
    for (const handle of [child, ...pipes]) {
      if (held) handle.ref();
      else handle.unref();
    }
  }
}
