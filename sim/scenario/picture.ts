/** A picture file as what the camera sees: told by its content, turned into grey levels. */
import { readFile } from "node:fs/promises";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import type { Picture } from "../camera/render.ts";

/** Reads a picture file. Throws with a clear message when it is none. */
export async function readPicture(path: string): Promise<Picture> {
  const bytes = await readFile(path);
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) {
    const { width, height, data } = PNG.sync.read(bytes);
    return grey(width, height, data);
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      maxMemoryUsageInMB: 512,
    });
    return grey(width, height, data);
  }
  throw new Error(`${path} is not a picture: expected PNG or JPEG content`);
}

/** Luminance of RGBA pixels by ITU-R BT.601, before white where they are transparent. */
function grey(width: number, height: number, rgba: Uint8Array): Picture {
  const luminance = new Uint8Array(width * height);
  for (let index = 0; index < luminance.length; index++) {
    const at = index * 4;
    const level =
      0.299 * (rgba[at] ?? 0) + 0.587 * (rgba[at + 1] ?? 0) + 0.114 * (rgba[at + 2] ?? 0);
    const opacity = (rgba[at + 3] ?? 255) / 255;
    luminance[index] = Math.round(level * opacity + 255 * (1 - opacity));
  }
  return { width, height, luminance };
}
