/** Pictures made readable: the variants that let a decoder see what it missed in the original. */
import { crop, pad } from "./image.ts";
import type { Luminance, View } from "./image.ts";

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

function mapped(view: View, table: Uint8Array): View {
  const luminance = new Uint8Array(view.luminance.length);
  for (let index = 0; index < luminance.length; index++) {
    luminance[index] = table[view.luminance[index] ?? 0] ?? 0;
  }
  return { ...view, luminance };
}

/** Dark for light. */
export function invert(view: View): View {
  return mapped(
    view,
    Uint8Array.from({ length: 256 }, (_, level) => 255 - level),
  );
}

/** Brightens (below 1) or darkens (above 1) the middle tones, black and white staying put. */
export function gamma(view: View, exponent: number): View {
  return mapped(
    view,
    Uint8Array.from({ length: 256 }, (_, level) => Math.round(255 * (level / 255) ** exponent)),
  );
}

/** That many times the light, cut off at white: a screen turned far down beside something lit. */
export function gain(view: View, factor: number): View {
  return mapped(
    view,
    Uint8Array.from({ length: 256 }, (_, level) => clamp(Math.round(level * factor))),
  );
}

// What differs less than this along a picture's edge is one ground.
const SAME_GROUND = 48;

/**
 * Cuts out what lies on an even ground and lays it on the opposite one: a code without a margin that
 * is dark like its page, or light like it, has one then. Nothing where the edge is not even.
 */
export function onOppositeGround(view: View): View | undefined {
  const { width, height, luminance } = view;
  let darkest = 255;
  let lightest = 0;
  const note = (at: number): void => {
    const level = luminance[at] ?? 0;
    if (level < darkest) darkest = level;
    if (level > lightest) lightest = level;
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) note(y * width + x);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) note(y * width + x);
  if (lightest - darkest > SAME_GROUND) return undefined;
  const isDark = darkest + lightest < 255;
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((luminance[y * width + x] ?? 0) > 127 !== isDark) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y + 1);
    }
  }
  if (box.left >= box.right) return undefined;
  const margin = Math.ceil((box.right - box.left) / 8);
  return pad(crop(view, box), margin, isDark ? 255 : 0);
}

/** Stretches the levels between two shares of the histogram to the full range. */
export function stretch(view: View, lowShare: number, highShare: number): View {
  const counts = new Uint32Array(256);
  for (const level of view.luminance) counts[level] = (counts[level] ?? 0) + 1;
  const at = (share: number): number => {
    let seen = 0;
    for (let level = 0; level < 256; level++) {
      seen += counts[level] ?? 0;
      if (seen >= share * view.luminance.length) return level;
    }
    return 255;
  };
  const low = at(lowShare);
  const span = Math.max(1, at(highShare) - low);
  return mapped(
    view,
    Uint8Array.from({ length: 256 }, (_, level) => clamp(Math.round((255 * (level - low)) / span))),
  );
}

/** Mean over a square of `2 * radius + 1` pixels, by running sums: the radius costs nothing. */
export function boxBlur(image: Luminance, radius: number): Uint8Array {
  return down(along(image, radius), image.width, image.height, radius);
}

function along({ luminance, width, height }: Luminance, radius: number): Uint8Array {
  const target = new Uint8Array(luminance.length);
  const share = 1 / (2 * radius + 1);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const end = row + width - 1;
    const first = luminance[row] ?? 0;
    const last = luminance[end] ?? 0;
    let sum = first * radius;
    for (let x = row; x <= row + radius; x++) sum += x <= end ? (luminance[x] ?? 0) : last;
    for (let x = row; x <= end; x++) {
      target[x] = (sum * share + 0.5) | 0;
      const enters = x + radius + 1;
      const leaves = x - radius;
      sum += enters <= end ? (luminance[enters] ?? 0) : last;
      sum -= leaves >= row ? (luminance[leaves] ?? 0) : first;
    }
  }
  return target;
}

// All columns at once, row by row: memory is read in its order.
function down(source: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const target = new Uint8Array(source.length);
  const share = 1 / (2 * radius + 1);
  const sums = new Int32Array(width);
  const rowAt = (y: number): number => Math.max(0, Math.min(height - 1, y)) * width;
  for (let y = -radius; y <= radius; y++) {
    const row = rowAt(y);
    for (let x = 0; x < width; x++) sums[x] = (sums[x] ?? 0) + (source[row + x] ?? 0);
  }
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const enters = rowAt(y + radius + 1);
    const leaves = rowAt(y - radius);
    for (let x = 0; x < width; x++) {
      const sum = sums[x] ?? 0;
      target[row + x] = (sum * share + 0.5) | 0;
      sums[x] = sum + (source[enters + x] ?? 0) - (source[leaves + x] ?? 0);
    }
  }
  return target;
}

/** Smooths: two box blurs are close to a Gaussian of the radius. */
export function blur(view: View, radius: number): View {
  const once = { ...view, luminance: boxBlur(view, radius) };
  return { ...view, luminance: boxBlur(once, radius) };
}

/** Adds back `amount` times what a blur takes away (unsharp mask). */
export function sharpen(view: View, radius: number, amount: number): View {
  const smooth = boxBlur(view, radius);
  const luminance = new Uint8Array(view.luminance.length);
  for (let index = 0; index < luminance.length; index++) {
    const level = view.luminance[index] ?? 0;
    luminance[index] = clamp(level + amount * (level - (smooth[index] ?? 0)));
  }
  return { ...view, luminance };
}

