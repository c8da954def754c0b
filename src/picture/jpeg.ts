/**
 * JPEG files to grey pictures (ITU-T T.81): sequential and progressive, as far as the file goes. Of a
 * picture in luma and colour difference only the luma is kept; memory is counted from the header.
 */
import { luma } from "./grey.ts";
import type { GreyPicture } from "./grey.ts";
import { blockToSamples } from "./idct.ts";
import {
  cut,
  damaged,
  readFrame,
  readHuffman,
  readQuantisation,
  unreadableKind,
} from "./jpeg-frame.ts";
import type { ColourModel, Component, Huffman, JpegFrame } from "./jpeg-frame.ts";
import { decodeScan } from "./jpeg-scan.ts";
import type { Scan } from "./jpeg-scan.ts";
import { PictureError } from "./limits.ts";

const START_OF_FRAME = [0xc0, 0xc1, 0xc2];
const PROGRESSIVE = 0xc2;
const CODE_TABLES = 0xc4;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const QUANTISATION_TABLES = 0xdb;
const RESTART_INTERVAL = 0xdd;
const ADOBE = 0xee;
const ADOBE_NAME = [...Buffer.from("Adobe")];

// More than the scans of any picture need.
const MOST_TABLE_SEGMENTS = 4_096;

/** @throws PictureError when the file is damaged before its picture, or larger than pictures may be */
export function readJpeg(bytes: Uint8Array): GreyPicture {
  return new JpegReader(bytes).read();
}

