/** Stands in for a camera program: raw frames of the test pattern on standard output, in odd chunks. */
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { frameBytes } from "../../hal/bus/frames.ts";
import type { FrameGeometry } from "../../hal/bus/frames.ts";
import { patternLevel } from "./pattern.ts";

/** What the stand-in is told, as JSON in its first argument. */
export interface StandInOptions {
  geometry: FrameGeometry;
  /** A file that is there while the camera is plugged in. */
  plugged?: string;
  /** Said on standard error before the first frame. */
  says?: string;
  /** Frames to give before ending with status 1 or falling silent; for ever when absent. */
  frames?: number;
  afterwards?: "die" | "stall";
  /** Starts a helper that outlives its parent, and writes its process id here. */
  helperPidFile?: string;
  ignoreTerm?: boolean;
}

const options = JSON.parse(process.argv[2] ?? "") as StandInOptions;
const { geometry } = options;

const gone = (): boolean => options.plugged !== undefined && !existsSync(options.plugged);
if (gone()) {
  console.error("ERROR: *** no cameras available ***");
  process.exit(255);
}
if (options.ignoreTerm === true) process.on("SIGTERM", () => {});
if (options.helperPidFile !== undefined) {
  const helper = spawn("sleep", ["600"], { stdio: "ignore" });
  writeFileSync(options.helperPidFile, String(helper.pid));
}
if (options.says !== undefined) console.error(options.says);

const frame = new Uint8Array(frameBytes(geometry)).fill(0xaa);
for (let y = 0; y < geometry.height; y++) {
  for (let x = 0; x < geometry.width; x++) {
    frame[y * geometry.stride + x] = patternLevel(x, y);
  }
}

const CHUNK = 4_099; // prime, so that chunks end where no frame does
const write = (chunk: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(chunk, () => resolve());
  });

process.stdout.on("error", () => process.exit(0));
let carried = new Uint8Array(0);
for (let given = 0; given < (options.frames ?? Number.POSITIVE_INFINITY); given++) {
  if (gone()) {
    console.error("ERROR: Device timeout detected");
    process.exit(1);
  }
  const bytes = Buffer.concat([carried, frame]);
  const whole = bytes.length - (bytes.length % CHUNK);
  for (let at = 0; at < whole; at += CHUNK) await write(bytes.subarray(at, at + CHUNK));
  carried = Uint8Array.from(bytes.subarray(whole));
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
}
if (options.afterwards === "stall") setInterval(() => {}, 60_000);
else {
  console.error("ERROR: Device timeout detected, attempting a restart");
  process.exitCode = 1;
}