/** Median of each pixel's 3×3 neighbourhood: takes specks away and leaves edges. */
export function median(view: View): View {
  const { width, height, luminance: source } = view;
  const luminance = Uint8Array.from(source);
  // Of each column of three, side by side: the least, the middle and the most (Smith, 1996).
  const least = new Uint8Array(width);
  const middle = new Uint8Array(width);
  const most = new Uint8Array(width);
  for (let y = 1; y < height - 1; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      const above = source[row + x - width] ?? 0;
      const here = source[row + x] ?? 0;
      const below = source[row + x + width] ?? 0;
      const low = above < here ? above : here;
      const high = above < here ? here : above;
      least[x] = low < below ? low : below;
      most[x] = high > below ? high : below;
      middle[x] = below < low ? low : below > high ? high : below;
    }
    for (let x = 1; x < width - 1; x++) {
      const largest = maxOf(least[x - 1] ?? 0, least[x] ?? 0, least[x + 1] ?? 0);
      const central = middleOf(middle[x - 1] ?? 0, middle[x] ?? 0, middle[x + 1] ?? 0);
      const smallest = -maxOf(-(most[x - 1] ?? 0), -(most[x] ?? 0), -(most[x + 1] ?? 0));
      luminance[row + x] = middleOf(largest, central, smallest);
    }
  }
  return { ...view, luminance };
}

function maxOf(a: number, b: number, c: number): number {
  const larger = a > b ? a : b;
  return larger > c ? larger : c;
}

function middleOf(a: number, b: number, c: number): number {
  const low = a < b ? a : b;
  const high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

/** Each pixel against the mean of its surroundings: flattens shadows, glare and uneven light. */
export function localNormalise(view: View, radius: number): View {
  const mean = boxBlur(view, radius);
  const deviation = new Uint8Array(view.luminance.length);
  for (let index = 0; index < deviation.length; index++) {
    deviation[index] = Math.abs((view.luminance[index] ?? 0) - (mean[index] ?? 0));
  }
  const spread = boxBlur({ ...view, luminance: deviation }, radius);
  const luminance = new Uint8Array(view.luminance.length);
  for (let index = 0; index < luminance.length; index++) {
    // A flat area has only noise: below a spread of 6 levels it is not blown up.
    const gain = 64 / Math.max(6, spread[index] ?? 0);
    luminance[index] = clamp(128 + gain * ((view.luminance[index] ?? 0) - (mean[index] ?? 0)));
  }
  return { ...view, luminance };
}

/**
 * Contrast-limited adaptive histogram equalisation after Zuiderveld (Graphics Gems IV, 1994):
 * each of `tiles`×`tiles` areas gets its own curve, limited in slope, blended between neighbours.
 */
export function clahe(view: View, tiles: number, slope: number): View {
  const { width, height, luminance: source } = view;
  const curves = tileCurves(view, tiles, slope);
  const luminance = new Uint8Array(source.length);
  for (let y = 0; y < height; y++) {
    const v = Math.max(0, Math.min(tiles - 1, ((y + 0.5) * tiles) / height - 0.5));
    const upper = Math.floor(v);
    const lower = Math.min(tiles - 1, upper + 1);
    const down = v - upper;
    for (let x = 0; x < width; x++) {
      const u = Math.max(0, Math.min(tiles - 1, ((x + 0.5) * tiles) / width - 0.5));
      const left = Math.floor(u);
      const right = Math.min(tiles - 1, left + 1);
      const across = u - left;
      const level = source[y * width + x] ?? 0;
      const at = (row: number, column: number): number =>
        curves[(row * tiles + column) * 256 + level] ?? 0;
      const above = at(upper, left) * (1 - across) + at(upper, right) * across;
      const below = at(lower, left) * (1 - across) + at(lower, right) * across;
      luminance[y * width + x] = above * (1 - down) + below * down;
    }
  }
  return { ...view, luminance };
}

function tileCurves(image: Luminance, tiles: number, slope: number): Uint8Array {
  const curves = new Uint8Array(tiles * tiles * 256);
  const counts = new Uint32Array(256);
  for (let row = 0; row < tiles; row++) {
    for (let column = 0; column < tiles; column++) {
      counts.fill(0);
      const left = Math.floor((column * image.width) / tiles);
      const right = Math.floor(((column + 1) * image.width) / tiles);
      const top = Math.floor((row * image.height) / tiles);
      const bottom = Math.floor(((row + 1) * image.height) / tiles);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const level = image.luminance[y * image.width + x] ?? 0;
          counts[level] = (counts[level] ?? 0) + 1;
        }
      }
      const area = Math.max(1, (right - left) * (bottom - top));
      const limit = Math.max(1, (slope * area) / 256);
      let excess = 0;
      for (let level = 0; level < 256; level++) {
        excess += Math.max(0, (counts[level] ?? 0) - limit);
      }
      let sum = 0;
      for (let level = 0; level < 256; level++) {
        sum += Math.min(limit, counts[level] ?? 0) + excess / 256;
        curves[(row * tiles + column) * 256 + level] = Math.min(255, (255 * sum) / area);
      }
    }
  }
  return curves;
}
