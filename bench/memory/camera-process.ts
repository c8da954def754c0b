/**
 * A stand-in for a camera's program: writes the grey picture in a file to its output, 30 times a
 * second, and the next one as soon as it stands there. A frame nobody fetches is skipped.
 *
 *   node camera-process.ts FILE
 */
import { readFileSync, statSync } from "node:fs";
import process from "node:process";

const FRAMES_PER_SECOND = 30;

const path = process.argv[2] ?? "";
let picture = readFileSync(path);
let { ino } = statSync(path);

setInterval(() => {
  if (process.stdout.writableNeedDrain) return;
  const next = statSync(path);
  if (next.ino !== ino) {
    ino = next.ino;
    picture = readFileSync(path);
  }
  process.stdout.write(picture);
}, 1_000 / FRAMES_PER_SECOND);
