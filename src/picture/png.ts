/** PNG files to grey pictures (ISO/IEC 15948:2004). */
import { constants, crc32, inflateSync } from "node:zlib";
import { DRAWN_ALPHA, backdropOf, luma, over } from "./grey.ts";
import type { GreyPicture } from "./grey.ts";
import { PictureError, checkMemory, checkSize } from "./limits.ts";
import { errorText } from "../base/errors.ts";

interface Header {
  width: number;
  height: number;
  bitDepth: number;
  colourType: number;
  interlaced: boolean;
}

interface Chunks {
  header: Header;
  /** The compressed picture. */
  packed: Uint8Array;
  /** It came in pieces and was put together, in memory of its own. */
  isCopy: boolean;
  /** Red, green and blue of each entry. */
  palette: Uint8Array | undefined;
  /** The chunk tRNS: alpha of the palette's entries, or the one colour that is transparent. */
  transparency: Uint8Array | undefined;
}

// Samples a pixel and the depths that are allowed, by colour type (11.2.2, table 11.1).
const COLOUR_TYPES: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
const PALETTE = 3;

const SIGNATURE_BYTES = 8;
const CHUNK_FRAME_BYTES = 12;

const latin1 = (bytes: Uint8Array): string => String.fromCodePoint(...bytes);

// Those that are read: to make a name of four bytes takes long where there are millions of chunks.
const NAMES = new Map(
  ["IHDR", "PLTE", "IDAT", "IEND", "tRNS"].map((name) => [Buffer.from(name).readUInt32BE(), name]),
);

const damaged = (why: string, cause?: unknown): PictureError =>
  new PictureError(`the PNG file is damaged: ${why}`, cause === undefined ? {} : { cause });
const cut = (cause?: unknown): PictureError =>
  new PictureError("the PNG file ends in the middle", cause === undefined ? {} : { cause });

/** @throws PictureError when the file is damaged, or larger than pictures may be */
export function readPng(bytes: Uint8Array): GreyPicture {
  const chunks = readChunks(bytes);
  const raw = unpack(chunks, bytes.length);
  return toGrey(chunks, raw);
}

// Everything up to the end chunk; what stands behind it is not the picture's.
function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  const packed = new Pieces(bytes.length);
  for (let at = SIGNATURE_BYTES; at < bytes.length;) {
    if (at + CHUNK_FRAME_BYTES > bytes.length) throw cut();
    const length = view.getUint32(at);
    const name = NAMES.get(view.getUint32(at + 4)) ?? latin1(bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (content.length < length || at + length + CHUNK_FRAME_BYTES > bytes.length) throw cut();
    if (header === undefined) {
      if (name !== "IHDR") throw damaged(`it begins with the chunk ${printable(name)}, not IHDR`);
      header = readHeader(content);
    }
    // A capital first letter: the picture cannot be read without it (5.4).
    const isCritical = ((bytes[at + 4] ?? 0) & 0x20) === 0;
    const isSound =
      crc32(bytes.subarray(at + 4, at + 8 + length)) === view.getUint32(at + 8 + length);
    if (isCritical && !isSound)
      throw damaged(`the checksum of its chunk ${printable(name)} is wrong`);
    if (name === "IEND") break;
    if (name === "IDAT") packed.add(content);
    else if (name === "PLTE") palette = content;
    else if (name === "tRNS" && isSound) transparency = content;
    else if (isCritical && name !== "IHDR")
      throw damaged(`its chunk ${printable(name)} is unknown`);
    at += length + CHUNK_FRAME_BYTES;
  }
  if (header === undefined) throw cut();
  if (header.colourType === PALETTE && palette === undefined) throw damaged("it has no palette");
  return { header, packed: packed.whole, isCopy: packed.isCopy, palette, transparency };
}

/** The pieces of the compressed picture: put together as they come, for a file may hold millions. */
class Pieces {
  readonly #room: number;
  #joined: Uint8Array | undefined;
  whole: Uint8Array = new Uint8Array();

  constructor(room: number) {
    this.#room = room;
  }

  get isCopy(): boolean {
    return this.#joined !== undefined;
  }

  add(piece: Uint8Array): void {
    const { length } = this.whole;
    if (piece.length === 0) return;
    if (length === 0) {
      this.whole = piece;
      return;
    }
    if (this.#joined === undefined) {
      this.#joined = new Uint8Array(this.#room);
      this.#joined.set(this.whole);
    }
    this.#joined.set(piece, length);
    this.whole = this.#joined.subarray(0, length + piece.length);
  }
}

const printable = (name: string): string => JSON.stringify(name);

