/** Grey pictures as the decoders take them, and the cheap ways to cut, pad and scale one. */
import type { Point } from "../../../devices.ts";

/** A tight grey picture: `width * height` bytes, row by row, 0 black, 255 white. */
export interface Luminance {
  width: number;
  height: number;
  luminance: Uint8Array;
}

/** A rectangle in pixels, right and bottom exclusive. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * A picture derived from another, and the way back: a point of the derived one lies in the
 * original at `point * scale + offset`.
 */
export interface View extends Luminance {
  scale: number;
  offset: Point;
}

/** The picture itself as a view: nothing changed. */
export function whole(image: Luminance): View {
  return { ...image, scale: 1, offset: { x: 0, y: 0 } };
}

/** A point of a view in the coordinates of the picture it was derived from. */
export function toOriginal(view: View, point: Point): Point {
  return { x: point.x * view.scale + view.offset.x, y: point.y * view.scale + view.offset.y };
}

function derived(parent: View, image: Luminance, scale: number, offset: Point): View {
  return {
    ...image,
    scale: parent.scale * scale,
    offset: toOriginal(parent, offset),
  };
}

/** Cuts a box out, clamped to the picture. */
export function crop(view: View, box: Box): View {
  const left = Math.max(0, Math.floor(box.left));
  const top = Math.max(0, Math.floor(box.top));
  const width = Math.max(1, Math.min(view.width, Math.ceil(box.right)) - left);
  const height = Math.max(1, Math.min(view.height, Math.ceil(box.bottom)) - top);
  const luminance = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (top + row) * view.width + left;
    luminance.set(view.luminance.subarray(start, start + width), row * width);
  }
  return derived(view, { width, height, luminance }, 1, { x: left, y: top });
}

/** Surrounds the picture with a margin of one grey level, as a code cut off at its quiet zone needs. */
export function pad(view: View, margin: number, level: number): View {
  const width = view.width + 2 * margin;
  const height = view.height + 2 * margin;
  const luminance = new Uint8Array(width * height).fill(level);
  for (let row = 0; row < view.height; row++) {
    const start = row * view.width;
    luminance.set(
      view.luminance.subarray(start, start + view.width),
      (row + margin) * width + margin,
    );
  }
  return derived(view, { width, height, luminance }, 1, { x: -margin, y: -margin });
}

/** The mean level of the outermost pixels: what a margin should look like to go unnoticed. */
export function borderLevel(image: Luminance): number {
  const { width, height, luminance } = image;
  let sum = 0;
  for (let x = 0; x < width; x++) {
    sum += (luminance[x] ?? 0) + (luminance[(height - 1) * width + x] ?? 0);
  }
  for (let y = 0; y < height; y++) {
    sum += (luminance[y * width] ?? 0) + (luminance[y * width + width - 1] ?? 0);
  }
  return Math.round(sum / (2 * (width + height)));
}

/**
 * Scales by a factor. Smaller: every target pixel is the mean of the area it covers, so that a
 * module never falls between two samples. Larger: linear between the four neighbours.
 */
export function scale(view: View, factor: number): View {
  const width = Math.max(1, Math.round(view.width * factor));
  const height = Math.max(1, Math.round(view.height * factor));
  const image = factor < 1 ? shrink(view, width, height) : enlarge(view, width, height);
  const back = view.width / width;
  return derived(view, image, back, { x: 0, y: 0 });
}

/** Which source pixels one target pixel covers, and with which weights (in 1/256). */
function spans(from: number, to: number): { first: Int32Array; weights: Int32Array; taps: number } {
  const ratio = from / to;
  const taps = Math.ceil(ratio) + 1;
  const first = new Int32Array(to);
  const weights = new Int32Array(to * taps);
  for (let index = 0; index < to; index++) {
    const start = index * ratio;
    const end = start + ratio;
    first[index] = Math.min(Math.floor(start), from - 1);
    let rest = 256;
    for (let tap = 0; tap < taps; tap++) {
      const at = (first[index] ?? 0) + tap;
      const overlap = Math.max(0, Math.min(end, at + 1) - Math.max(start, at));
      const weight = Math.min(rest, Math.round((256 * overlap) / ratio));
      weights[index * taps + tap] = weight;
      rest -= weight;
    }
    // What rounding left over goes to the first pixel, so that a flat area stays as bright.
    weights[index * taps] = (weights[index * taps] ?? 0) + rest;
  }
  return { first, weights, taps };
}

function shrink(image: Luminance, width: number, height: number): Luminance {
  const source = image.luminance;
  const horizontal = spans(image.width, width);
  const vertical = spans(image.height, height);
  const luminance = new Uint8Array(width * height);
  const row = new Int32Array(image.width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let tap = 0; tap < vertical.taps; tap++) {
      const weight = vertical.weights[y * vertical.taps + tap] ?? 0;
      if (weight === 0) continue;
      const start = ((vertical.first[y] ?? 0) + tap) * image.width;
      for (let x = 0; x < image.width; x++) {
        row[x] = (row[x] ?? 0) + weight * (source[start + x] ?? 0);
      }
    }
    for (let x = 0; x < width; x++) {
      let sum = 0;
      const from = horizontal.first[x] ?? 0;
      for (let tap = 0; tap < horizontal.taps; tap++) {
        sum += (horizontal.weights[x * horizontal.taps + tap] ?? 0) * (row[from + tap] ?? 0);
      }
      luminance[y * width + x] = (sum + 32768) >> 16;
    }
  }
  return { width, height, luminance };
}

function enlarge(image: Luminance, width: number, height: number): Luminance {
  const source = image.luminance;
  const luminance = new Uint8Array(width * height);
  const ratioX = image.width / width;
  const ratioY = image.height / height;
  const left = new Int32Array(width);
  const right = new Int32Array(width);
  const share = new Int32Array(width);
  for (let x = 0; x < width; x++) {
    const at = Math.max(0, Math.min(image.width - 1, (x + 0.5) * ratioX - 0.5));
    left[x] = Math.floor(at);
    right[x] = Math.min(image.width - 1, Math.floor(at) + 1);
    share[x] = Math.round((at - Math.floor(at)) * 256);
  }
  for (let y = 0; y < height; y++) {
    const at = Math.max(0, Math.min(image.height - 1, (y + 0.5) * ratioY - 0.5));
    const upper = Math.floor(at) * image.width;
    const lower = Math.min(image.height - 1, Math.floor(at) + 1) * image.width;
    const below = Math.round((at - Math.floor(at)) * 256);
    for (let x = 0; x < width; x++) {
      const from = left[x] ?? 0;
      const to = right[x] ?? 0;
      const part = share[x] ?? 0;
      const above = (source[upper + from] ?? 0) * (256 - part) + (source[upper + to] ?? 0) * part;
      const under = (source[lower + from] ?? 0) * (256 - part) + (source[lower + to] ?? 0) * part;
      luminance[y * width + x] = (above * (256 - below) + under * below + 32768) >> 16;
    }
  }
  return { width, height, luminance };
}
