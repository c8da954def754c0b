/** The first picture of a WebP file, unpacked by libwebp in wasm. */
import { decode } from "@cwasm/webp";
import type { Rgba } from "./gif.ts";
import { PictureError, checkSize } from "./limits.ts";

const ascii = (bytes: Uint8Array, at: number): string =>
  String.fromCodePoint(...bytes.subarray(at, at + 4));

const word24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);

const word32 = (bytes: Uint8Array, at: number): number =>
  (word24(bytes, at) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;

/** @throws PictureError when the file is damaged or larger than pictures may be */
export function readWebp(bytes: Uint8Array): Rgba {
  const { width, height } = sizeOf(bytes);
  checkSize(width, height);
  const still = firstFrame(bytes) ?? bytes;
  try {
    const image = decode(still);
    return { width: image.width, height: image.height, data: Uint8Array.from(image.data) };
  } catch (error) {
    throw new PictureError("the WebP file is damaged", { cause: error });
  }
}

/** Width and height from the first chunk (WebP Container Specification; RFC 6386 §9.1; RFC 9649 §3.4). */
function sizeOf(bytes: Uint8Array): { width: number; height: number } {
  const kind = ascii(bytes, 12);
  if (kind === "VP8X") return { width: word24(bytes, 24) + 1, height: word24(bytes, 27) + 1 };
  if (kind === "VP8 ") {
    return { width: word24(bytes, 26) & 0x3fff, height: word24(bytes, 28) & 0x3fff };
  }
  if (kind === "VP8L") {
    const packed = word32(bytes, 21);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  throw new PictureError("the WebP file holds no picture");
}

/** An animation's first frame as a file of its own; nothing for a still picture. */
function firstFrame(bytes: Uint8Array): Uint8Array | undefined {
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = word32(bytes, at + 4);
    if (ascii(bytes, at) === "ANMF") {
      const frame = bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + size));
      return asFile(frame);
    }
    at += 8 + size + (size & 1);
  }
  return undefined;
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
