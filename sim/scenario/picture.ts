/** A picture file as what the camera sees. */
import { readFile } from "node:fs/promises";
import { readPicture as readBytes } from "../../src/picture/read.ts";
import type { Picture } from "../camera/picture.ts";

/** Reads a PNG, JPEG, WebP or GIF file, told by its content. Throws with a clear message. */
export async function readPicture(path: string): Promise<Picture> {
  return readBytes(await readFile(path));
}
