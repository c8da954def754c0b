/** Straightening codes on cloth, curled paper or a bottle: decoders expect them flat. */
import type { View } from "./image.ts";

/** How far the middle of the picture is pushed against its edges, as shares of its size. */
export interface Warp {
  /** Sideways, changing from top to bottom: a vertical line becomes an arc. */
  leanX: number;
  /** Sideways, changing from left to right: the halves are stretched unevenly. */
  stretchX: number;
  /** Up and down, changing from left to right: a horizontal line becomes an arc. */
  leanY: number;
  stretchY: number;
}

// Three hundredths of the picture around a code are about one module of a small symbol; a decoder
// bridges half a module by itself, so steps of half as much leave no gap between them. Curled paper
// warps by the first, a sleeve or a bottle by up to twice that.
const AMOUNT = 0.03;
const TIMES = [1, 2, 1.5, 0.5] as const;

/**
 * The warps there are, by what they find: along one axis in every strength, then along two, then
 * along more, which only the usual strength is worth trying for.
 */
export const WARPS: readonly Warp[] = [
  ...TIMES.flatMap((times) => combinations(times * AMOUNT, 1)),
  ...TIMES.flatMap((times) => combinations(times * AMOUNT, 2)),
  ...[3, 4].flatMap((axes) => combinations(AMOUNT, axes)),
];

/** Every warp of that strength along so many axes. */
function combinations(amount: number, axes: number): Warp[] {
  const amounts = [-amount, 0, amount];
  const all = amounts.flatMap((leanX) =>
    amounts.flatMap((stretchX) =>
      amounts.flatMap((leanY) => amounts.map((stretchY) => ({ leanX, stretchX, leanY, stretchY }))),
    ),
  );
  return all.filter((warp) => Object.values(warp).filter((each) => each !== 0).length === axes);
}

/** The picture with every pixel taken from where the warp moved it; linear between neighbours. */
export function dewarp(view: View, warp: Warp): View {
  const { width, height, luminance: source } = view;
  const luminance = new Uint8Array(source.length);
  // Each shift is a parabola over one coordinate, so a column's and a row's part are made once.
  const across = parabola(width);
  const down = parabola(height);
  for (let y = 0; y < height; y++) {
    const rowX = warp.leanX * width * (down[y] ?? 0);
    const rowY = y + warp.stretchY * height * (down[y] ?? 0);
    for (let x = 0; x < width; x++) {
      const bulge = across[x] ?? 0;
      const fromX = Math.max(0, Math.min(width - 1.001, x + rowX + warp.stretchX * width * bulge));
      const fromY = Math.max(0, Math.min(height - 1.001, rowY + warp.leanY * height * bulge));
      const left = fromX | 0;
      const top = fromY | 0;
      const right = fromX - left;
      const below = fromY - top;
      const at = top * width + left;
      const upper = (source[at] ?? 0) * (1 - right) + (source[at + 1] ?? 0) * right;
      const lower = (source[at + width] ?? 0) * (1 - right) + (source[at + width + 1] ?? 0) * right;
      luminance[y * width + x] = upper * (1 - below) + lower * below;
    }
  }
  return { ...view, luminance };
}

/** From 1/2 at the ends to -1/2 in the middle. */
function parabola(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => 4 * (index / length - 0.5) ** 2 - 0.5);
}
