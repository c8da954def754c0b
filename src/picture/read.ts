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
 * Unpacks a picture file; what is transparent shows white. Only the first picture of an animation
 * is read, and a camera's note on how it was held (EXIF) is left aside: codes read either way up.
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
    return grey(
      jpeg.decode(bytes, {
        useTArray: true,
        formatAsRGBA: true,
        tolerantDecoding: true,
        maxResolutionInMP: MAX_PIXELS / 1e6,
        maxMemoryUsageInMB: 1024,
      }),
    );
  } catch (error) {
    throw new PictureError(`the JPEG file is damaged or too large (${reason(error)})`, {
      cause: error,
    });
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Luma after ITU-R BT.601, in 1/1024, over white where the picture is transparent. */
function grey(picture: { width: number; height: number; data: Uint8Array }): GreyPicture {
  const { width, height, data } = picture;
  checkSize(width, height);
  const luminance = new Uint8Array(width * height);
  for (let index = 0; index < luminance.length; index++) {
    const at = index * 4;
    const alpha = data[at + 3] ?? 255;
    const level =
      (306 * (data[at] ?? 0) + 601 * (data[at + 1] ?? 0) + 117 * (data[at + 2] ?? 0) + 512) >> 10;
    luminance[index] =
      alpha === 255 ? level : Math.round((level * alpha + 255 * (255 - alpha)) / 255);
  }
  return { width, height, luminance };
}
