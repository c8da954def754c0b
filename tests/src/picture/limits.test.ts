/** What a picture would take is counted and refused before any of it is taken, in every format. */
import process from "node:process";
import { crc32, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { MAX_WORKING_BYTES, PictureError } from "../../../src/picture/limits.ts";
import { readPicture } from "../../../src/picture/read.ts";

function pngOf(side: number, depth: number, colourType: number, interlace: number): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(side);
  content.writeUInt32BE(side, 4);
  content.set([depth, colourType, 0, 0, interlace], 8);
  const chunk = (name: string, body: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(name), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length);
    frame.writeUInt32BE(crc32(named), 4);
    return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
  };
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", content),
    chunk("PLTE", Buffer.alloc(768)),
    chunk("IDAT", deflateSync(Buffer.alloc(1_000_000))),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** A frame header, and enough behind it to be taken for a picture. */
function jpegOf(marker: number, side: number, components: number): Buffer {
  const frame = Buffer.alloc(10 + 3 * components);
  frame.set([0xff, marker, 0, 8 + 3 * components, 8]);
  frame.writeUInt16BE(side, 5);
  frame.writeUInt16BE(side, 7);
  frame[9] = components;
  for (let index = 0; index < components; index++) frame.set([index + 1, 0x11, 0], 10 + 3 * index);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), frame, Buffer.alloc(100_000)]);
}

function webpOf(side: number, lossless: boolean): Buffer {
  const head = Buffer.alloc(40);
  head.write("RIFF");
  head.write(lossless ? "WEBPVP8L" : "WEBPVP8 ", 8);
  head.writeUInt32LE(20, 16);
  if (lossless) head.writeUInt32LE(((side - 1) << 14) | (side - 1), 21);
  else head.writeUInt32LE((side << 16) | side, 26);
  return head;
}

/** An animation whose canvas is small and whose first frame is not. */
function animated(side: number): Buffer {
  const still = webpOf(side, true).subarray(12);
  const frame = Buffer.concat([Buffer.alloc(16), still]);
  const head = Buffer.alloc(30 + 8);
  head.write("RIFF");
  head.write("WEBPVP8X", 8);
  head.writeUInt32LE(10, 16);
  head.write("ANMF", 30);
  head.writeUInt32LE(frame.length, 34);
  return Buffer.concat([head, frame]);
}

function gifOf(screen: number, picture: number): Buffer {
  const bytes = Buffer.from("474946383961000000000000002c0000000000000000000202440100003b", "hex");
  bytes.writeUInt16LE(screen, 6);
  bytes.writeUInt16LE(screen, 8);
  bytes.writeUInt16LE(picture, 18);
  bytes.writeUInt16LE(picture, 20);
  return bytes;
}

describe("a picture that would take too much memory is refused unread:", () => {
  test.each<[string, Buffer]>([
    ["PNG of 16 bits, red, green, blue and alpha", pngOf(6_000, 16, 6, 0)],
    ["the same, interlaced", pngOf(6_000, 16, 6, 1)],
    ["PNG of 16 bits in colour", pngOf(6_400, 16, 2, 0)],
    ["PNG of 8 bits with alpha", pngOf(7_600, 8, 6, 0)],
    ["JPEG, progressive, in four inks", jpegOf(0xc2, 4_700, 4)],
    ["JPEG in four inks", jpegOf(0xc0, 7_400, 4)],
    ["WebP", webpOf(5_000, false)],
    ["WebP without loss", webpOf(5_000, true)],
    ["WebP, the first frame of an animation", animated(5_000)],
  ])("%s", (_name, bytes) => {
    const before = process.resourceUsage().maxRSS;
    expect(() => readPicture(bytes)).toThrow(PictureError);
    expect(() => readPicture(bytes)).toThrow(
      new RegExp(`MB to unpack, more than the ${MAX_WORKING_BYTES / 2 ** 20} MB`),
    );
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(20_000);
  });

  test.each<[string, Buffer, string]>([
    ["PNG", pngOf(9_000, 8, 0, 0), "are more than the 64 million"],
    ["JPEG", jpegOf(0xc0, 9_000, 3), "are more than the 64 million"],
    ["WebP", webpOf(9_000, true), "are more than the 64 million"],
    ["GIF, by its screen", gifOf(9_000, 8), "are more than the 64 million"],
    ["GIF, by its picture", gifOf(8, 9_000), "are more than the 64 million"],
    ["a PNG that holds no more than a corner", pngOf(7_000, 8, 2, 0), "ends in the middle"],
    [
      "a JPEG that holds no more than a line",
      jpegOf(0xc0, 7_900, 1).subarray(0, 700),
      "ends in the middle",
    ],
  ])("%s: too large, or not there", (_name, bytes, message) => {
    expect(() => readPicture(bytes)).toThrow(message);
  });

  test("a GIF of a small picture on a large screen takes the screen in grey", () => {
    const { width, height, luminance } = readPicture(gifOf(3_000, 2));
    expect([width, height, luminance.length]).toEqual([3_000, 3_000, 9_000_000]);
  });
});