function readHeader(content: Uint8Array): Header {
  if (content.length !== 13) throw damaged(`its header has ${content.length} bytes, not 13`);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  checkSize(width, height);
  const [bitDepth = 0, colourType = 0, compression = 0, filter = 0, interlace = 0] =
    content.subarray(8);
  const known = COLOUR_TYPES[colourType];
  if (known === undefined) throw damaged(`there is no colour type ${colourType}`);
  if (!known.depths.includes(bitDepth)) {
    throw damaged(`colour type ${colourType} has no bit depth ${bitDepth}`);
  }
  if (compression !== 0) throw damaged(`there is no compression method ${compression}`);
  if (filter !== 0) throw damaged(`there is no filter method ${filter}`);
  if (interlace > 1) throw damaged(`there is no interlace method ${interlace}`);
  return { width, height, bitDepth, colourType, interlaced: interlace === 1 };
}

/** Rows of one reduced picture; a picture that is not interlaced is one of them (8.2). */
interface Pass {
  left: number;
  top: number;
  stepX: number;
  stepY: number;
  width: number;
  height: number;
}

const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, interlaced }: Header): Pass[] {
  if (!interlaced) return [{ left: 0, top: 0, stepX: 1, stepY: 1, width, height }];
  return ADAM7.map(([left, top, stepX, stepY]) => ({
    left,
    top,
    stepX,
    stepY,
    width: Math.ceil((width - left) / stepX),
    height: Math.ceil((height - top) / stepY),
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}

const bitsOf = ({ bitDepth, colourType }: Header): number =>
  bitDepth * (COLOUR_TYPES[colourType]?.samples ?? 0);

const rowBytes = (header: Header, { width }: Pass): number =>
  Math.ceil((width * bitsOf(header)) / 8);

/** What all rows take, each with its byte for the filter. */
const rawBytes = (header: Header): number =>
  passesOf(header).reduce((sum, pass) => sum + pass.height * (1 + rowBytes(header, pass)), 0);

// Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes from two bits).
const MOST_FROM_A_BYTE = 1032;
// What some encoders put behind the last row; it is left aside.
const SURPLUS_BYTES = 65_536;

function unpack({ header, packed, isCopy }: Chunks, fileBytes: number): Uint8Array {
  const { width, height } = header;
  const wanted = rawBytes(header);
  const inParts = isCopy ? fileBytes : 0;
  const grey = width * height;
  const depth = bitsOf(header);
  checkMemory(
    `a PNG of ${width}×${height} pixels with ${depth} bits each`,
    fileBytes + inParts + wanted + SURPLUS_BYTES + grey,
  );
  if (packed.length * MOST_FROM_A_BYTE < wanted) throw cut();
  const raw = inflate(packed, wanted + SURPLUS_BYTES);
  if (raw.length < wanted) throw cut();
  return raw;
}

function inflate(input: Uint8Array, room: number): Uint8Array {
  try {
    // In one piece: what is unpacked in many is held twice while they are put together.
    return inflateSync(input, {
      maxOutputLength: room,
      chunkSize: Math.max(room + 1, constants.Z_MIN_CHUNK),
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "Z_BUF_ERROR") throw cut(error);
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw damaged("it unpacks to more than its header claims", error);
    }
    const why = errorText(error);
    throw damaged(`its content does not unpack (${why})`, error);
  }
}

function toGrey(chunks: Chunks, raw: Uint8Array): GreyPicture {
  const { header } = chunks;
  const { width, height } = header;
  const luminance = new Uint8Array(width * height);
  const levels = new Uint8Array(width);
  const alphas = new Uint8Array(width);
  const expand = expanderOf(chunks, levels, alphas);
  let clear = false;
  let darkest = 255;
  const eachRow = (take: (pass: Pass, row: Uint8Array, target: number) => void): void => {
    let at = 0;
    for (const pass of passesOf(header)) {
      const length = rowBytes(header, pass);
      for (let row = 0; row < pass.height; row++) {
        take(pass, raw.subarray(at + 1, at + 1 + length), pass.top + row * pass.stepY);
        at += 1 + length;
      }
    }
  };
  unfilter(header, raw);
  eachRow(({ left, stepX, width: columns }, row, y) => {
    expand(row, columns);
    for (let column = 0; column < columns; column++) {
      const level = levels[column] ?? 0;
      const alpha = alphas[column] ?? 255;
      luminance[y * width + left + column * stepX] = level;
      if (alpha < 255) clear = true;
      if (alpha >= DRAWN_ALPHA && level < darkest) darkest = level;
    }
  });
  if (!clear) return { width, height, luminance };
  const backdrop = backdropOf(darkest);
  eachRow(({ left, stepX, width: columns }, row, y) => {
    expand(row, columns);
    for (let column = 0; column < columns; column++) {
      const at = y * width + left + column * stepX;
      luminance[at] = over(levels[column] ?? 0, alphas[column] ?? 255, backdrop);
    }
  });
  return { width, height, luminance };
}

/** Undoes the filters in place (9.2). */
function unfilter(header: Header, raw: Uint8Array): void {
  const back = Math.max(1, bitsOf(header) >> 3);
  let at = 0;
  for (const pass of passesOf(header)) {
    const length = rowBytes(header, pass);
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < pass.height; row++) {
      const filter = raw[at] ?? 0;
      const line = raw.subarray(at + 1, at + 1 + length);
      unfilterRow(filter, line, above, back);
      above = line;
      at += 1 + length;
    }
  }
}

function unfilterRow(filter: number, line: Uint8Array, above: Uint8Array, back: number): void {
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let x = back; x < line.length; x++) line[x] = (line[x] ?? 0) + (line[x - back] ?? 0);
      return;
    case 2:
      for (let x = 0; x < line.length; x++) line[x] = (line[x] ?? 0) + (above[x] ?? 0);
      return;
    case 3:
      for (let x = 0; x < line.length; x++) {
        const left = x < back ? 0 : (line[x - back] ?? 0);
        line[x] = (line[x] ?? 0) + ((left + (above[x] ?? 0)) >> 1);
      }
      return;
    case 4:
      for (let x = 0; x < line.length; x++) {
        const left = x < back ? 0 : (line[x - back] ?? 0);
        const corner = x < back ? 0 : (above[x - back] ?? 0);
        line[x] = (line[x] ?? 0) + paeth(left, above[x] ?? 0, corner);
      }
      return;
    default:
      throw damaged(`there is no filter type ${filter}`);
  }
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const toLeft = Math.abs(estimate - left);
  const toAbove = Math.abs(estimate - above);
  const toCorner = Math.abs(estimate - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

type Expand = (row: Uint8Array, columns: number) => void;

/** Fills in grey and opacity of one row, by how the picture's samples are laid out. */
function expanderOf(chunks: Chunks, levels: Uint8Array, alphas: Uint8Array): Expand {
  const { bitDepth, colourType } = chunks.header;
  const { transparency } = chunks;
  alphas.fill(255);
  if (colourType === PALETTE) return paletteExpander(chunks, levels, alphas);
  const bytes = bitDepth === 16 ? 2 : 1;
  if (colourType === 0) return greyExpander(chunks, levels, alphas);
  const samples = COLOUR_TYPES[colourType]?.samples ?? 0;
  const hasColour = colourType !== 4;
  const hasAlpha = colourType !== 2;
  const clear = hasAlpha || transparency === undefined ? undefined : transparency.subarray(0, 6);
  const isClear = (row: Uint8Array, at: number): boolean =>
    clear !== undefined && sameColour(row, at, clear, bytes);
  const step = samples * bytes;
  return (row, columns) => {
    for (let column = 0; column < columns; column++) {
      const at = column * step;
      const first = row[at] ?? 0;
      levels[column] = hasColour
        ? luma(first, row[at + bytes] ?? 0, row[at + 2 * bytes] ?? 0)
        : first;
      if (hasAlpha) alphas[column] = row[at + step - bytes] ?? 255;
      else if (clear !== undefined) alphas[column] = isClear(row, at) ? 0 : 255;
    }
  };
}

/** Whether a pixel is the transparent colour; that is written in 16 bits a sample (11.3.2). */
function sameColour(row: Uint8Array, at: number, clear: Uint8Array, bytes: number): boolean {
  for (let sample = 0; sample < 3; sample++) {
    const wanted = ((clear[2 * sample] ?? 0) << 8) | (clear[2 * sample + 1] ?? 0);
    const place = at + sample * bytes;
    const high = row[place] ?? 0;
    const value = bytes === 2 ? (high << 8) | (row[place + 1] ?? 0) : high;
    if (value !== wanted) return false;
  }
  return true;
}

/** One sample of less than a byte, a byte, or two. */
function sampleAt(row: Uint8Array, column: number, depth: number): number {
  if (depth === 8) return row[column] ?? 0;
  if (depth === 16) return ((row[2 * column] ?? 0) << 8) | (row[2 * column + 1] ?? 0);
  const bit = column * depth;
  return ((row[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function greyExpander(
  { header, transparency }: Chunks,
  levels: Uint8Array,
  alphas: Uint8Array,
): Expand {
  const { bitDepth } = header;
  const most = 2 ** bitDepth - 1;
  const clear = transparency && ((transparency[0] ?? 0) << 8) | (transparency[1] ?? 0);
  return (row, columns) => {
    for (let column = 0; column < columns; column++) {
      const value = sampleAt(row, column, bitDepth);
      levels[column] = Math.round((255 * value) / most);
      if (clear !== undefined) alphas[column] = value === clear ? 0 : 255;
    }
  };
}

function paletteExpander(
  { header, palette, transparency }: Chunks,
  levels: Uint8Array,
  alphas: Uint8Array,
): Expand {
  const entries = Math.floor((palette?.length ?? 0) / 3);
  const greys = Uint8Array.from({ length: entries }, (_, entry) =>
    luma(palette?.[3 * entry] ?? 0, palette?.[3 * entry + 1] ?? 0, palette?.[3 * entry + 2] ?? 0),
  );
  return (row, columns) => {
    for (let column = 0; column < columns; column++) {
      const entry = sampleAt(row, column, header.bitDepth);
      levels[column] = greys[entry] ?? 0;
      if (transparency !== undefined) alphas[column] = transparency[entry] ?? 255;
    }
  };
}
