/** Picture files to grey pictures: PNG, JPEG, WebP and GIF, recognised by their content. */
import { readGif } from "./gif.ts";
import type { GreyPicture } from "./grey.ts";
import { readJpeg } from "./jpeg.ts";
import { PictureError } from "./limits.ts";
import { readPng } from "./png.ts";
import { readWebp } from "./webp.ts";

export type { GreyPicture };

const startsWith = (bytes: Uint8Array, at: number, ...expected: number[]): boolean =>
  expected.every((value, index) => bytes[at + index] === value);

/**
 * Unpacks a picture file; what is transparent shows white, or black where all the rest is light.
 * What stands behind the picture in the file is left aside. A JPEG that was cut off gives what is
 * there of it. Only the first picture of an animation is read, and a camera's note on how it was held
 * (EXIF) is left aside: codes read either way up.
 * @throws PictureError for anything else than a readable PNG, JPEG, WebP or GIF, and for one that
 *   would take more memory than a picture may; that is counted before it is taken
 */
export function readPicture(bytes: Uint8Array): GreyPicture {
  if (startsWith(bytes, 0, 0x89, 0x50, 0x4e, 0x47)) return readPng(bytes);
  if (startsWith(bytes, 0, 0xff, 0xd8, 0xff)) return readJpeg(bytes);
  if (startsWith(bytes, 0, 0x47, 0x49, 0x46, 0x38)) return readGif(bytes);
  const riff = startsWith(bytes, 0, 0x52, 0x49, 0x46, 0x46);
  if (riff && startsWith(bytes, 8, 0x57, 0x45, 0x42, 0x50)) return readWebp(bytes);
  throw new PictureError("not a PNG, JPEG, WebP or GIF file");
}
