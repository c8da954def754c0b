/** Grey pictures as PNG, for pages that show what the camera sees. */
import { deflateSync, crc32 } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** One 8-bit grey image, rows without padding (PNG, ISO/IEC 15948, colour type 0). */
export function greyPng(width: number, height: number, luminance: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  // Each row starts with its filter type; 0 leaves the row as it is.
  const rows = Buffer.alloc((width + 1) * height);
  for (let row = 0; row < height; row++) {
    rows.set(luminance.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const data = deflateSync(rows, { level: 1 });
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Every other pixel of every other row, until the picture is at most `maxWidth` wide. */
export function shrink(
  picture: { width: number; height: number; luminance: Uint8Array },
  maxWidth: number,
): { width: number; height: number; luminance: Uint8Array } {
  const step = Math.max(1, Math.ceil(picture.width / maxWidth));
  if (step === 1) return picture;
  const width = Math.floor(picture.width / step);
  const height = Math.floor(picture.height / step);
  const luminance = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = y * step * picture.width;
    for (let x = 0; x < width; x++) {
      luminance[y * width + x] = picture.luminance[from + x * step] ?? 0;
    }
  }
  return { width, height, luminance };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
