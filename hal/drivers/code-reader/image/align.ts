/** How a frame lies against another of the same thing held in a trembling hand. */
import { scale } from "./image.ts";
import type { Luminance, View } from "./image.ts";

/** Where a point of the reference, taken from the middle of the picture, is found in the frame. */
export interface Motion {
  /** In pixels. */
  x: number;
  y: number;
  /** What a unit step along x becomes, less the step itself: turn and growth together. */
  along: number;
  across: number;
}

/** A reference that frames are laid against. */
export interface Alignment {
  /** The frame's motion against the reference; nothing where they do not show the same. */
  of(frame: View): Motion | undefined;
}

/** One level of the pyramid: where the reference has structure, and what a motion does there. */
interface Level {
  image: Luminance;
  points: Int32Array;
  /** Four numbers a point: how its level changes with each part of the motion. */
  slopes: Float32Array;
  inverse: number[];
}

const COARSE = 1 / 8;
const MIDDLE = { factor: 1 / 4, rounds: 6 };
const FINE = { factor: 1 / 2, rounds: 4 };
// So many points place a picture within a tenth of a pixel, also in noise as strong as the code.
const MOST_POINTS = 6000;
// A hand holding still moves some pixels between frames; more than this is another place.
const COARSE_REACH = 3;
const SETTLED_PIXELS = 0.02;
// The same thing in heavy noise correlates by more than a half, different things by less than a fifth.
const LEAST_CORRELATION = 0.3;

/**
 * Image registration after Lucas and Kanade with the reference's gradients (Baker and Matthews,
 * "Lucas-Kanade 20 years on", 2004), by shift, turn and growth.
 */
export function createAlignment(reference: View): Alignment {
  const own = pyramidOf(reference);
  const middle = levelOf(own.middle);
  const fine = levelOf(own.fine);
  return {
    of(frame) {
      const other = pyramidOf(frame);
      const start = search(own.coarse, other.coarse);
      const shifted = { x: start.x / COARSE, y: start.y / COARSE, along: 0, across: 0 };
      const close = refine(middle, other.middle, MIDDLE, shifted);
      if (correlate(middle, other.middle, MIDDLE.factor, close) < LEAST_CORRELATION) {
        return undefined;
      }
      return refine(fine, other.fine, FINE, close);
    },
  };
}

function pyramidOf(view: View): { coarse: View; middle: View; fine: View } {
  const fine = scale(view, FINE.factor);
  const middle = scale(fine, MIDDLE.factor / FINE.factor);
  return { coarse: scale(middle, COARSE / MIDDLE.factor), middle, fine };
}

/** The shift with the smallest mean difference, in whole pixels of the coarse pictures. */
function search(reference: Luminance, frame: Luminance): { x: number; y: number } {
  const { width, height } = reference;
  let best = { x: 0, y: 0, difference: Number.POSITIVE_INFINITY };
  for (let dy = -COARSE_REACH; dy <= COARSE_REACH; dy++) {
    for (let dx = -COARSE_REACH; dx <= COARSE_REACH; dx++) {
      let sum = 0;
      let count = 0;
      for (let y = COARSE_REACH; y < height - COARSE_REACH; y++) {
        const row = y * width;
        for (let x = COARSE_REACH; x < width - COARSE_REACH; x++) {
          const moved = frame.luminance[row + dy * width + x + dx] ?? 0;
          sum += Math.abs(moved - (reference.luminance[row + x] ?? 0));
          count += 1;
        }
      }
      const difference = sum / Math.max(1, count);
      if (difference < best.difference) best = { x: dx, y: dy, difference };
    }
  }
  return best;
}

function levelOf(image: Luminance): Level {
  const { width, height, luminance } = image;
  const points = steepest(image);
  const slopes = new Float32Array(points.length * 4);
  const normal = new Float64Array(16);
  points.forEach((at, index) => {
    const x = (at % width) - width / 2;
    const y = Math.floor(at / width) - height / 2;
    const gx = ((luminance[at + 1] ?? 0) - (luminance[at - 1] ?? 0)) / 2;
    const gy = ((luminance[at + width] ?? 0) - (luminance[at - width] ?? 0)) / 2;
    const slope = [gx, gy, gx * x + gy * y, gy * x - gx * y];
    slopes.set(slope, index * 4);
    for (let place = 0; place < 16; place++) {
      const product = (slope[place >> 2] ?? 0) * (slope[place & 3] ?? 0);
      normal[place] = (normal[place] ?? 0) + product;
    }
  });
  return { image, points, slopes, inverse: inverse4(normal) };
}

/** The steepest quarter of the picture's points, thinned out evenly. */
function steepest({ width, height, luminance }: Luminance): Int32Array {
  const steepness = new Uint16Array(width * height);
  const counts = new Uint32Array(511);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const gx = (luminance[at + 1] ?? 0) - (luminance[at - 1] ?? 0);
      const gy = (luminance[at + width] ?? 0) - (luminance[at - width] ?? 0);
      const steep = Math.abs(gx) + Math.abs(gy);
      steepness[at] = steep;
      counts[steep] = (counts[steep] ?? 0) + 1;
    }
  }
  let threshold = 510;
  let steeper = 0;
  while (threshold > 1 && steeper <= (width * height) / 4) {
    steeper += counts[threshold] ?? 0;
    threshold -= 1;
  }
  const places = new Int32Array(width * height);
  let found = 0;
  for (let at = 0; at < steepness.length; at++) {
    if ((steepness[at] ?? 0) > threshold) places[found++] = at;
  }
  const stride = Math.max(1, found / MOST_POINTS);
  return Int32Array.from(
    { length: Math.floor(found / stride) },
    (_, index) => places[Math.floor(index * stride)] ?? 0,
  );
}

