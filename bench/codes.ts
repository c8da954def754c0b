/** The code reader's cost a frame, and the map of where the door works, beside single decoders. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadDecoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";
import { createProcessEngine } from "../hal/drivers/code-reader/engine/process-engine.ts";
import { createSystemClock } from "../hal/linux/clock.ts";
import { renderScene } from "../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../sim/camera/picture.ts";
import { createRandom } from "../sim/kernel/random.ts";
import { LENGTHS, READERS, measureMap } from "./door-map.ts";
import type { Cell } from "./door-map.ts";
import { drawMap } from "./door-map-plot.ts";
import { printTable } from "./figures.ts";
import { cpuMs } from "./processes.ts";
import { SINGLE_DECODERS, SINGLE_NAMES } from "./single-decoders.ts";

const PLOT = fileURLToPath(new URL("../docs/developers/door-map.svg", import.meta.url));

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
    console.log("\ndrawn in docs/developers/door-map.svg");
  }
}

const SIZES = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
] as const;
const FPS = 30;
// Compiled code and what was saved for something new are behind a stream after some seconds.
const WARM_UP_FRAMES = 300;
const ROUNDS = 6;
const ROUND_FRAMES = 50;

async function printCosts(decoders: Decoders): Promise<void> {
  for (const size of SIZES) {
    const empty = await costsOf(decoders, framesOf(null, size));
    const code = await costsOf(decoders, framesOf({ text: "A".repeat(40), medium: "phone" }, size));
    console.log(
      `\n${size.width}×${size.height} at ${FPS} frames a second: CPU ms a frame, and times the cheapest decoder`,
    );
    const cellsOf = (costs: Map<string, number>, name: string): string[] => {
      const ms = costs.get(name) ?? Number.NaN;
      const cheapest = Math.min(...SINGLE_NAMES.map((single) => costs.get(single) ?? Infinity));
      return [ms.toFixed(2), (ms / cheapest).toFixed(2)];
    };
    printTable(
      ["", "no code", "×", "code", "×"],
      [...empty.keys()].map((name) => [name, ...cellsOf(empty, name), ...cellsOf(code, name)]),
    );
  }
}

type Scene = Parameters<typeof renderScene>[0];

/** Frames that differ in their noise, as a real camera's do. */
function framesOf(scene: Scene, size: { width: number; height: number }): Luminance[] {
  return [1, 2, 3, 4, 5, 6].map((seed) =>
    renderScene(scene, { ...GOOD_CONDITIONS, noise: 4 }, createRandom(seed), size),
  );
}

/** A way of reading the frames of one stream. */
interface Contestant {
  take(frame: Luminance): unknown;
  /** CPU it used so far outside this process, ms. */
  elsewhere(): number;
  close(): Promise<void>;
}

/**
 * A program with one decoder, in place. On a stream it is dearer than in one go, above all where
 * others use the machine between two frames: the engine pays for that as well.
 */
function alone(look: (frame: Luminance) => unknown): Contestant {
  return { take: look, elsewhere: () => 0, close: () => Promise.resolve() };
}

/** The engine as the unit runs it, with its decoders' processes. */
async function engineOn(moving: boolean): Promise<Contestant> {
  const engine = createProcessEngine({ clock: createSystemClock() });
  await engine.ready();
  let first = true;
  return {
    async take(frame) {
      await engine.decode({ ...frame, changed: moving || first });
      first = false;
    },
    elsewhere: () => cpuMs(engine.pids.quick ?? 0) + cpuMs(engine.pids.slow ?? 0),
    close: () => engine.close(),
  };
}

const NOTHING = "nothing";

/** CPU a frame of every decoder alone and of the engine, ms, in real time. */
async function costsOf(
  decoders: Decoders,
  frames: readonly Luminance[],
): Promise<Map<string, number>> {
  const contestants = new Map<string, Contestant>([[NOTHING, alone(() => undefined)]]);
  for (const name of SINGLE_NAMES) {
    contestants.set(
      name,
      alone((frame) => SINGLE_DECODERS[name](decoders, frame)),
    );
  }
  contestants.set("engine, still stream", await engineOn(false));
  contestants.set("engine, moving stream", await engineOn(true));
  const costs = new Map<string, number>();
  for (const [name, contestant] of contestants) {
    const engine = !(SINGLE_NAMES as string[]).includes(name) && name !== NOTHING;
    await play(contestant, frames, engine ? WARM_UP_FRAMES : frames.length);
    costs.set(name, 0);
  }
  // In turns: what else the machine has to do is then the same for all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, contestant] of contestants) {
      const ms = await play(contestant, frames, ROUND_FRAMES);
      costs.set(name, (costs.get(name) ?? 0) + ms / (ROUNDS * ROUND_FRAMES));
    }
  }
  for (const contestant of contestants.values()) await contestant.close();
  // What giving the frames takes is nobody's cost.
  const giving = costs.get(NOTHING) ?? 0;
  costs.delete(NOTHING);
  return new Map([...costs].map(([name, ms]) => [name, ms - giving]));
}

/** Gives frames one after the other as a camera does; CPU for them in ms. */
async function play(
  contestant: Contestant,
  frames: readonly Luminance[],
  count: number,
): Promise<number> {
  const now = (): number => cpuMs(process.pid) + contestant.elsewhere();
  const before = now();
  for (let index = 0; index < count; index++) {
    const frame = frames[index % frames.length];
    if (frame !== undefined) await contestant.take(frame);
    await new Promise((resolve) => {
      setTimeout(resolve, 1000 / FPS);
    });
  }
  return now() - before;
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
