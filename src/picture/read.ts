/** Picture files to grey pictures: PNG, JPEG, WebP and GIF, told by their content. */
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { readGif } from "./gif.ts";
import { MAX_PIXELS, PictureError, checkSize } from "./limits.ts";
import { readWebp } from "./webp.ts";

/** A grey picture: `width * height` bytes, row by row, 0 black, 255 white. */
export interface GreyPicture {
  width: number;
  height: number;
  luminance: Uint8Array;
}

const startsWith = (bytes: Uint8Array, at: number, ...expected: number[]): boolean =>
  expected.every((value, index) => bytes[at + index] === value);

/**
 * Unpacks a picture file; what is transparent shows white, or black where all the rest is light.
 * A JPEG that was cut off gives what is there of it. Only the first picture of an animation is read,
 * and a camera's note on how it was held (EXIF) is left aside: codes read either way up.
 * @throws PictureError for anything else than a readable PNG, JPEG, WebP or GIF
 */
export function readPicture(bytes: Uint8Array): GreyPicture {
  if (startsWith(bytes, 0, 0x89, 0x50, 0x4e, 0x47)) return readPng(bytes);
  if (startsWith(bytes, 0, 0xff, 0xd8, 0xff)) return readJpeg(bytes);
  if (startsWith(bytes, 0, 0x47, 0x49, 0x46, 0x38)) return grey(readGif(bytes));
  const riff = startsWith(bytes, 0, 0x52, 0x49, 0x46, 0x46);
  if (riff && startsWith(bytes, 8, 0x57, 0x45, 0x42, 0x50)) return grey(readWebp(bytes));
  throw new PictureError("not a PNG, JPEG, WebP or GIF file");
}

function readPng(bytes: Uint8Array): GreyPicture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The first chunk is IHDR: width and height follow its length and type (ISO/IEC 15948, 11.2.2).
  if (bytes.length < 33) throw new PictureError("the PNG file ends in the middle");
  checkSize(view.getUint32(16), view.getUint32(20));
  try {
    return grey(PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  } catch (error) {
    const why = reason(error);
    // The library's words for running out of bytes.
    if (/read requests|unexpected end/i.test(why)) {
      throw new PictureError("the PNG file ends in the middle", { cause: error });
    }
    throw new PictureError(`the PNG file is damaged (${why})`, { cause: error });
  }
}

function readJpeg(bytes: Uint8Array): GreyPicture {
  try {
    return grey(unpackJpeg(bytes));
  } catch (error) {
    const why = reason(error);
    // The library's words for a file that is over before its end marker.
    if (/marker was not found|unexpected marker: ffd9/.test(why)) return readCutJpeg(bytes);
    throw new PictureError(`the JPEG file is damaged or too large (${why})`, { cause: error });
  }
}

// As much again as was sent, and this: more than any part that can be missing of a small file.
const FILLING_BYTES = 65_536;

/** What is missing decodes to anything; above it lies what was sent (a transfer that broke off). */
function readCutJpeg(bytes: Uint8Array): GreyPicture {
  const filled = new Uint8Array(2 * bytes.length + FILLING_BYTES);
  filled.set(bytes);
  filled.set([0xff, 0xd9], filled.length - 2);
  try {
    return grey(unpackJpeg(filled));
  } catch (error) {
    throw new PictureError("the JPEG file ends in the middle", { cause: error });
  }
}

function unpackJpeg(bytes: Uint8Array): { width: number; height: number; data: Uint8Array } {
  return jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: true,
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: 1024,
  });
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// A code drawn in white, for a dark page: on white there would be nothing to see.
const LIGHT = 200;

/** Luma after ITU-R BT.601, in 1/1024. */
function grey(picture: { width: number; height: number; data: Uint8Array }): GreyPicture {
  const { width, height, data } = picture;
  checkSize(width, height);
  const luminance = new Uint8Array(width * height);
  let clear = false;
  let darkest = 255;
  for (let index = 0; index < luminance.length; index++) {
    const at = index * 4;
    const level =
      (306 * (data[at] ?? 0) + 601 * (data[at + 1] ?? 0) + 117 * (data[at + 2] ?? 0) + 512) >> 10;
    luminance[index] = level;
    const alpha = data[at + 3] ?? 255;
    if (alpha < 255) clear = true;
    if (alpha > 127 && level < darkest) darkest = level;
  }
  if (clear) layOver(luminance, data, darkest > LIGHT ? 0 : 255);
  return { width, height, luminance };
}

/** @param data red, green, blue and alpha of the same pixels */
function layOver(luminance: Uint8Array, data: Uint8Array, backdrop: number): void {
  for (let index = 0; index < luminance.length; index++) {
    const alpha = data[index * 4 + 3] ?? 255;
    const level = luminance[index] ?? 0;
    luminance[index] = Math.round((level * alpha + backdrop * (255 - alpha)) / 255);
  }
}
