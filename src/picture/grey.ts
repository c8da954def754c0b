/** Colours to grey, and what is transparent to white or black. */

/** A grey picture: `width * height` bytes, row by row, 0 black, 255 white. */
export interface GreyPicture {
  width: number;
  height: number;
  luminance: Uint8Array;
}

/** Luma after ITU-R BT.601, in 1/1024. */
export const luma = (red: number, green: number, blue: number): number =>
  (306 * red + 601 * green + 117 * blue + 512) >> 10;

// A code drawn in white, for a dark page: on white there would be nothing to see.
const LIGHT = 200;

/** What lies behind a transparent picture: white, or black where all that is drawn is light. */
export const backdropOf = (darkest: number): number => (darkest > LIGHT ? 0 : 255);

/** From this opacity on a pixel counts as drawn. */
export const DRAWN_ALPHA = 128;

export const over = (level: number, alpha: number, backdrop: number): number =>
  Math.round((level * alpha + backdrop * (255 - alpha)) / 255);

/** @param data red, green, blue and alpha of every pixel */
export function greyOf(width: number, height: number, data: Uint8Array): GreyPicture {
  const luminance = new Uint8Array(width * height);
  let clear = false;
  let darkest = 255;
  for (let index = 0; index < luminance.length; index++) {
    const at = index * 4;
    const level = luma(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
    luminance[index] = level;
    const alpha = data[at + 3] ?? 255;
    if (alpha < 255) clear = true;
    if (alpha >= DRAWN_ALPHA && level < darkest) darkest = level;
  }
  if (!clear) return { width, height, luminance };
  const backdrop = backdropOf(darkest);
  for (let index = 0; index < luminance.length; index++) {
    luminance[index] = over(luminance[index] ?? 0, data[index * 4 + 3] ?? 255, backdrop);
  }
  return { width, height, luminance };
}
