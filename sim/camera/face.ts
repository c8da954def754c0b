/** The flat thing a visitor holds up: a phone's glass or a sheet of paper with a code on it. */
import QRCode from "qrcode";
import type { Chance } from "./picture.ts";
import type { Picture } from "./picture.ts";

/** A code as somebody shows it. */
export interface CodeScene {
  /** What the code says; bytes go into it as they are. */
  text: string | Uint8Array;
  medium: "phone" | "paper";
  /** Error correction level; default M. */
  errorCorrection?: "L" | "M" | "Q" | "H";
  /** Light modules on dark, as a phone's dark mode shows them. */
  darkMode?: boolean;
  /** Cracks across the glass, or creases in the paper. */
  cracked?: boolean;
  /** The screen's brightness, 0 to 1; default 0.8. Paper has none of its own. */
  brightness?: number;
  /** Width of the code without its quiet zone, in millimetres; default 52 on a phone, 60 on paper. */
  widthMm?: number;
}

/** A face as reflectance (paper) or emission (screen), with the size it has in the hand. */
export interface Face extends Picture {
  mmPerPixel: number;
  /** Pixels that shine by themselves: the screen, not the phone's body. */
  shines: Uint8Array;
}

const PIXELS_PER_MODULE = 5;
const QUIET_MODULES = 4; // ISO/IEC 18004:2015, 5.3.8

/** Draws the face with the code in its middle; chance places the cracks only. */
export function drawFace(scene: CodeScene, chance: Chance): Face {
  const { modules } = matrixOf(scene);
  const code = modules.size * PIXELS_PER_MODULE;
  const widthMm = widthMmOf(scene);
  const mmPerPixel = widthMm / code;
  const quiet = QUIET_MODULES * PIXELS_PER_MODULE;
  // A phone is taller than wide and has a dark body around its screen; paper has white all round.
  const side = code + 2 * quiet;
  const bezel = scene.medium === "phone" ? Math.round(4 / mmPerPixel) : 0;
  const tall = Math.round(side * (scene.medium === "phone" ? 0.38 : 0.12));
  const width = side + 2 * bezel;
  const height = side + 2 * tall + 2 * bezel;
  const ground = scene.darkMode === true ? 18 : 245;
  const ink = scene.darkMode === true ? 240 : scene.medium === "phone" ? 6 : 24;
  const luminance = new Uint8Array(width * height).fill(22);
  const shines = new Uint8Array(width * height);
  const left = bezel + quiet;
  const top = bezel + tall + quiet;
  for (let y = bezel; y < height - bezel; y++) {
    const row = Math.floor((y - top) / PIXELS_PER_MODULE);
    for (let x = bezel; x < width - bezel; x++) {
      const column = Math.floor((x - left) / PIXELS_PER_MODULE);
      const inside = row >= 0 && column >= 0 && row < modules.size && column < modules.size;
      const dark = inside && modules.data[row * modules.size + column] === 1;
      luminance[y * width + x] = dark ? ink : ground;
      shines[y * width + x] = scene.medium === "phone" ? 1 : 0;
    }
  }
  const face = { width, height, luminance, mmPerPixel, shines };
  if (scene.cracked === true) drawCracks(face, chance);
  return face;
}

/** The code's width without its quiet zone, in millimetres. */
export function widthMmOf(scene: CodeScene): number {
  return scene.widthMm ?? (scene.medium === "phone" ? 52 : 60);
}

/** How many modules the scene's code has on a side. */
export function modulesAcross(scene: CodeScene): number {
  return matrixOf(scene).modules.size;
}

/** Side length and modules of the code, one byte a module, 1 dark. */
function matrixOf(scene: CodeScene): { modules: { size: number; data: Uint8Array } } {
  const errorCorrectionLevel = scene.errorCorrection ?? "M";
  const content =
    typeof scene.text === "string"
      ? scene.text
      : [{ data: Uint8ClampedArray.from(scene.text), mode: "byte" as const }];
  return QRCode.create(content, { errorCorrectionLevel });
}

/** Cracks run from one point of impact to the edges, a little crooked, light on dark and back. */
function drawCracks(face: Face, chance: Chance): void {
  const hitX = face.width * (0.3 + 0.4 * chance.next());
  const hitY = face.height * (0.35 + 0.3 * chance.next());
  const count = 5 + Math.floor(3 * chance.next());
  for (let crack = 0; crack < count; crack++) {
    let angle = (2 * Math.PI * (crack + 0.6 * chance.next())) / count;
    let x = hitX;
    let y = hitY;
    while (x > 0 && y > 0 && x < face.width && y < face.height) {
      angle += (chance.next() - 0.5) * 0.25;
      const bright = 90 + 110 * chance.next();
      for (let step = 0; step < 12; step++) {
        x += Math.cos(angle);
        y += Math.sin(angle);
        paintDot(face, x, y, bright);
      }
    }
  }
}

function paintDot(face: Face, x: number, y: number, level: number): void {
  const column = Math.round(x);
  const row = Math.round(y);
  for (let dy = 0; dy < 2; dy++) {
    for (let dx = 0; dx < 2; dx++) {
      const atX = column + dx;
      const atY = row + dy;
      if (atX < 0 || atY < 0 || atX >= face.width || atY >= face.height) continue;
      face.luminance[atY * face.width + atX] = level;
    }
  }
}