class JpegReader {
  readonly #bytes: Uint8Array;
  readonly #codes = new Map<number, Huffman>();
  readonly #quantisation = new Map<number, Uint16Array>();
  #frame: JpegFrame | undefined;
  #model: ColourModel = "luma";
  #restartInterval = 0;
  /** How an Adobe program says the colours are transformed. */
  #adobe: number | undefined;
  #scans = 0;
  /** Coefficients that the scans so far were about. */
  #visited = 0;
  #tableSegments = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): GreyPicture {
    const bytes = this.#bytes;
    for (let at = 2; at + 4 <= bytes.length;) {
      if (bytes[at] !== 0xff) {
        at += 1;
        continue;
      }
      const marker = bytes[at + 1] ?? 0;
      // Fill bytes, and markers without a segment.
      if (marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) {
        at += marker === 0xff ? 1 : 2;
        continue;
      }
      if (marker === END_OF_IMAGE) break;
      const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      const segment = bytes.subarray(at + 4, at + 2 + length);
      const end = at + 2 + length;
      if (length < 2) throw damaged("a segment has no length");
      if (end > bytes.length) break;
      at = marker === START_OF_SCAN ? this.#scan(segment, end) : end;
      this.#segment(marker, segment);
    }
    return this.#picture();
  }

  #segment(marker: number, segment: Uint8Array): void {
    const kind = unreadableKind(marker);
    if (kind !== undefined) throw new PictureError(`a JPEG of the ${kind} kind is not read here`);
    if (START_OF_FRAME.includes(marker)) {
      if (this.#frame !== undefined) throw damaged("it has two frame headers");
      const modelOf = (count: number, ids: readonly number[]): ColourModel =>
        (this.#model = colourModel(count, ids, this.#adobe));
      const { length } = this.#bytes;
      this.#frame = readFrame(segment, marker === PROGRESSIVE, modelOf, length);
    } else if (marker === CODE_TABLES || marker === QUANTISATION_TABLES) {
      this.#tableSegments += 1;
      if (this.#tableSegments > MOST_TABLE_SEGMENTS)
        throw damaged("its tables come again and again");
      if (marker === CODE_TABLES) readHuffman(segment, this.#codes);
      else readQuantisation(segment, this.#quantisation);
    } else if (marker === RESTART_INTERVAL) {
      this.#restartInterval = ((segment[0] ?? 0) << 8) | (segment[1] ?? 0);
    } else if (marker === ADOBE && ADOBE_NAME.every((byte, at) => segment[at] === byte)) {
      this.#adobe = segment[11];
    }
  }

  /** @returns where its data end */
  #scan(header: Uint8Array, at: number): number {
    const frame = this.#frame;
    if (frame === undefined) throw damaged("its picture comes before the frame header");
    const scan = this.#scanOf(header, frame);
    this.#scans += 1;
    this.#visited += coefficientsOf(scan.components, scan.to - scan.from + 1);
    if (this.#visited > MOST_VISITS * coefficientsOf(frame.components.map(asPart), 64)) {
      throw damaged("its scans bring its picture again and again");
    }
    // A colour difference by itself adds nothing to the grey.
    if (scan.components.every(({ component }) => component.plane === undefined)) return at;
    const each = (component: Component, row: number, column: number): void => {
      if (!frame.progressive) this.#show(component, component.coefficients, row, column);
    };
    return decodeScan(this.#bytes, at, frame, scan, this.#restartInterval, each);
  }

  #scanOf(header: Uint8Array, frame: JpegFrame): Scan {
    const count = header[0] ?? 0;
    const [from = 0, to = 0, bits = 0] = header.subarray(1 + 2 * count);
    if (count < 1 || count > 4 || header.length < 4 + 2 * count) {
      throw damaged("a scan header is too short");
    }
    const components = Array.from({ length: count }, (_, index) => {
      const id = header[1 + 2 * index];
      const tables = header[2 + 2 * index] ?? 0;
      const component = frame.components.find((each) => each.id === id);
      if (component === undefined) throw damaged(`a scan names the component ${id}`);
      return {
        component,
        dc: this.#codes.get(tables >> 4),
        ac: this.#codes.get(16 | (tables & 15)),
      };
    });
    const isBand = from <= to && to < 64 && (from > 0 || to === 0) && (from === 0 || count === 1);
    if (frame.progressive && !isBand)
      throw damaged("a scan's band of coefficients is out of range");
    return { components, from, to, high: bits >> 4, low: bits & 15 };
  }

  #show(component: Component, block: Int16Array, row: number, column: number): void {
    const { plane, planeWidth, quantisation } = component;
    if (plane === undefined) return;
    const table = this.#quantisation.get(quantisation);
    if (table === undefined) throw damaged("it names a quantisation table that is not there");
    blockToSamples(block, table, plane, 8 * (row * planeWidth + column), planeWidth);
  }

  #picture(): GreyPicture {
    const frame = this.#frame;
    if (frame === undefined || this.#scans === 0) throw cut();
    for (const component of frame.progressive ? frame.components : []) {
      if (component.plane === undefined) continue;
      const { coefficients, blocksPerLine, blocksPerColumn } = component;
      for (let row = 0; row < blocksPerColumn; row++) {
        for (let column = 0; column < blocksPerLine; column++) {
          const at = 64 * (row * blocksPerLine + column);
          this.#show(component, coefficients.subarray(at, at + 64), row, column);
        }
      }
    }
    return this.#model === "luma" ? lumaOf(frame) : mixed(frame, this.#model);
  }
}

// A coefficient comes once, and then once for each bit that was left out of it, 13 at most (G.1.1.1.1).
// A few bytes of a scan can be about millions of blocks.
const MOST_VISITS = 14;

const asPart = (component: Component): { component: Component } => ({ component });

/** Of all blocks of these components, where so many of each come. */
function coefficientsOf(parts: readonly { component: Component }[], each: number): number {
  return parts.reduce(
    (sum, { component }) => sum + each * component.blocksPerLine * component.blocksPerColumn,
    0,
  );
}

/** By what Adobe's programs note, else as JFIF has it: luma first, but for components named R, G, B. */
function colourModel(
  components: number,
  ids: readonly number[],
  adobe: number | undefined,
): ColourModel {
  if (components === 1) return "luma";
  if (components === 4) return adobe === 2 ? "ycck" : "cmyk";
  const named = String.fromCodePoint(...ids).toUpperCase() === "RGB";
  return adobe === 0 || (adobe === undefined && named) ? "rgb" : "luma";
}

function lumaOf({ width, height, components }: JpegFrame): GreyPicture {
  const luminance = new Uint8Array(width * height);
  const [first] = components;
  if (first?.plane === undefined) return { width, height, luminance };
  const reach = samplerOf(first, components);
  for (let y = 0; y < height; y++) {
    const row = reach.row(y);
    for (let x = 0; x < width; x++)
      luminance[y * width + x] = first.plane[row + reach.column(x)] ?? 0;
  }
  return { width, height, luminance };
}

/** Where a picture's pixel lies in a component's plane. */
function samplerOf(
  component: Component,
  all: readonly Component[],
): { row: (y: number) => number; column: (x: number) => number } {
  const across = component.across / Math.max(...all.map((each) => each.across));
  const down = component.down / Math.max(...all.map((each) => each.down));
  const { planeWidth } = component;
  return {
    row: (y) => (down === 1 ? y : Math.floor(y * down)) * planeWidth,
    column: (x) => (across === 1 ? x : Math.floor(x * across)),
  };
}

function mixed({ width, height, components }: JpegFrame, model: ColourModel): GreyPicture {
  const luminance = new Uint8Array(width * height);
  const planes = components.map((component) => ({
    plane: component.plane ?? new Uint8Array(),
    ...samplerOf(component, components),
  }));
  const samples = new Uint8Array(4);
  for (let y = 0; y < height; y++) {
    const rows = planes.map(({ row }) => row(y));
    for (let x = 0; x < width; x++) {
      planes.forEach(({ plane, column }, index) => {
        samples[index] = plane[(rows[index] ?? 0) + column(x)] ?? 0;
      });
      luminance[y * width + x] = greyOf(samples, model);
    }
  }
  return { width, height, luminance };
}

/** Four inks come inverted, as every program writes them: 255 is none of it. */
function greyOf(
  [first = 0, second = 0, third = 0, key = 0]: Uint8Array,
  model: ColourModel,
): number {
  if (model === "rgb") return luma(first, second, third);
  if (model === "ycck") {
    // The luma of the inverted inks' colour is its Y; what black leaves of it is seen.
    return Math.round((first * key) / 255);
  }
  return Math.round((luma(first, second, third) * key) / 255);
}
