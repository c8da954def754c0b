/** The content bytes in a QR symbol's data codewords (ISO/IEC 18004:2015, 7.4). */

const NUMERIC = 1;
const ALPHANUMERIC = 2;
const STRUCTURED_APPEND = 3;
const BYTE = 4;
const FNC1_FIRST = 5;
const ECI = 7;
const KANJI = 8;
const FNC1_SECOND = 9;

const ALPHANUMERICS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// Bits of the character count by version: 1–9, 10–26, 27–40 (table 3).
const COUNT_BITS = [
  { numeric: 10, alphanumeric: 9, byte: 8, kanji: 8 },
  { numeric: 12, alphanumeric: 11, byte: 16, kanji: 10 },
  { numeric: 14, alphanumeric: 13, byte: 16, kanji: 12 },
] as const;

/** What the three groups of versions make of the codewords; those they make no sense in are left out. */
export function readCodewords(codewords: Uint8Array): Uint8Array[] {
  return COUNT_BITS.flatMap((bits) => {
    const content = new BitReader(codewords).content(bits);
    return content === undefined ? [] : [content];
  });
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get #left(): number {
    return this.#bytes.length * 8 - this.#at;
  }

  #take(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      value = (value << 1) | (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** All segments' bytes one after the other; nothing where a segment is cut off or unknown. */
  content(bits: (typeof COUNT_BITS)[number]): Uint8Array | undefined {
    const content: number[] = [];
    while (this.#left >= 4) {
      const mode = this.#take(4);
      if (mode === 0) break;
      if (!this.#segment(mode, bits, content)) return undefined;
    }
    return Uint8Array.from(content);
  }

  #segment(mode: number, bits: (typeof COUNT_BITS)[number], into: number[]): boolean {
    switch (mode) {
      case NUMERIC:
        return this.#numeric(this.#take(bits.numeric), into);
      case ALPHANUMERIC:
        return this.#alphanumeric(this.#take(bits.alphanumeric), into);
      case BYTE:
        return this.#repeat(this.#take(bits.byte), 8, (value) => into.push(value));
      case KANJI:
        return this.#repeat(this.#take(bits.kanji), 13, (value) => {
          // 7.4.6: thirteen bits are a Shift_JIS character less its range's start.
          const packed = (Math.floor(value / 0xc0) << 8) | (value % 0xc0);
          const shiftJis = packed + (packed < 0x1f00 ? 0x8140 : 0xc140);
          into.push(shiftJis >> 8, shiftJis & 0xff);
        });
      case STRUCTURED_APPEND:
        this.#take(16);
        return true;
      case ECI: {
        // 7.4.2.2: leading ones tell how many bytes the designator has.
        const first = this.#take(8);
        if ((first & 0x80) !== 0) this.#take((first & 0x40) === 0 ? 8 : 16);
        return true;
      }
      case FNC1_SECOND:
        this.#take(8);
        return true;
      default:
        return mode === FNC1_FIRST;
    }
  }

  #repeat(count: number, width: number, each: (value: number) => void): boolean {
    if (this.#left < count * width) return false;
    for (let index = 0; index < count; index++) each(this.#take(width));
    return true;
  }

  #numeric(count: number, into: number[]): boolean {
    for (let left = count; left > 0; left -= 3) {
      const digits = Math.min(3, left);
      const width = [0, 4, 7, 10][digits] ?? 0;
      if (this.#left < width) return false;
      const text = String(this.#take(width)).padStart(digits, "0");
      if (text.length > digits) return false;
      for (const digit of text) into.push(digit.charCodeAt(0));
    }
    return true;
  }

  #alphanumeric(count: number, into: number[]): boolean {
    for (let left = count; left > 0; left -= 2) {
      const width = left >= 2 ? 11 : 6;
      if (this.#left < width) return false;
      const value = this.#take(width);
      const pair = left >= 2 ? [Math.floor(value / 45), value % 45] : [value];
      for (const index of pair) {
        if (index >= ALPHANUMERICS.length) return false;
        into.push(ALPHANUMERICS.charCodeAt(index));
      }
    }
    return true;
  }
}
