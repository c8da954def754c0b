/** Where the door works: one condition made worse at a time, for short and long codes. */
import { readThoroughly } from "../hal/drivers/code-reader/cascade.ts";
import type { Decoders } from "../hal/drivers/code-reader/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image.ts";
import { modulesAcross, widthMmOf } from "../sim/camera/face.ts";
import type { CodeScene } from "../sim/camera/face.ts";
import { pixelsPerMm } from "../sim/camera/perspective.ts";
import { GOOD_CONDITIONS, renderScene } from "../sim/camera/render.ts";
import type { Conditions } from "../sim/camera/render.ts";
import { createRandom } from "../sim/random.ts";
import { SINGLE_DECODERS } from "./single-decoders.ts";

export const LENGTHS = [40, 500, 1200] as const;
export const READERS = ["engine", "zxing", "zbar"] as const;
export type ReaderName = (typeof READERS)[number];

/** What is changed along one row of the map. */
export interface Sweep {
  name: string;
  unit: string;
  values: readonly number[];
  /** The frame's scene and conditions at a value; width in pixels a module unless it is what changes. */
  at(value: number): {
    scene?: Partial<CodeScene>;
    conditions?: Partial<Conditions>;
    module?: number;
  };
}

const SIZE = { width: 1280, height: 720 };
const MODULE_PIXELS = 4;

export const SWEEPS: readonly Sweep[] = [
  {
    name: "size",
    unit: "pixels a module",
    values: [1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5],
    at: (module) => ({ module }),
  },
  {
    name: "tilt",
    unit: "degrees",
    values: [0, 10, 20, 30, 40, 50, 60],
    at: (tiltDeg) => ({ conditions: { tiltDeg } }),
  },
  {
    name: "blur",
    unit: "σ in pixels",
    values: [0.5, 1, 1.5, 2, 2.5, 3],
    at: (blur) => ({ conditions: { blur } }),
  },
  {
    name: "noise",
    unit: "σ in grey levels",
    values: [2, 8, 16, 24, 32, 48],
    at: (noise) => ({ conditions: { noise } }),
  },
  {
    name: "light on paper",
    unit: "1 is a lit hall",
    values: [0.005, 0.01, 0.02, 0.05, 0.2, 1, 2],
    at: (light) => ({ scene: { medium: "paper" }, conditions: { light } }),
  },
  {
    name: "screen brightness",
    unit: "1 is full",
    values: [0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1],
    at: (brightness) => ({ scene: { brightness } }),
  },
  {
    name: "glare",
    unit: "1 washes out a third",
    values: [0, 0.2, 0.4, 0.6, 0.8, 1],
    at: (glare) => ({ conditions: { glare } }),
  },
  {
    name: "moiré",
    unit: "1 halves the light",
    values: [0, 0.2, 0.4, 0.6, 0.8, 1],
    at: (moire) => ({ conditions: { moire } }),
  },
  {
    name: "cracked glass",
    unit: "0 whole, 1 cracked",
    values: [0, 1],
    at: (value) => ({ scene: { cracked: value === 1 } }),
  },
  {
    name: "dark mode",
    unit: "0 off, 1 on",
    values: [0, 1],
    at: (value) => ({ scene: { darkMode: value === 1 } }),
  },
];

/** One point of the map: the share of frames that were read. */
export interface Cell {
  sweep: Sweep;
  length: number;
  value: number;
  share: Record<ReaderName, number>;
}

/** Renders and reads every point `seeds` times; calls back as each is done. */
export function measureMap(decoders: Decoders, seeds: number, onCell: (cell: Cell) => void): void {
  const readers: Record<ReaderName, (image: Luminance) => readonly { text: string }[]> = {
    engine: (image) => readThoroughly(decoders, image),
    zxing: (image) => SINGLE_DECODERS.zxing(decoders, image),
    zbar: (image) => SINGLE_DECODERS.zbar(decoders, image),
  };
  for (const sweep of SWEEPS) {
    for (const length of LENGTHS) {
      for (const value of sweep.values) {
        const share = { engine: 0, zxing: 0, zbar: 0 };
        for (let seed = 1; seed <= seeds; seed++) {
          const text = textOf(length, seed);
          const frame = frameOf(sweep, value, text, seed);
          for (const reader of READERS) {
            if (readers[reader](frame).some((code) => code.text === text)) {
              share[reader] += 1 / seeds;
            }
          }
        }
        onCell({ sweep, length, value, share });
      }
    }
  }
}

/** Letters and digits in byte mode, as tokens and most certificates carry them. */
function textOf(length: number, seed: number): string {
  const random = createRandom(seed).fork(`text ${length}`);
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.".split("");
  return Array.from({ length }, () => random.pick(alphabet)).join("");
}

function frameOf(sweep: Sweep, value: number, text: string, seed: number): Luminance {
  const { scene: changes, conditions, module = MODULE_PIXELS } = sweep.at(value);
  const scene: CodeScene = { text, medium: "phone", ...changes };
  const random = createRandom(seed).fork(`${sweep.name} ${value}`);
  const codePixels = module * modulesAcross(scene);
  const distanceM = (pixelsPerMm(SIZE.width, 1) * widthMmOf(scene)) / codePixels;
  const pose = {
    // No two hands hold alike.
    tiltDeg: 8 * random.next() - 4,
    rollDeg: 12 * random.next() - 6,
    offsetX: 0.04 * random.next() - 0.02,
    offsetY: 0.04 * random.next() - 0.02,
  };
  return renderScene(
    scene,
    { ...GOOD_CONDITIONS, ...pose, distanceM, ...conditions },
    random,
    SIZE,
  );
}
