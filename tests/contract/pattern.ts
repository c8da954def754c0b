/** The picture that cameras under test look at. */

/** The grey level at a pixel: no two neighbouring rows or columns alike. */
export function patternLevel(x: number, y: number): number {
  return (x * 7 + y * 13) & 0xff;
}
