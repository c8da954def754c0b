/** Reading a configured file for a check: never one that would make the doctor wait for ever. */
import { readFile, stat } from "node:fs/promises";

/**
 * The text of a file.
 * @throws for a folder, a pipe or a device in its place: a pipe that has no writer is never read to its end
 */
export async function readRegularFile(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error(`${path} is not a regular file`);
  return readFile(path, "utf8");
}
