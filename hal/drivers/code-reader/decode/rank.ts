/** Several codes in view: which one is being held up. */
import type { DecodedCode, Point } from "../../../devices.ts";
import type { Luminance } from "../image/image.ts";

/** Area inside the corners, in square pixels (shoelace formula); 0 when they are unknown. */
export function area(corners: readonly Point[]): number {
  let twice = 0;
  corners.forEach((point, index) => {
    const next = corners[(index + 1) % corners.length] ?? point;
    twice += point.x * next.y - next.x * point.y;
  });
  return Math.abs(twice) / 2;
}

/** The mean of the corners. */
export function centre(corners: readonly Point[]): Point {
  const count = Math.max(1, corners.length);
  return {
    x: corners.reduce((sum, point) => sum + point.x, 0) / count,
    y: corners.reduce((sum, point) => sum + point.y, 0) / count,
  };
}

/**
 * How much a code looks like the one meant: 1 in the very centre and as large as the picture. A code
 * twice as wide outweighs being half the way to the edge.
 */
function prominence(code: DecodedCode, image: Luminance): number {
  if (code.corners.length === 0) return 0;
  const { x, y } = centre(code.corners);
  const away = Math.hypot((2 * x) / image.width - 1, (2 * y) / image.height - 1) / Math.SQRT2;
  const width = Math.sqrt(area(code.corners) / (image.width * image.height));
  return width * (1 - 0.75 * Math.min(1, away));
}

/**
 * The codes, each content once: wanted ones first, then the one nearest to the centre and largest.
 * @param isWanted whether a code is one that the door decides about; absent: all are
 */
export function ranked(
  codes: readonly DecodedCode[],
  image: Luminance,
  isWanted: (code: DecodedCode) => boolean = () => true,
): DecodedCode[] {
  const unique = new Map<string, DecodedCode>();
  for (const code of codes) {
    const key = contentKey(code);
    if (!unique.has(key)) unique.set(key, code);
  }
  const marks = new Map(
    [...unique.values()].map((code) => [
      code,
      (isWanted(code) ? 1 : 0) * 2 + prominence(code, image),
    ]),
  );
  return [...marks].sort(([, a], [, b]) => b - a).map(([code]) => code);
}

/** The same for two codes exactly when they carry the same bytes in the same kind of symbol. */
export function contentKey(code: DecodedCode): string {
  return `${code.format}:${code.bytes.length}:${code.bytes.join(",")}`;
}
