/** The inverse cosine transform of a JPEG's blocks (ITU-T T.81, A.3.3). */
import { ZIG_ZAG } from "./jpeg-scan.ts";

// By frequency and place: half of the cosine, the constant's share smaller by the root of two.
const BASIS = Float32Array.from({ length: 64 }, (_, index) => {
  const frequency = index >> 3;
  const place = index & 7;
  const scale = frequency === 0 ? Math.SQRT1_2 : 1;
  return (scale * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16)) / 2;
});

const coefficients = new Float32Array(64);
const rows = new Float32Array(64);
const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/**
 * @param block coefficients in natural order
 * @param table what to multiply them with, in the order of the file
 * @param at where the block's first sample lies in the plane
 */
export function blockToSamples(
  block: Int16Array,
  table: Uint16Array,
  plane: Uint8Array,
  at: number,
  planeWidth: number,
): void {
  let last = 0;
  for (let place = 0; place < 64; place++) {
    const index = ZIG_ZAG[place] ?? 0;
    const value = block[index] ?? 0;
    coefficients[index] = value * (table[place] ?? 0);
    if (value !== 0) last = place;
  }
  if (last === 0) {
    const level = clamp(Math.round((coefficients[0] ?? 0) / 8 + 128));
    for (let y = 0; y < 8; y++) plane.fill(level, at + y * planeWidth, at + y * planeWidth + 8);
    return;
  }
  for (let v = 0; v < 8; v++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) {
        sum += (coefficients[8 * v + u] ?? 0) * (BASIS[8 * u + x] ?? 0);
      }
      rows[8 * v + x] = sum;
    }
  }
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += (rows[8 * v + x] ?? 0) * (BASIS[8 * v + y] ?? 0);
      plane[at + y * planeWidth + x] = clamp(Math.round(sum + 128));
    }
  }
}
