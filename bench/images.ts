/** What the code reader reads of the labelled pictures, beside each decoder alone in the same run. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DecodedCode } from "../hal/devices.ts";
import { readThoroughly } from "../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import { scale, whole } from "../hal/drivers/code-reader/image/image.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";
import { readPicture } from "../src/picture/read.ts";
import { percentile, printTable } from "./figures.ts";
import { completed } from "./labels.ts";
import { SINGLE_DECODERS, SINGLE_NAMES, cpuMsOf } from "./single-decoders.ts";
import { BUSTLE_FRAMES, MOST_FRAMES, framesUntilRead } from "./stream.ts";

/** One picture and what may be read in it: any of the texts, or nothing at all. */
interface Labelled {
  file: string;
  expected: string[];
  picture: Luminance;
}

/** How one way of reading did. */
interface Score {
  read: Set<string>;
  wrong: string[];
  falsely: string[];
  unread: string[];
  /** Of pictures that hold a code. */
  cpuMs: number[];
}

/** Decoders by themselves see pictures as large as the engine does. */
const LONG_SIDE = 1280;

export async function run(): Promise<void> {
  const folder = resolve(process.env["SENTINEL_CORPORA"] ?? "../shared/corpora", "codes");
  if (!existsSync(join(folder, "manifest.json"))) {
    throw new Error(
      `there are no labelled pictures in ${folder}; point SENTINEL_CORPORA at the public test data`,
    );
  }
  const decoders = await loadDecoders();
  const pictures = load(folder);
  // Compiled code and grown memory first, so that no way of reading pays for them.
  for (const { picture } of pictures.slice(0, 25)) readThoroughly(decoders, picture);

  const scores: [string, Score][] = [
    ["engine", await score(pictures, (image) => readThoroughly(decoders, image))],
  ];
  for (const name of SINGLE_NAMES) {
    scores.push([
      name,
      await score(pictures, (image) => SINGLE_DECODERS[name](decoders, bounded(image))),
    ]);
  }
  print(pictures, scores);
  printStreams(decoders, pictures, scores);
}

function load(folder: string): Labelled[] {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    file: string;
    expected: string[] | null;
  }[];
  return manifest.flatMap(({ file, expected }) =>
    expected === null
      ? []
      : [
          {
            file,
            expected: completed(file, expected),
            picture: readPicture(readFileSync(join(folder, file))),
          },
        ],
  );
}

function bounded(image: Luminance): Luminance {
  const factor = LONG_SIDE / Math.max(image.width, image.height);
  return factor < 1 ? scale(whole(image), factor) : image;
}

async function score(
  pictures: readonly Labelled[],
  read: (image: Luminance) => DecodedCode[],
): Promise<Score> {
  const result: Score = { read: new Set(), wrong: [], falsely: [], unread: [], cpuMs: [] };
  for (const { file, expected, picture } of pictures) {
    let codes: DecodedCode[] = [];
    const cpuMs = await cpuMsOf(() => {
      codes = read(picture);
    });
    if (expected.length === 0) {
      if (codes.length > 0) result.falsely.push(file);
      continue;
    }
    result.cpuMs.push(cpuMs);
    if (codes.some(({ text }) => !expected.includes(text))) result.wrong.push(file);
    else if (codes.length > 0) result.read.add(file);
    else result.unread.push(file);
  }
  return result;
}

function print(pictures: readonly Labelled[], scores: readonly (readonly [string, Score])[]): void {
  const holding = pictures.filter(({ expected }) => expected.length > 0).length;
  console.log(
    `${holding} pictures with a known text, ${pictures.length - holding} without a code; CPU in ms of pictures with one`,
  );
  printTable(
    ["", "read", "%", "wrong", "false", "mean", "median", "p95"],
    scores.map(([name, { read, wrong, falsely, cpuMs }]) => [
      name,
      String(read.size),
      ((100 * read.size) / holding).toFixed(1),
      String(wrong.length),
      String(falsely.length),
      (cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length).toFixed(1),
      percentile(cpuMs, 0.5).toFixed(2),
      percentile(cpuMs, 0.95).toFixed(1),
    ]),
  );
  const engine = scores[0]?.[1];
  for (const [what, files] of [
    ["not read", engine?.unread],
    ["other text than the label's", engine?.wrong],
    ["read where nothing is", engine?.falsely],
  ] as const) {
    if (files !== undefined && files.length > 0) console.log(`${what}: ${files.join(", ")}`);
  }
}

/** Every picture as a stream of itself, held to what decoders by themselves read of it. */
function printStreams(
  decoders: Decoders,
  pictures: readonly Labelled[],
  scores: readonly (readonly [string, Score])[],
): void {
  const read = (bustleFrames: number): Map<string, number> =>
    new Map(
      pictures.flatMap(({ file, expected, picture }) => {
        const found =
          expected.length === 0
            ? undefined
            : framesUntilRead(decoders, () => picture, bustleFrames);
        return found === undefined ? [] : [[file, found.frame]];
      }),
    );
  const frameOf = read(0);
  const counts = new Map<number, number>();
  for (const frame of frameOf.values()) counts.set(frame, (counts.get(frame) ?? 0) + 1);
  const listed = [...counts].sort(([a], [b]) => a - b);
  console.log(
    `\nas a stream, read on frame ${listed.map(([frame, count]) => `${frame}: ${count}`).join(", ")}`,
  );
  const within = (frames: number, files: ReadonlySet<string>): string =>
    `${[...files].filter((file) => (frameOf.get(file) ?? Infinity) <= frames).length} of ${files.size}`;
  const cheapest = scores.find(([name]) => name === SINGLE_NAMES[0])?.[1].read ?? new Set<string>();
  const anyOf = new Set(scores.flatMap(([, { read }]) => [...read]));
  console.log(
    `what ${SINGLE_NAMES[0]} reads by itself, on the first frame: ${within(1, cheapest)}`,
  );
  console.log(
    `what any decoder or step reads, within ${MOST_FRAMES} frames: ${within(MOST_FRAMES, anyOf)}; after a minute of bustle without a code: ${read(BUSTLE_FRAMES).size}`,
  );
}