const many = (count: number, piece: Uint8Array): Buffer =>
  Buffer.alloc(count * piece.length, piece);
const riff = (body: Buffer): Buffer => Buffer.concat([Buffer.from("RIFF0000WEBP"), body]);

/** A million pieces before the end of a file that is otherwise as short as can be. */
function inPieces(kind: "PNG" | "GIF" | "WebP" | "animated WebP"): Buffer {
  const png = pngOf(8, 8, 0, 0);
  const gif = gifOf(8, 8);
  switch (kind) {
    case "PNG": {
      const empty = Buffer.from("000000004944415435af061e", "hex");
      return Buffer.concat([png.subarray(0, 33), many(1_000_000, empty), png.subarray(33)]);
    }
    case "GIF": {
      const comment = Buffer.concat([
        Buffer.from([0x21, 0xfe]),
        many(1_000_000, Buffer.from("\x01a")),
      ]);
      return Buffer.concat([gif.subarray(0, 13), comment, Buffer.from([0]), gif.subarray(13)]);
    }
    case "WebP":
      return riff(many(1_000_000, Buffer.from("JUNK\0\0\0\0")));
    case "animated WebP":
      return riff(many(300_000, Buffer.from(`ANMF\x10\0\0\0${"\0".repeat(16)}`)));
  }
}

describe("a file of a million pieces takes no more memory than the file itself:", () => {
  test.each(["PNG", "GIF", "WebP", "animated WebP"] as const)("%s", (kind) => {
    const bytes = inPieces(kind);
    const before = process.resourceUsage().maxRSS;
    const outcome = (): string => {
      try {
        const { width, height } = readPicture(bytes);
        return `${width}×${height}`;
      } catch (error) {
        return String(error);
      }
    };
    expect(outcome()).toMatch(/^(8×8$|PictureError)/);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(40_000);
  });
});

/** A progressive JPEG of empty blocks whose scans are about all of them in a few bytes each. */
function progressive(side: number, scans: number): Buffer {
  const segment = (marker: number, body: readonly number[]): Buffer =>
    Buffer.from([0xff, marker, 0, body.length + 2, ...body]);
  const size = [side >> 8, side & 0xff];
  // One code of one bit: a run of 16384 blocks that end, and 14 bits of how many more.
  const code = [0x10, 1, ...Array.from({ length: 15 }, () => 0), 0xe0];
  const scan = (high: number): Buffer =>
    Buffer.concat([
      segment(0xda, [1, 1, 0, 1, 63, high << 4]),
      many(20, Buffer.from("3fff00", "hex")),
    ]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array.from({ length: 64 }, () => 1)]),
    segment(0xc2, [8, ...size, ...size, 1, 1, 0x11, 0]),
    segment(0xc4, code),
    scan(0),
    ...Array.from({ length: scans - 1 }, () => scan(1)),
    Buffer.from([0xff, 0xd9]),
  ]);
}

describe("a JPEG of very many scans", () => {
  test("is refused after as many as a picture can have", () => {
    const startedMs = process.cpuUsage().user / 1_000;
    expect(() => readPicture(progressive(640, 200_000))).toThrow("again and again");
    expect(process.cpuUsage().user / 1_000 - startedMs).toBeLessThan(3_000);
  });

  test("is read where they are no more than that", () => {
    expect(readPicture(progressive(640, 14))).toMatchObject({ width: 640, height: 640 });
  });
});
