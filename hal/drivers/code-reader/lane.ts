/** One decoding worker, kept alive: a job at a time, a new worker where one died. */
import { Worker } from "node:worker_threads";
import type { DecodedCode } from "../../devices.ts";
import type { Luminance } from "./image.ts";
import type { Job, WorkerMessage } from "./messages.ts";

export interface Answer {
  codes: DecodedCode[];
  /** Which of the job's steps read them. */
  step: number | undefined;
}

/** A worker and the buffer it shares; the caller gives it one job at a time. */
export interface Lane {
  readonly busy: boolean;
  ready(): Promise<void>;
  /** Rejects when the worker dies over it; the next job gets a new worker. */
  run(picture: Luminance, ladder: Job["ladder"], steps: number[]): Promise<Answer>;
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export function createLane(): Lane {
  let worker: Worker | undefined;
  let ready: Promise<void> | undefined;
  let waiting: Waiting | undefined;
  let shared = new SharedArrayBuffer(0);
  let closed = false;

  const lost = (error: Error): void => {
    worker = undefined;
    ready = undefined;
    const unlucky = waiting;
    waiting = undefined;
    unlucky?.reject(error);
  };
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const started = new Worker(new URL("worker.ts", import.meta.url));
      // The program may end while a worker has nothing to do.
      started.unref();
      worker = started;
      started.on("message", (message: WorkerMessage) => {
        if (message.kind === "ready") {
          resolve();
          return;
        }
        const next = waiting;
        waiting = undefined;
        started.unref();
        next?.resolve({ codes: message.codes, step: message.step });
      });
      const end = (error: Error): void => {
        reject(error);
        if (worker === started) lost(error);
      };
      started.on("error", end);
      started.on("exit", (code) => end(new Error(`the decoding worker ended with ${code}`)));
    });

  const lane = {
    get busy() {
      return waiting !== undefined;
    },
    ready() {
      if (closed) return Promise.reject(new Error("the decoding engine was closed"));
      ready ??= start();
      return ready;
    },
    async run(picture: Luminance, ladder: Job["ladder"], steps: number[]): Promise<Answer> {
      if (waiting !== undefined) throw new Error("the decoding worker has a job already");
      const { width, height, luminance } = picture;
      if (shared.byteLength < luminance.length) shared = new SharedArrayBuffer(luminance.length);
      // Copied before anything is awaited: the caller may reuse its buffer for the next frame.
      new Uint8Array(shared).set(luminance);
      const answer = new Promise<Answer>((resolve, reject) => {
        waiting = { resolve, reject };
      });
      answer.catch(() => {});
      try {
        await lane.ready();
      } catch (error) {
        waiting = undefined;
        throw error;
      }
      worker?.ref();
      worker?.postMessage({ width, height, pixels: shared, ladder, steps } satisfies Job);
      return answer;
    },
    async close() {
      closed = true;
      const ending = worker;
      lost(new Error("the decoding engine was closed"));
      await ending?.terminate();
    },
  };
  return lane;
}
