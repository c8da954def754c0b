/** Pictures with several codes in them: drawn, turned, dimmed and blurred as the tests need them. */
import { createRequire } from "node:module";
import QRCode from "qrcode";
import type { BitMatrix } from "qrcode";
import type { Luminance } from "../../../../hal/drivers/code-reader/image/image.ts";
import type { Point } from "../../../../hal/devices.ts";
import { addNoise } from "../../../../sim/camera/optics.ts";
import { createRandom } from "../../../../sim/kernel/random.ts";

/** How a code lies in a picture. */
export interface Placing {
  /** Its middle, and pixels for a module. */
  x: number;
  y: number;
  module: number;
  dark?: number;
  light?: number;
  /** Modules of margin; default 4. */
  margin?: number;
  rollDeg?: number;
  /** How much nearer one side is than the other, 0 to 1. */
  tilt?: number;
  correction?: "L" | "M" | "Q" | "H";
}

export function grey(width: number, height: number, level = 120): Luminance {
  return { width, height, luminance: new Uint8Array(width * height).fill(level) };
}

/** Paints a code over what is there. */
export function paint(picture: Luminance, text: string, placing: Placing): void {
  const { correction = "L" } = placing;
  paintModules(picture, QRCode.create(text, { errorCorrectionLevel: correction }).modules, placing);
}

/** Paints a symbol over what is there; every pixel is the mean of nine points. */
export function paintModules(picture: Luminance, modules: BitMatrix, placing: Placing): void {
  const { x: middleX, y: middleY, module, dark = 20, light = 235, margin = 4 } = placing;
  const { rollDeg = 0, tilt = 0 } = placing;
  const half = ((modules.size + 2 * margin) * module) / 2;
  const [cos, sin] = [Math.cos, Math.sin].map((turn) => turn((rollDeg * Math.PI) / 180));
  const levelAt = ({ x, y }: Point): number | undefined => {
    const turnedX = x * (cos ?? 1) + y * (sin ?? 0);
    const turnedY = y * (cos ?? 1) - x * (sin ?? 0);
    const nearness = 1 + (tilt * turnedX) / half;
    const column = Math.floor((turnedX / nearness + half) / module) - margin;
    const row = Math.floor((turnedY / nearness + half) / module) - margin;
    const reach = modules.size + margin;
    if (Math.min(column, row) < -margin || Math.max(column, row) >= reach) return undefined;
    const isInside = Math.min(column, row) >= 0 && Math.max(column, row) < modules.size;
    return isInside && modules.get(row, column) === 1 ? dark : light;
  };
  const { width, height, luminance } = picture;
  const reach = Math.ceil(half * 1.7);
  for (let y = Math.max(0, middleY - reach); y < Math.min(height, middleY + reach); y++) {
    for (let x = Math.max(0, middleX - reach); x < Math.min(width, middleX + reach); x++) {
      const at = y * width + x;
      let sum = 0;
      for (let sample = 0; sample < 9; sample++) {
        const point = {
          x: x - middleX + ((sample % 3) + 0.5) / 3,
          y: y - middleY + (Math.floor(sample / 3) + 0.5) / 3,
        };
        sum += levelAt(point) ?? luminance[at] ?? 0;
      }
      luminance[at] = Math.round(sum / 9);
    }
  }
}

/** The noise of a sensor. */
export function withNoise(picture: Luminance, sigma: number, seed: number): Luminance {
  addNoise(picture, sigma, createRandom(seed));
  return picture;
}

const ALPHANUMERICS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** A text as long as a certificate's, of the characters that those have. */
export function certificateText(length: number, prefix = "HC1:"): string {
  const random = createRandom(length);
  return Array.from({ length: length - prefix.length }, () =>
    ALPHANUMERICS.charAt(Math.floor(random.next() * ALPHANUMERICS.length)),
  ).reduce((text, character) => text + character, prefix);
}

/** What the library makes symbols of, as far as it is needed here. */
interface Segment {
  mode: { id: string; bit: number; ccBits: number[] };
  getLength(): number;
  getBitsLength(): number;
  write(): void;
}
interface Segments {
  fromArray: (parts: readonly unknown[]) => Segment[];
}
const segments = createRequire(import.meta.url)("qrcode/lib/core/segments") as Segments;

// Mode 0011, behind it the part's place and the parity (ISO/IEC 18004:2015, 8.2): as bits they look
// like a segment without content whose count has sixteen.
const STRUCTURED_APPEND = { id: "Structured append", bit: 3, ccBits: [16, 16, 16] };

/** The symbol of one part of a message. */
export function partModules(
  bytes: Uint8Array,
  { number, of, parity }: { number: number; of: number; parity: number },
): BitMatrix {
  const head: Segment = {
    mode: STRUCTURED_APPEND,
    getLength: () => ((number - 1) << 12) | ((of - 1) << 8) | parity,
    getBitsLength: () => 0,
    write: () => undefined,
  };
  const original = segments.fromArray;
  segments.fromArray = (parts) => [head, ...original(parts)];
  try {
    return QRCode.create([{ data: Buffer.from(bytes), mode: "byte" }], {
      errorCorrectionLevel: "L",
    }).modules;
  } finally {
    segments.fromArray = original;
  }
}

/** The bytes in so many parts, and their parity. */
export function partsOf(bytes: Uint8Array, of: number): { parts: Uint8Array[]; parity: number } {
  const size = Math.ceil(bytes.length / of);
  return {
    parts: Array.from({ length: of }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
    parity: bytes.reduce((parity, byte) => parity ^ byte, 0),
  };
}
