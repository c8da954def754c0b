/** A scan of a JPEG file: entropy-coded blocks (ITU-T T.81, annexes F and G), as far as they go. */
import type { Component, Huffman, JpegFrame } from "./jpeg-frame.ts";
import { damaged } from "./jpeg-frame.ts";

/** What a scan header says (B.2.3), its tables looked up. */
export interface Scan {
  components: { component: Component; dc: Huffman | undefined; ac: Huffman | undefined }[];
  /** The band of coefficients, and the bits of them (progressive only). */
  from: number;
  to: number;
  high: number;
  low: number;
}

// Where each coefficient of the file's order lies in its block (figure 5).
export const ZIG_ZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
  13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52,
  45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Thrown where the data end; what was decoded before stays. */
class EndOfData extends Error {}

/** Bits of entropy-coded data; a marker ends them. */
class Bits {
  readonly #bytes: Uint8Array;
  at: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** At least that many bits held, as far as the data go. */
  #fill(count: number): void {
    while (this.#count < count) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) return;
      if (byte === 0xff) {
        if (this.#bytes[this.at + 1] !== 0) return;
        this.at += 1;
      }
      this.at += 1;
      this.#held = ((this.#held << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
  }

  take(count: number): number {
    if (count === 0) return 0;
    this.#fill(count);
    if (this.#count < count) throw new EndOfData();
    this.#count -= count;
    return (this.#held >> this.#count) & ((1 << count) - 1);
  }

  /** A value of so many bits, those that begin with 0 negative (F.2.2.1). */
  signed(count: number): number {
    const value = this.take(count);
    return count > 0 && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  decode(table: Huffman): number {
    this.#fill(8);
    if (this.#count >= 8) {
      const entry = table.short[(this.#held >> (this.#count - 8)) & 0xff] ?? 0;
      if (entry !== 0) {
        this.#count -= entry >> 8;
        return entry & 0xff;
      }
    }
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.take(1);
      if (code <= (table.largest[length] ?? -1)) {
        return table.values[code + (table.offset[length] ?? 0)] ?? 0;
      }
    }
    throw new EndOfData();
  }

  /** Lets go of the bits of a byte begun, and goes on behind the next marker if it is a restart. */
  restart(): boolean {
    this.#count = 0;
    for (; this.at + 1 < this.#bytes.length; this.at++) {
      const marker = this.#bytes[this.at + 1] ?? 0;
      if (this.#bytes[this.at] !== 0xff || marker === 0 || marker === 0xff) continue;
      const isRestart = marker >= 0xd0 && marker <= 0xd7;
      if (isRestart) this.at += 2;
      return isRestart;
    }
    return false;
  }
}

type DecodeBlock = (
  component: Component,
  block: Int16Array,
  dc: Huffman | undefined,
  ac: Huffman | undefined,
) => void;

function tableOf(table: Huffman | undefined): Huffman {
  if (table === undefined) throw damaged("a scan names a code table that is not there");
  return table;
}

/** A whole block at once (F.2.2). */
function baseline(bits: Bits): DecodeBlock {
  return (component, block, dc, ac) => {
    const dcTable = tableOf(dc);
    const acTable = tableOf(ac);
    block.fill(0);
    component.predictor += bits.signed(bits.decode(dcTable) & 15);
    block[0] = component.predictor;
    for (let place = 1; place < 64; place++) {
      const code = bits.decode(acTable);
      const size = code & 15;
      if (size === 0 && code !== 0xf0) return;
      place += code >> 4;
      if (size > 0) block[ZIG_ZAG[place & 63] ?? 0] = bits.signed(size);
    }
  };
}

/** A band of coefficients, or one more bit of each (annex G). */
function progressive(bits: Bits, { from, to, high, low }: Scan): DecodeBlock {
  let ended = 0;
  const bit = 1 << low;
  const first: DecodeBlock = (component, block, dc) => {
    component.predictor += bits.signed(bits.decode(tableOf(dc)) & 15);
    block[0] = component.predictor * bit;
  };
  const firstBand: DecodeBlock = (_component, block, _dc, ac) => {
    if (ended > 0) {
      ended -= 1;
      return;
    }
    const table = tableOf(ac);
    for (let place = from; place <= to; place++) {
      const code = bits.decode(table);
      const run = code >> 4;
      const size = code & 15;
      if (size === 0 && run < 15) {
        ended = (1 << run) - 1 + bits.take(run);
        return;
      }
      place += run;
      if (size > 0) block[ZIG_ZAG[place & 63] ?? 0] = bits.signed(size) * bit;
    }
  };
  const refine = (block: Int16Array, index: number): void => {
    const value = block[index] ?? 0;
    if (bits.take(1) === 1 && (value & bit) === 0) block[index] = value + (value < 0 ? -bit : bit);
  };
  const nextBand: DecodeBlock = (_component, block, _dc, ac) => {
    let place = from;
    while (ended === 0 && place <= to) {
      const code = bits.decode(tableOf(ac));
      let run = code >> 4;
      const size = code & 15;
      if (size === 0 && run < 15) {
        ended = (1 << run) + bits.take(run);
        break;
      }
      const value = size === 0 ? 0 : bits.take(1) === 1 ? bit : -bit;
      for (; place <= to; place++) {
        const index = ZIG_ZAG[place] ?? 0;
        if ((block[index] ?? 0) !== 0) {
          refine(block, index);
        } else if (run-- === 0) {
          block[index] = value;
          place += 1;
          break;
        }
      }
    }
    if (ended === 0) return;
    for (; place <= to; place++) {
      const index = ZIG_ZAG[place] ?? 0;
      if ((block[index] ?? 0) !== 0) refine(block, index);
    }
    ended -= 1;
  };
  const nextBit: DecodeBlock = (_component, block) => {
    if (bits.take(1) === 1) block[0] = (block[0] ?? 0) | bit;
  };
  if (from === 0) return high === 0 ? first : nextBit;
  return high === 0 ? firstBand : nextBand;
}

/**
 * Decodes a scan.
 * @param each called with every block of a picture that is not progressive, whole
 * @returns where the scan's data end
 */
export function decodeScan(
  bytes: Uint8Array,
  at: number,
  frame: JpegFrame,
  scan: Scan,
  restartInterval: number,
  each: (component: Component, row: number, column: number) => void,
): number {
  const bits = new Bits(bytes, at);
  const decoderOf = (): DecodeBlock =>
    frame.progressive ? progressive(bits, scan) : baseline(bits);
  const units = unitsOf(frame, scan);
  const interval = restartInterval > 0 ? restartInterval : units.count;
  for (let start = 0; start < units.count; start += interval) {
    for (const { component } of scan.components) component.predictor = 0;
    const decode = decoderOf();
    try {
      for (let unit = start; unit < Math.min(units.count, start + interval); unit++) {
        units.decode(unit, decode, each);
      }
    } catch (error) {
      if (!(error instanceof EndOfData)) throw error;
    }
    if (!bits.restart()) break;
  }
  return bits.at;
}

interface Units {
  count: number;
  decode(
    unit: number,
    decode: DecodeBlock,
    each: (component: Component, row: number, column: number) => void,
  ): void;
}

/** The order of a scan's blocks: MCU by MCU, or one component's by rows (A.2). */
function unitsOf(frame: JpegFrame, { components }: Scan): Units {
  const at = (component: Component, row: number, column: number): Int16Array => {
    const { coefficients, blocksPerLine } = component;
    if (coefficients.length === 64) return coefficients;
    const place = 64 * (row * blocksPerLine + column);
    return coefficients.subarray(place, place + 64);
  };
  const [only] = components;
  if (components.length === 1 && only !== undefined) {
    const { component, dc, ac } = only;
    const { usedPerLine, usedPerColumn } = component;
    return {
      count: usedPerLine * usedPerColumn,
      decode(unit, decode, each) {
        const row = Math.floor(unit / usedPerLine);
        const column = unit % usedPerLine;
        decode(component, at(component, row, column), dc, ac);
        each(component, row, column);
      },
    };
  }
  return {
    count: frame.mcusPerLine * frame.mcusPerColumn,
    decode(unit, decode, each) {
      const mcuRow = Math.floor(unit / frame.mcusPerLine);
      const mcuColumn = unit % frame.mcusPerLine;
      for (const { component, dc, ac } of components) {
        for (let y = 0; y < component.down; y++) {
          for (let x = 0; x < component.across; x++) {
            const row = mcuRow * component.down + y;
            const column = mcuColumn * component.across + x;
            decode(component, at(component, row, column), dc, ac);
            each(component, row, column);
          }
        }
      }
    },
  };
}
