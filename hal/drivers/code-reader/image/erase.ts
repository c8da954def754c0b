/** Takes codes that were read out of a picture, so that they cannot hide the others in it. */
import type { DecodedCode, Point } from "../../../devices.ts";
import type { View } from "./image.ts";
import { area, centre } from "../decode/rank.ts";

// A finder pattern has seven modules (ISO/IEC 18004:2015, 5.3.3). Without the middle five nothing finds
// it; its edge stays, because another code may begin there.
const FINDER = { from: 1, to: 6 };

/**
 * A copy without the codes, in the pixels of the picture that the view was made of. Only what a code
 * is found by is painted over, its three finder patterns: another code may lie on the rest of it.
 */
export function erase(view: View, codes: readonly DecodedCode[]): View {
  const erased = { ...view, luminance: Uint8Array.from(view.luminance) };
  for (const { corners, modules, format } of codes) {
    const [topLeft, topRight, bottomRight, bottomLeft] = corners.map((corner) =>
      inView(view, corner),
    );
    if (topLeft && topRight && bottomRight && bottomLeft) {
      const quad: Quad = [topLeft, topRight, bottomRight, bottomLeft];
      // Without the number of modules, and in the small symbols, all of it.
      const isWhole = modules === undefined || format === "micro-qr";
      const parts = isWhole ? [quad] : finders(quad, FINDER.from / modules, FINDER.to / modules);
      for (const part of parts) paint(erased, part);
    }
  }
  return erased;
}

type Quad = [topLeft: Point, topRight: Point, bottomRight: Point, bottomLeft: Point];

const inView = ({ scale, offset }: View, { x, y }: Point): Point => ({
  x: (x - offset.x) / scale,
  y: (y - offset.y) / scale,
});

/** The three corners with a finder pattern; the fourth has none. */
function finders(quad: Quad, from: number, to: number): Quad[] {
  const near = { from, to };
  const far = { from: 1 - to, to: 1 - from };
  return (
    [
      [near, near],
      [far, near],
      [near, far],
    ] as const
  ).map(([across, down]) => [
    within(quad, across.from, down.from),
    within(quad, across.to, down.from),
    within(quad, across.to, down.to),
    within(quad, across.from, down.to),
  ]);
}

/** The point at a share of the way along and down. */
function within([topLeft, topRight, bottomRight, bottomLeft]: Quad, u: number, v: number): Point {
  const blend = (from: Point, to: Point, share: number): Point => ({
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
  });
  return blend(blend(topLeft, topRight, u), blend(bottomLeft, bottomRight, u), v);
}

/** Fills a convex quad, and a pixel around it, with its own mean level. */
function paint(view: View, quad: Quad): void {
  const { width, luminance } = view;
  const spans = spansOf(view, quad);
  let sum = 0;
  let count = 0;
  for (const { row, from, to } of spans) {
    for (let x = from; x < to; x++) sum += luminance[row * width + x] ?? 0;
    count += Math.max(0, to - from);
  }
  if (count === 0) return;
  const level = Math.round(sum / count);
  for (const { row, from, to } of spans)
    luminance.fill(level, row * width + from, row * width + to);
}

function spansOf({ width, height }: View, quad: Quad): { row: number; from: number; to: number }[] {
  const ys = quad.map(({ y }) => y);
  const top = Math.max(0, Math.floor(Math.min(...ys)) - 1);
  const bottom = Math.min(height, Math.ceil(Math.max(...ys)) + 1);
  const spans: { row: number; from: number; to: number }[] = [];
  for (let row = top; row < bottom; row++) {
    let from = Infinity;
    let to = -Infinity;
    quad.forEach((start, index) => {
      const end = quad[(index + 1) % 4] ?? start;
      // The part of the edge that lies in the row.
      const upper = Math.max(row - 1, Math.min(start.y, end.y));
      const lower = Math.min(row + 1, Math.max(start.y, end.y));
      if (upper > lower) return;
      for (const y of [upper, lower]) {
        const share = end.y === start.y ? 0 : (y - start.y) / (end.y - start.y);
        const x = start.x + (end.x - start.x) * share;
        from = Math.min(from, x);
        to = Math.max(to, x);
      }
      if (end.y === start.y) to = Math.max(to, end.x);
      if (end.y === start.y) from = Math.min(from, end.x);
    });
    if (from <= to) {
      spans.push({
        row,
        from: Math.max(0, Math.floor(from) - 1),
        to: Math.min(width, Math.ceil(to) + 1),
      });
    }
  }
  return spans;
}

// An outline of what could not be read is rough.
const SAME_PLACE = 0.25;

/** Whether an outline is that of one of the codes: their middles lie close to one another. */
export function isOutlineOf(codes: readonly DecodedCode[], outline: readonly Point[]): boolean {
  const at = centre(outline);
  return codes.some(({ corners }) => {
    const { x, y } = centre(corners);
    return Math.hypot(x - at.x, y - at.y) < SAME_PLACE * Math.sqrt(area(corners));
  });
}
