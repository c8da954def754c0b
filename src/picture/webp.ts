/** The first picture of a WebP file, unpacked by libwebp in wasm. */
import { decode } from "@cwasm/webp";
import { greyOf } from "./grey.ts";
import type { GreyPicture } from "./grey.ts";
import { PictureError, checkMemory, checkSize } from "./limits.ts";

const ascii = (bytes: Uint8Array, at: number): string =>
  String.fromCodePoint(...bytes.subarray(at, at + 4));

const word24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);

const word32 = (bytes: Uint8Array, at: number): number =>
  (word24(bytes, at) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;

interface Chunk {
  name: string;
  /** Where its content begins, and where it ends in the file. */
  start: number;
  end: number;
}

const fourBytes = (name: string): number => word32(new TextEncoder().encode(name), 0);

/** The first chunk of one of these names in a file or in an animation's frame, as far as it goes. */
function findChunk(bytes: Uint8Array, ...names: string[]): Chunk | undefined {
  // Compared as numbers: there may be millions of chunks.
  const wanted = names.map(fourBytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = word32(bytes, at + 4);
    const index = wanted.indexOf(word32(bytes, at));
    const name = names[index];
    if (name !== undefined) {
      return { name, start: at + 8, end: Math.min(bytes.length, at + 8 + size) };
    }
    at += 8 + size + (size & 1);
  }
  return undefined;
}

// What libwebp holds of a pixel: its colours, those of a lossless picture twice, and our copies of
// them, four bytes each; then the grey.
const BYTES_A_PIXEL = 4 + 4 + 4 + 1;

/** @throws PictureError when the file is damaged or larger than pictures may be */
export function readWebp(bytes: Uint8Array): GreyPicture {
  const frame = findChunk(bytes, "ANMF");
  const still = frame === undefined ? bytes : asFile(bytes.subarray(frame.start, frame.end));
  // The canvas first: it may claim more than the picture in it. Then what is really unpacked.
  const claimed = findChunk(bytes, "VP8X");
  if (claimed !== undefined) {
    checkSize(word24(bytes, claimed.start + 4) + 1, word24(bytes, claimed.start + 7) + 1);
  }
  const { width, height } = sizeOf(still);
  checkSize(width, height);
  checkMemory(
    `a WebP of ${width}×${height} pixels`,
    2 * bytes.length + still.length + BYTES_A_PIXEL * width * height,
  );
  try {
    const image = decode(still);
    const { buffer, byteOffset, byteLength } = image.data;
    return greyOf(image.width, image.height, new Uint8Array(buffer, byteOffset, byteLength));
  } catch (error) {
    throw new PictureError("the WebP file is damaged", { cause: error });
  }
}

/** Width and height of the picture itself (RFC 6386 §9.1; RFC 9649 §3.4). */
function sizeOf(bytes: Uint8Array): { width: number; height: number } {
  const picture = findChunk(bytes, "VP8 ", "VP8L");
  if (picture === undefined) throw new PictureError("the WebP file holds no picture");
  const { name, start } = picture;
  if (name === "VP8 ") {
    return { width: word24(bytes, start + 6) & 0x3fff, height: word24(bytes, start + 8) & 0x3fff };
  }
  const packed = word32(bytes, start + 1);
  return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
}

// An ANMF chunk: x, y, width - 1, height - 1, duration in 24 bits each, one byte of flags, then the
// frame's own chunks.
function asFile(frame: Uint8Array): Uint8Array {
  const chunks = frame.subarray(16);
  const file = new Uint8Array(12 + 18 + chunks.length);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode("RIFF"), 0);
  view.setUint32(4, file.length - 8, true);
  file.set(new TextEncoder().encode("WEBPVP8X"), 8);
  view.setUint32(16, 10, true);
  file[20] = ascii(chunks, 0) === "ALPH" || ascii(chunks, 0) === "VP8L" ? 0x10 : 0;
  file.set(frame.subarray(6, 12), 24);
  file.set(chunks, 30);
  return file;
}
