/** Where the door works: one condition made worse at a time, for short and long codes. */
import { readThoroughly } from "../hal/drivers/code-reader/decode/cascade.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";
import { modulesAcross, widthMmOf } from "../sim/camera/face.ts";
import type { CodeScene } from "../sim/camera/face.ts";
import { pixelsPerMm } from "../sim/camera/perspective.ts";
import { renderScene } from "../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../sim/camera/picture.ts";
import type { Conditions } from "../sim/camera/picture.ts";
import { createRandom } from "../sim/kernel/random.ts";
import { SINGLE_DECODERS } from "./single-decoders.ts";
import { framesUntilRead } from "./stream.ts";

export const LENGTHS = [40, 500, 1200] as const;
export const READERS = ["stream", "engine", "zxing", "zbar"] as const;
export type ReaderName = (typeof READERS)[number];

/** Who sees one frame only; the stream is the engine on ten. */
const SINGLES = ["engine", "zxing", "zbar"] as const;
type Single = (typeof SINGLES)[number];

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
const TREMBLE_PIXELS = 4;
const TREMBLE_DEG = 0.4;

export const SWEEPS: readonly Sweep[] = [
  {
    name: "size",
    unit: "pixels a module",
    values: [1.2, 1.35, 1.5, 1.8, 2, 2.5, 3, 4],
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
    values: [2, 16, 32, 64, 96, 128],
    at: (noise) => ({ conditions: { noise } }),
  },
  {
    name: "light on paper",
    unit: "1 is a lit hall",
    values: [0.002, 0.005, 0.01, 0.05, 0.2, 1, 2],
    at: (light) => ({ scene: { medium: "paper" }, conditions: { light } }),
  },
  {
    name: "screen brightness",
    unit: "1 is full",
    values: [0.01, 0.02, 0.03, 0.06, 0.1, 0.4, 1],
    at: (brightness) => ({ scene: { brightness } }),
  },
  {
    name: "dim screen at night",
    unit: "brightness; noise σ 12",
    values: [0.02, 0.04, 0.08, 0.15, 0.3, 1],
    at: (brightness) => ({ scene: { brightness }, conditions: { light: 0.05, noise: 12 } }),
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
  const readers: Record<Single, (image: Luminance) => readonly { text: string }[]> = {
    engine: (image) => readThoroughly(decoders, image),
    zxing: (image) => SINGLE_DECODERS.zxing(decoders, image),
    zbar: (image) => SINGLE_DECODERS.zbar(decoders, image),
  };
  for (const sweep of SWEEPS) {
    for (const length of LENGTHS) {
      for (const value of sweep.values) {
        const share = { stream: 0, engine: 0, zxing: 0, zbar: 0 };
        for (let seed = 1; seed <= seeds; seed++) {
          const text = textOf(length, seed);
          const frames = framesOf(sweep, value, text, seed);
          const says = ({ text: read }: { text: string }): boolean => read === text;
          for (const reader of SINGLES) {
            if (readers[reader](frames(1)).some(says)) share[reader] += 1 / seeds;
          }
          if (framesUntilRead(decoders, frames)?.codes.some(says) === true) {
            share.stream += 1 / seeds;
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

/** The frames of a showing: a hand trembles by some pixels between them, and a lamp's reflection wanders. */
function framesOf(
  sweep: Sweep,
  value: number,
  text: string,
  seed: number,
): (frame: number) => Luminance {
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
  const known = new Map<number, Luminance>();
  return (frame) => {
    const rendered = known.get(frame);
    if (rendered !== undefined) return rendered;
    const tremble = (most: number): number => (frame === 1 ? 0 : most * (2 * random.next() - 1));
    const held = {
      ...pose,
      rollDeg: pose.rollDeg + tremble(TREMBLE_DEG),
      offsetX: pose.offsetX + tremble(TREMBLE_PIXELS) / SIZE.width,
      offsetY: pose.offsetY + tremble(TREMBLE_PIXELS) / SIZE.height,
      distanceM: distanceM * (1 + tremble(0.002)),
    };
    const picture = renderScene(
      scene,
      { ...GOOD_CONDITIONS, ...held, ...conditions },
      random,
      SIZE,
    );
    known.set(frame, picture);
    return picture;
  };
}
