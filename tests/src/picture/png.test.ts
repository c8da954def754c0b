/** PNG files: every layout of pixels, what stands behind them, and what is wrong with damaged ones. */
import { crc32, deflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { readPicture } from "../../../src/picture/read.ts";

function chunk(name: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}

interface Layout {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  interlaced?: boolean;
}

function header({ width, height, depth, colourType, interlaced = false }: Layout): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width);
  content.writeUInt32BE(height, 4);
  content.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return chunk("IHDR", content);
}

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");
const END = chunk("IEND", new Uint8Array());

function file(layout: Layout, raw: Uint8Array, others: readonly Buffer[] = []): Buffer {
  const picture = chunk("IDAT", deflateSync(raw));
  return Buffer.concat([SIGNATURE, header(layout), ...others, picture, END]);
}

/** Any bytes, the same every time; each row begins with one of the five filters. */
function rows(lengths: readonly number[]): Buffer {
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 0x7fffffff) & 0xff;
  return Buffer.concat(
    lengths.map((length, row) => Buffer.from([row % 5, ...Array.from({ length }, next)])),
  );
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const LAYOUTS = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
] as const;

const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A picture of the layout with anything in it; its palette holds every entry. */
function pictureOf(colourType: number, depth: number, interlaced: boolean): Buffer {
  const [width, height] = [11, 10];
  const bits = depth * (SAMPLES[colourType] ?? 0);
  const lengths = (interlaced ? PASSES : ([[0, 0, 1, 1]] as const)).flatMap(
    ([left, top, stepX, stepY]) => {
      const columns = Math.ceil((width - left) / stepX);
      const length = Math.ceil((columns * bits) / 8);
      return Array.from({ length: Math.ceil((height - top) / stepY) }, () => length);
    },
  );
  const palette = rows([767]).map((byte, index) => (index === 0 ? 7 : byte));
  const others = colourType === 3 ? [chunk("PLTE", palette)] : [];
  return file({ width, height, depth, colourType, interlaced }, rows(lengths), others);
}

/** What pngjs makes of it, over white. */
function expectedOf(bytes: Buffer): number[] {
  const { data, width, height } = PNG.sync.read(bytes);
  return Array.from({ length: width * height }, (_, index) => {
    const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(4 * index);
    const level = (306 * red + 601 * green + 117 * blue + 512) >> 10;
    return Math.round((level * alpha + 255 * (255 - alpha)) / 255);
  });
}

describe.each([false, true])("a PNG file, interlaced: %s", (interlaced) => {
  test.each(LAYOUTS)("of colour type %i with %i bits a sample is read", (colourType, depth) => {
    const bytes = pictureOf(colourType, depth, interlaced);
    const { luminance } = readPicture(bytes);
    const off = expectedOf(bytes).map((level, index) => Math.abs(level - (luminance[index] ?? 0)));
    // Of 16 bits the upper eight are taken; rounding them gives one more, with alpha two.
    expect(Math.max(...off)).toBeLessThanOrEqual(depth === 16 ? 2 : 0);
  });
});

describe("a PNG file with a transparent colour", () => {
  test.each([
    ["grey", 0, [0, 9], [9, 40], [255, 40]],
    ["colour", 2, [0, 9, 0, 9, 0, 9], [9, 9, 9, 40, 40, 40], [255, 40]],
  ])("in %s shows white there", (_name, colourType, clear, pixels, expected) => {
    const layout = { width: 2, height: 1, depth: 8, colourType };
    const bytes = file(layout, Buffer.from([0, ...pixels]), [chunk("tRNS", Buffer.from(clear))]);
    expect([...readPicture(bytes).luminance]).toEqual(expected);
  });

  test("in a palette shows white there", () => {
    const others = [
      chunk("PLTE", Buffer.from([9, 9, 9, 40, 40, 40])),
      chunk("tRNS", Buffer.from([0])),
    ];
    const bytes = file(
      { width: 2, height: 1, depth: 8, colourType: 3 },
      Buffer.from([0, 0, 1]),
      others,
    );
    expect([...readPicture(bytes).luminance]).toEqual([255, 40]);
  });
});

const LAYOUT: Layout = { width: 3, height: 2, depth: 8, colourType: 0 };
const RAW = Buffer.from([0, 10, 20, 30, 0, 40, 50, 60]);
const LEVELS = [10, 20, 30, 40, 50, 60];

describe("what does not belong to a PNG's picture", () => {
  test.each([
    ["a zero", Buffer.alloc(1)],
    ["an archive", Buffer.from("PK\u0003\u0004 something packed")],
    ["a second PNG", file(LAYOUT, RAW)],
    ["a tail of an older file", file(LAYOUT, RAW).subarray(30)],
  ])("is left aside behind it: %s", (_name, more) => {
    const bytes = Buffer.concat([file(LAYOUT, RAW), more]);
    expect([...readPicture(bytes).luminance]).toEqual(LEVELS);
  });

  test("is left aside in it: a chunk of a program, with a wrong checksum even", () => {
    const own = chunk("prVt", Buffer.from("anything"));
    own[own.length - 1] = (own.at(-1) ?? 0) ^ 1;
    expect([...readPicture(file(LAYOUT, RAW, [own])).luminance]).toEqual(LEVELS);
  });

  test("is left aside behind the last row", () => {
    const bytes = file(LAYOUT, Buffer.concat([RAW, Buffer.alloc(100, 7)]));
    expect([...readPicture(bytes).luminance]).toEqual(LEVELS);
  });
});

/** The file with some of its bytes changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = file(LAYOUT, RAW);
  change(bytes);
  return bytes;
}

const withLayout = (layout: Partial<Layout>): Buffer => file({ ...LAYOUT, ...layout }, RAW);

describe("a damaged PNG file says what is wrong:", () => {
  test.each<[string, Buffer, string]>([
    ["a bit depth that there is not", withLayout({ depth: 3 }), "colour type 0 has no bit depth 3"],
    ["a colour type that there is not", withLayout({ colourType: 5 }), "no colour type 5"],
    ["no palette", withLayout({ colourType: 3 }), "it has no palette"],
    [
      "a checksum of its picture",
      changed((bytes) => bytes.writeUInt8((bytes.at(-13) ?? 0) ^ 1, bytes.length - 13)),
      'the checksum of its chunk "IDAT" is wrong',
    ],
    ["a filter", file(LAYOUT, Buffer.from([9, ...RAW.subarray(1)])), "no filter type 9"],
    ["too few rows", file(LAYOUT, RAW.subarray(0, 4)), "ends in the middle"],
    ["the end cut off", file(LAYOUT, RAW).subarray(0, -20), "ends in the middle"],
    [
      "content that is not packed",
      Buffer.concat([SIGNATURE, header(LAYOUT), chunk("IDAT", Buffer.from("no zlib")), END]),
      "its content does not unpack",
    ],
    [
      "another chunk first",
      Buffer.concat([SIGNATURE, chunk("CgBI", Buffer.alloc(4)), file(LAYOUT, RAW).subarray(8)]),
      'it begins with the chunk "CgBI", not IHDR',
    ],
    [
      "too much content",
      file(LAYOUT, Buffer.alloc(200_000)),
      "unpacks to more than its header claims",
    ],
    [
      "too much content, interlaced",
      file({ ...LAYOUT, interlaced: true }, Buffer.alloc(5_000_000)),
      "unpacks to more than its header claims",
    ],
  ])("%s", (_name, bytes, message) => {
    expect(() => readPicture(bytes)).toThrow(message);
  });
});