/** Gauss–Jordan without pivoting: the matrix is symmetric and, with any structure, definite. */
function inverse4(matrix: Float64Array): number[] {
  const rows = [0, 1, 2, 3].map((row) => [
    ...matrix.subarray(row * 4, row * 4 + 4),
    ...[0, 1, 2, 3].map((column) => (column === row ? 1 : 0)),
  ]);
  for (const [pivot, line] of rows.entries()) {
    const divisor = Math.max(1e-9, line[pivot] ?? 0);
    line.forEach((value, column) => {
      line[column] = value / divisor;
    });
    for (const other of rows) {
      const factor = other === line ? 0 : (other[pivot] ?? 0);
      if (factor === 0) continue;
      line.forEach((value, column) => {
        other[column] = (other[column] ?? 0) - factor * value;
      });
    }
  }
  return rows.flatMap((row) => row.slice(4));
}

/** Linear between the four neighbours; the nearest pixel outside. */
function sampleAt({ width, height, luminance }: Luminance, x: number, y: number): number {
  const insideX = Math.max(0, Math.min(width - 1.001, x));
  const insideY = Math.max(0, Math.min(height - 1.001, y));
  const left = insideX | 0;
  const top = insideY | 0;
  const right = insideX - left;
  const at = top * width + left;
  const upper = (luminance[at] ?? 0) * (1 - right) + (luminance[at + 1] ?? 0) * right;
  const lower =
    (luminance[at + width] ?? 0) * (1 - right) + (luminance[at + width + 1] ?? 0) * right;
  return upper + (lower - upper) * (insideY - top);
}

/** The frame's levels at the reference's points, moved. */
function moved(level: Level, frame: Luminance, factor: number, motion: Motion): Float32Array {
  const { points } = level;
  const { width, height } = level.image;
  const levels = new Float32Array(points.length);
  for (let index = 0; index < levels.length; index++) {
    const at = points[index] ?? 0;
    const x = at % width;
    const y = (at / width) | 0;
    const fromX = x - width / 2;
    const fromY = y - height / 2;
    levels[index] = sampleAt(
      frame,
      x + motion.x * factor + motion.along * fromX - motion.across * fromY,
      y + motion.y * factor + motion.across * fromX + motion.along * fromY,
    );
  }
  return levels;
}

function refine(
  level: Level,
  frame: Luminance,
  { factor, rounds }: { factor: number; rounds: number },
  start: Motion,
): Motion {
  const { inverse } = level;
  let motion = start;
  for (let round = 0; round < rounds; round++) {
    const pull = pullOf(level, moved(level, frame, factor, motion));
    const [x = 0, y = 0, along = 0, across = 0] = [0, 1, 2, 3].map((row) =>
      pull.reduce((sum, value, column) => sum + value * (inverse[row * 4 + column] ?? 0), 0),
    );
    motion = {
      x: motion.x - x / factor,
      y: motion.y - y / factor,
      along: motion.along - along,
      across: motion.across - across,
    };
    if (Math.abs(x) + Math.abs(y) < SETTLED_PIXELS) break;
  }
  return motion;
}

/** What is left between frame and reference, projected on the four parts of the motion. */
function pullOf({ points, slopes, image }: Level, levels: Float32Array): number[] {
  // A change of exposure between frames moves all levels alike.
  let drift = 0;
  for (let index = 0; index < levels.length; index++) {
    drift += (levels[index] ?? 0) - (image.luminance[points[index] ?? 0] ?? 0);
  }
  drift /= Math.max(1, levels.length);
  let x = 0;
  let y = 0;
  let along = 0;
  let across = 0;
  for (let index = 0; index < levels.length; index++) {
    const left = (levels[index] ?? 0) - (image.luminance[points[index] ?? 0] ?? 0) - drift;
    x += left * (slopes[index * 4] ?? 0);
    y += left * (slopes[index * 4 + 1] ?? 0);
    along += left * (slopes[index * 4 + 2] ?? 0);
    across += left * (slopes[index * 4 + 3] ?? 0);
  }
  return [x, y, along, across];
}

/** Pearson's coefficient of the moved frame and the reference, over the reference's points. */
function correlate(level: Level, frame: Luminance, factor: number, motion: Motion): number {
  const levels = moved(level, frame, factor, motion);
  const count = Math.max(1, levels.length);
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  for (let index = 0; index < levels.length; index++) {
    const a = levels[index] ?? 0;
    const b = level.image.luminance[level.points[index] ?? 0] ?? 0;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  }
  const varianceA = sumAA / count - (sumA / count) ** 2;
  const varianceB = sumBB / count - (sumB / count) ** 2;
  const together = sumAB / count - (sumA * sumB) / count ** 2;
  return together / Math.max(1e-9, Math.sqrt(varianceA * varianceB));
}
