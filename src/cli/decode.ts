/** `sentinel decode`: what the door's code reader reads in picture files. */
import { readFileSync, statSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Command } from "commander";
import type { DecodedCode, Point } from "../../hal/devices.ts";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../credential/shapes.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { PictureError } from "../picture/limits.ts";
import { readPicture } from "../picture/read.ts";
import { printLine } from "./support/output.ts";
import { errorText } from "../base/errors.ts";

/** One file's outcome, as `--json` prints it. */
interface Report {
  /** As given on the command line. */
  file: string;
  /** CPU of decoding, without unpacking the file; 0 when it could not be read. */
  cpuMs: number;
  codes: {
    text: string;
    /** Base64 of what the code carries. */
    bytes: string;
    format: DecodedCode["format"];
    /** In pixels of the file: top left, top right, bottom right, bottom left of the code. */
    corners: Point[];
    decoder: string;
    /** One of several symbols that carry a code together, where others of them are missing. */
    part?: { number: number; of: number };
    /** Of how many symbols the code was put together. */
    joinedFrom?: number;
  }[];
  /** Why the file could not be read; absent otherwise. */
  error?: string;
}

/** A file larger than this is not a photograph of a code. */
const MAX_FILE_BYTES = 100 * 1024 * 1024;

/** The verb, ready to be added to the program. */
export function decodeCommand(): Command {
  return new Command("decode")
    .description("Read the codes in picture files, as the camera at the door would")
    .argument("<image...>", "PNG, JPEG, WebP or GIF files, told by their content")
    .option("--json", "one JSON line for each file")
    .addHelpText(
      "after",
      "\nExit status: 0 when every file could be read as a picture, with a code or without; 1 otherwise.",
    )
    .action(async (files: string[], options: { json?: boolean }) => {
      const failures = await decodeFiles(files, options.json === true, printLine);
      if (failures > 0) process.exitCode = 1;
    });
}

/**
 * Decodes files one after the other, so that memory stays that of the largest.
 * @returns how many could not be read
 */
async function decodeFiles(
  files: readonly string[],
  json: boolean,
  print: (line: string) => void,
): Promise<number> {
  const engine = createInlineEngine({ wanted: CREDENTIAL_SHAPES, everyCode: true });
  await engine.ready();
  let failures = 0;
  for (const file of files) {
    const report = await decodeFile(engine, file);
    if (report.error !== undefined) failures += 1;
    for (const line of json ? [JSON.stringify(report)] : describe(report)) print(line);
    // A turn of the event loop between files: V8 lets go of what the decoders' bindings held.
    await nextTurn();
  }
  await engine.close();
  return failures;
}

async function decodeFile(engine: DecodeEngine, file: string): Promise<Report> {
  try {
    const picture = readPicture(contentOf(file));
    const before = process.cpuUsage();
    const { codes } = await engine.decode(picture);
    const { user, system } = process.cpuUsage(before);
    return {
      file,
      cpuMs: (user + system) / 1000,
      codes: codes.map(({ text, bytes, format, corners, decoder, part, joinedFrom }) => ({
        text,
        bytes: Buffer.from(bytes).toString("base64"),
        format,
        corners: corners.map(({ x, y }) => ({ x: tenths(x), y: tenths(y) })),
        decoder,
        ...(part === undefined ? {} : { part: { number: part.number, of: part.of } }),
        ...(joinedFrom === undefined ? {} : { joinedFrom }),
      })),
    };
  } catch (error) {
    const message = errorText(error);
    return { file, cpuMs: 0, codes: [], error: message };
  }
}

function contentOf(file: string): Uint8Array {
  const { size } = statSync(file);
  if (size > MAX_FILE_BYTES) {
    throw new PictureError(`${size} bytes are more than a picture file has`);
  }
  return readFileSync(file);
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

function describe({ file, cpuMs, codes, error }: Report): string[] {
  if (error !== undefined) return [`${file}: ${error}`];
  if (codes.length === 0) return [`${file}: no code (${cpuMs.toFixed(1)} ms)`];
  return codes.map(
    ({ text, decoder, part, joinedFrom }) =>
      `${file}: ${JSON.stringify(text)} (${describeParts(part, joinedFrom)}${decoder}, ${cpuMs.toFixed(1)} ms)`,
  );
}

function describeParts(
  part: { number: number; of: number } | undefined,
  joinedFrom: number | undefined,
): string {
  if (part !== undefined) return `part ${part.number} of ${part.of} of a code, `;
  return joinedFrom === undefined ? "" : `joined from ${joinedFrom} parts, `;
}
