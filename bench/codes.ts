/** The code reader's cost a frame, and the map of where the door works, beside single decoders. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadDecoders } from "../hal/drivers/code-reader/decoders.ts";
import type { Decoders } from "../hal/drivers/code-reader/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image.ts";
import { createProcessEngine } from "../hal/drivers/code-reader/process-engine.ts";
import { createSystemClock } from "../hal/linux/clock.ts";
import { GOOD_CONDITIONS, renderScene } from "../sim/camera/render.ts";
import { createRandom } from "../sim/random.ts";
import { LENGTHS, READERS, measureMap } from "./door-map.ts";
import type { Cell } from "./door-map.ts";
import { drawMap } from "./door-map-plot.ts";
import { printTable } from "./figures.ts";
import { cpuMs } from "./processes.ts";
import { SINGLE_DECODERS, SINGLE_NAMES, cpuMsOf } from "./single-decoders.ts";

const PLOT = fileURLToPath(new URL("../docs/door-map.svg", import.meta.url));

/** @param args `--cost` only the cost a frame, `--quick` one frame a point and no drawing */
export async function run(args: string[]): Promise<void> {
  const decoders = await loadDecoders();
  await printCosts(decoders);
  if (args.includes("--cost")) return;
  const quick = args.includes("--quick");
  const cells: Cell[] = [];
  measureMap(decoders, quick ? 1 : 4, (cell) => cells.push(cell));
  printMap(cells);
  if (!quick) {
    writeFileSync(PLOT, drawMap(cells));
    console.log("\ndrawn in docs/door-map.svg");
  }
}

const SIZES = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
] as const;
const FPS = 30;
// Compiled code and what was saved for something new are behind a stream after some seconds.
const WARM_UP_FRAMES = 300;
const STREAM_FRAMES = 150;

async function printCosts(decoders: Decoders): Promise<void> {
  for (const size of SIZES) {
    const rows: string[][] = [];
    const empty = framesOf(null, size);
    const code = framesOf({ text: "A".repeat(40), medium: "phone" }, size);
    const cheapest = { empty: Number.POSITIVE_INFINITY, code: Number.POSITIVE_INFINITY };
    const costs: [string, number, number][] = [];
    for (const name of SINGLE_NAMES) {
      const read = SINGLE_DECODERS[name];
      const emptyMs = await perFrame(empty, (frame) => read(decoders, frame));
      const codeMs = await perFrame(code, (frame) => read(decoders, frame));
      cheapest.empty = Math.min(cheapest.empty, emptyMs);
      cheapest.code = Math.min(cheapest.code, codeMs);
      costs.push([name, emptyMs, codeMs]);
    }
    for (const moving of [false, true]) {
      const emptyMs = await streamCost(empty, moving);
      const codeMs = await streamCost(code, moving);
      costs.push([`engine, ${moving ? "moving" : "still"} stream`, emptyMs, codeMs]);
    }
    for (const [name, emptyMs, codeMs] of costs) {
      rows.push([
        name,
        emptyMs.toFixed(2),
        (emptyMs / cheapest.empty).toFixed(2),
        codeMs.toFixed(2),
        (codeMs / cheapest.code).toFixed(2),
      ]);
    }
    console.log(`\n${size.width}×${size.height}: CPU ms a frame, and times the cheapest decoder`);
    printTable(["", "no code", "×", "code", "×"], rows);
  }
}

type Scene = Parameters<typeof renderScene>[0];

/** Frames that differ in their noise, as a real camera's do. */
function framesOf(scene: Scene, size: { width: number; height: number }): Luminance[] {
  return [1, 2, 3, 4, 5, 6].map((seed) =>
    renderScene(scene, { ...GOOD_CONDITIONS, noise: 4 }, createRandom(seed), size),
  );
}

async function perFrame(
  frames: readonly Luminance[],
  read: (frame: Luminance) => unknown,
): Promise<number> {
  for (const frame of frames) read(frame);
  const rounds = 6;
  const total = await cpuMsOf(() => {
    for (let round = 0; round < rounds; round++) for (const frame of frames) read(frame);
  });
  return total / (rounds * frames.length);
}

/** The engine as the unit runs it, in real time, with its decoders' processes. */
async function streamCost(frames: readonly Luminance[], moving: boolean): Promise<number> {
  const engine = createProcessEngine({ clock: createSystemClock() });
  await engine.ready();
  const decoders = (): number => cpuMs(engine.pids.quick ?? 0) + cpuMs(engine.pids.slow ?? 0);
  let first = true;
  const play = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const frame = frames[index % frames.length];
      if (frame !== undefined) await engine.decode({ ...frame, changed: moving || first });
      first = false;
      await new Promise((resolve) => {
        setTimeout(resolve, 1000 / FPS);
      });
    }
  };
  await play(WARM_UP_FRAMES);
  const before = decoders();
  const own = await cpuMsOf(() => play(STREAM_FRAMES));
  const total = own + decoders() - before;
  await engine.close();
  return total / STREAM_FRAMES;
}

function printMap(cells: readonly Cell[]): void {
  console.log(`\nshare of frames read, ${READERS.join(" / ")}, by characters in the code`);
  const percent = (share: number): string => (100 * share).toFixed(0);
  const rows = new Map<string, string[]>();
  for (const { sweep, length, value, share } of cells) {
    const name = `${sweep.name} ${value}`;
    const row = rows.get(name) ?? [name];
    row[1 + LENGTHS.indexOf(length as (typeof LENGTHS)[number])] = READERS.map((reader) =>
      percent(share[reader]),
    ).join(" / ");
    rows.set(name, row);
  }
  printTable(["", ...LENGTHS.map((length) => `${length}`)], [...rows.values()]);
}
