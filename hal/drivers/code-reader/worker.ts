/** A thread of its own for decoding: takes a job, climbs the ladder, answers. */
import { parentPort } from "node:worker_threads";
import { climb } from "./cascade.ts";
import { loadDecoders } from "./decoders.ts";
import type { Job, WorkerMessage } from "./messages.ts";
import { CHEAP_STEPS, FURTHER_STEPS } from "./steps.ts";

const port = parentPort;
if (port === null) throw new Error("the decoding worker is started by the engine, not by itself");

const tell = (message: WorkerMessage): void => port.postMessage(message);

const decoders = await loadDecoders();
port.on("message", ({ width, height, pixels, ladder, steps }: Job) => {
  const picture = { width, height, luminance: new Uint8Array(pixels, 0, width * height) };
  const all = ladder === "cheap" ? CHEAP_STEPS : FURTHER_STEPS;
  const { codes, step } = climb(decoders, picture, all, steps);
  tell({ kind: "answer", codes, step });
});
tell({ kind: "ready" });
