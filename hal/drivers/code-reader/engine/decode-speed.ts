/** How fast this machine decodes, measured on a picture of its own camera as the unit would read it. */
import type { Clock } from "../../../clock.ts";
import type { Luminance } from "../image/image.ts";
import { createDecoderWorker } from "./decoder-worker.ts";
import type { DecoderWorker } from "./decoder-worker.ts";
import { CHEAP_ATTEMPTS, FURTHER_ATTEMPTS } from "../decode/attempts.ts";

/** What reading takes here, in CPU time. */
export interface DecodeSpeed {
  /** The cheaper of the two cheap attempts; every frame gets one of them. */
  decoder: string;
  attemptMs: number;
  /** Every further attempt once: what something new that is not readable costs altogether. */
  furtherMs: number;
}

// Wasm is compiled in two stages, the second while the first is at work: behind it after some dozens.
const WARM_UP_ATTEMPTS = 40;
const ATTEMPTS = 31;

/**
 * Takes some seconds on a small machine, most of them the start of a decoder process.
 * @throws Error when no decoder process can be started, or it is lost over the picture
 */
export async function measureDecodeSpeed(picture: Luminance, clock: Clock): Promise<DecodeSpeed> {
  const worker = createDecoderWorker({ clock, name: "decoder on trial" });
  try {
    const cheap: { decoder: string; attemptMs: number }[] = [];
    for (const [place, { name }] of CHEAP_ATTEMPTS.entries()) {
      for (let count = 0; count < WARM_UP_ATTEMPTS; count++)
        await cpuMs(worker, picture, "cheap", place);
      const times: number[] = [];
      for (let count = 0; count < ATTEMPTS; count++) {
        times.push(await cpuMs(worker, picture, "cheap", place));
      }
      cheap.push({ decoder: name, attemptMs: median(times) });
    }
    const [cheapest] = cheap.sort((a, b) => a.attemptMs - b.attemptMs);
    if (cheapest === undefined) throw new Error("there is no decoder");
    return { ...cheapest, furtherMs: await everyFurtherAttempt(worker, picture) };
  } finally {
    await worker.close();
  }
}

async function everyFurtherAttempt(worker: DecoderWorker, picture: Luminance): Promise<number> {
  let total = 0;
  for (const place of FURTHER_ATTEMPTS.keys()) {
    await cpuMs(worker, picture, "further", place);
    total += await cpuMs(worker, picture, "further", place);
  }
  return total;
}

async function cpuMs(
  worker: DecoderWorker,
  picture: Luminance,
  tier: "cheap" | "further",
  place: number,
): Promise<number> {
  const answer = await worker.run(picture, tier, [place]);
  return answer.cpuMs[0] ?? 0;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
