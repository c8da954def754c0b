/** Reads a JPEG file's markers before its picture data (ITU-T T.81, annex B). */
import { PictureError, checkMemory, checkSize } from "./limits.ts";

/** A colour component of the picture: its own grid of 8×8 blocks. */
export interface Component {
  id: number;
  /** Blocks of each MCU, across and down. */
  across: number;
  down: number;
  quantisation: number;
  /** Blocks in a row and a column, padded to whole MCUs. */
  blocksPerLine: number;
  blocksPerColumn: number;
  /** Blocks that hold some of the picture: those of a scan of this component alone. */
  usedPerLine: number;
  usedPerColumn: number;
  /** Coefficients of all blocks, where they come in several scans; else one block's, reused. */
  coefficients: Int16Array;
  /** The samples, where grey needs them. */
  plane: Uint8Array | undefined;
  planeWidth: number;
  /** The last DC value in the scan. */
  predictor: number;
}

/** The picture's size and components (B.2.2). */
export interface JpegFrame {
  progressive: boolean;
  width: number;
  height: number;
  components: Component[];
  mcusPerLine: number;
  mcusPerColumn: number;
}

/** How a picture's components become grey. */
export type ColourModel = "luma" | "rgb" | "cmyk" | "ycck";

export const cut = (): PictureError => new PictureError("the JPEG file ends in the middle");

export const damaged = (why: string): PictureError =>
  new PictureError(`the JPEG file is damaged: ${why}`);

const UNREADABLE: Readonly<Record<number, string>> = {
  0xc3: "lossless",
  0xc5: "hierarchical",
  0xc6: "hierarchical",
  0xc7: "hierarchical",
  0xc9: "arithmetic",
  0xca: "arithmetic",
  0xcb: "arithmetic",
  0xcd: "arithmetic",
  0xce: "arithmetic",
  0xcf: "arithmetic",
};

/** The word for a kind of JPEG that is not read here; nothing for the others. */
export const unreadableKind = (marker: number): string | undefined => UNREADABLE[marker];

/**
 * Reads a frame header and takes the memory for it.
 * @param fileBytes counted with it
 * @throws PictureError when it makes no sense or asks for too much
 */
export function readFrame(
  segment: Uint8Array,
  progressive: boolean,
  modelOf: (components: number, ids: readonly number[]) => ColourModel,
  fileBytes: number,
): JpegFrame {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const count = segment[5] ?? 0;
  if (segment.length < 6 + 3 * count || count === 0) throw damaged("its frame header is too short");
  if (segment[0] !== 8) throw new PictureError(`a JPEG of ${segment[0]} bits is not read here`);
  const height = view.getUint16(1);
  const width = view.getUint16(3);
  checkSize(width, height);
  if (count !== 1 && count !== 3 && count !== 4) throw damaged(`it has ${count} components`);
  const samplings = Array.from({ length: count }, (_, index) => {
    const [id = 0, sampling = 0, quantisation = 0] = segment.subarray(6 + 3 * index);
    return { id, across: sampling >> 4, down: sampling & 15, quantisation };
  });
  for (const { across, down, quantisation } of samplings) {
    const inRange = Math.min(across, down) >= 1 && Math.max(across, down) <= 4 && quantisation < 4;
    if (!inRange) throw damaged("its frame header is out of range");
  }
  const mostAcross = Math.max(...samplings.map(({ across }) => across));
  const mostDown = Math.max(...samplings.map(({ down }) => down));
  const mcusPerLine = Math.ceil(width / (8 * mostAcross));
  const mcusPerColumn = Math.ceil(height / (8 * mostDown));
  const model = modelOf(
    count,
    samplings.map(({ id }) => id),
  );
  const grids = samplings.map((sampling, index) => ({
    ...sampling,
    needed: model !== "luma" || index === 0,
    blocksPerLine: mcusPerLine * sampling.across,
    blocksPerColumn: mcusPerColumn * sampling.down,
    usedPerLine: Math.ceil(Math.ceil((width * sampling.across) / mostAcross) / 8),
    usedPerColumn: Math.ceil(Math.ceil((height * sampling.down) / mostDown) / 8),
  }));
  // A sample takes a byte, and two more for its coefficient where those come in several scans.
  const perSample = progressive ? 3 : 1;
  const samples = grids
    .filter(({ needed }) => needed)
    .reduce((sum, grid) => sum + 64 * grid.blocksPerLine * grid.blocksPerColumn, 0);
  checkMemory(
    `a ${progressive ? "progressive " : ""}JPEG of ${width}×${height} pixels`,
    fileBytes + perSample * samples + width * height,
  );
  if (8 * fileBytes * MOST_MISSING < mcusPerLine * mcusPerColumn) throw cut();
  const components = grids.map(({ needed, ...grid }) => {
    const blocks = grid.blocksPerLine * grid.blocksPerColumn;
    return {
      ...grid,
      coefficients: new Int16Array(64 * (progressive && needed ? blocks : 1)),
      plane: needed ? new Uint8Array(64 * blocks).fill(UNKNOWN_LEVEL) : undefined,
      planeWidth: 8 * grid.blocksPerLine,
      predictor: 0,
    };
  });
  return { progressive, width, height, components, mcusPerLine, mcusPerColumn };
}

// No block takes less than a bit. A file of less than this share of what it claims was cut off before
// anything that can be read.
const MOST_MISSING = 16;

// What was cut off, as decoders show it.
const UNKNOWN_LEVEL = 128;

/** Codes of one table by their length (annex C): for a code, where its length's values begin. */
export interface Huffman {
  /** Of all codes of up to eight bits: length << 8 | value; 0 where they are longer. */
  short: Uint16Array;
  /** By length, 1 to 16: the largest code there is, -1 for none; what to add to get its value's place. */
  largest: Int32Array;
  offset: Int32Array;
  values: Uint8Array;
}

/** All tables in a DHT segment, by class and destination. */
export function readHuffman(segment: Uint8Array, into: Map<number, Huffman>): void {
  for (let at = 0; at + 17 <= segment.length;) {
    const id = segment[at] ?? 0;
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = segment.slice(at + 17, at + 17 + total);
    if (values.length < total) throw damaged("a code table is cut off");
    into.set(id, huffmanOf(counts, values));
    at += 17 + total;
  }
}

function huffmanOf(counts: Uint8Array, values: Uint8Array): Huffman {
  const short = new Uint16Array(256);
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    offset[length] = place - code;
    if (code + count > 1 << length) throw damaged("a code table holds too many codes");
    for (let index = 0; index < count; index++, code++, place++) {
      if (length > 8) continue;
      const entry = (length << 8) | (values[place] ?? 0);
      short.fill(entry, code << (8 - length), (code + 1) << (8 - length));
    }
    if (count > 0) largest[length] = code - 1;
    code <<= 1;
  }
  return { short, largest, offset, values };
}

/** All tables in a DQT segment; coefficients in the order of the file (zig-zag). */
export function readQuantisation(segment: Uint8Array, into: Map<number, Uint16Array>): void {
  for (let at = 0; at < segment.length;) {
    const id = segment[at] ?? 0;
    const bytes = id >> 4 === 0 ? 1 : 2;
    if (at + 1 + 64 * bytes > segment.length) throw damaged("a quantisation table is cut off");
    const table = Uint16Array.from({ length: 64 }, (_, index) => {
      const place = at + 1 + index * bytes;
      const high = segment[place] ?? 0;
      return bytes === 1 ? high : (high << 8) | (segment[place + 1] ?? 0);
    });
    into.set(id & 15, table);
    at += 1 + 64 * bytes;
  }
}
