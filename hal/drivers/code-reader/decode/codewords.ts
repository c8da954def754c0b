/** The content in a QR symbol's data codewords, and what they declare of it (ISO/IEC 18004:2015, 7.4). */
import { asLatin1 } from "./text.ts";

const NUMERIC = 1;
const ALPHANUMERIC = 2;
const STRUCTURED_APPEND = 3;
const BYTE = 4;
const FNC1_FIRST = 5;
const ECI = 7;
const KANJI = 8;
const FNC1_SECOND = 9;
const HANZI = 13; // GB/T 18284-2000, 6.3.6

const ALPHANUMERICS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// Bits of the character count by version: 1–9, 10–26, 27–40 (table 3).
const COUNT_BITS = [
  { numeric: 10, alphanumeric: 9, byte: 8, kanji: 8 },
  { numeric: 12, alphanumeric: 11, byte: 16, kanji: 10 },
  { numeric: 14, alphanumeric: 13, byte: 16, kanji: 12 },
] as const;

// ECI designators (AIM ITS/04-023) of character sets that the runtime knows, by its names for them.
const CHARACTER_SETS: Readonly<Record<number, string>> = {
  4: "iso-8859-2",
  5: "iso-8859-3",
  6: "iso-8859-4",
  7: "iso-8859-5",
  8: "iso-8859-6",
  9: "iso-8859-7",
  10: "iso-8859-8",
  15: "iso-8859-13",
  16: "iso-8859-14",
  17: "iso-8859-15",
  18: "iso-8859-16",
  20: "shift_jis",
  21: "windows-1250",
  22: "windows-1251",
  23: "windows-1252",
  24: "windows-1256",
  25: "utf-16be",
  26: "utf-8",
  28: "big5",
  29: "gb18030",
  30: "euc-kr",
  32: "gb18030",
};

/** A symbol's content. */
export interface Content {
  bytes: Uint8Array;
  /** The text by its ECI, kanji and hanzi segments; absent where it has none. */
  declared?: string;
}

/** What the three groups of versions make of the codewords; those they make no sense in are left out. */
export function readCodewords(codewords: Uint8Array): Content[] {
  return COUNT_BITS.flatMap((bits) => new BitReader(codewords).content(bits) ?? []);
}

/** Bytes under one character set. */
interface Run {
  characterSet: string | undefined;
  bytes: number[];
}

function contentOf(runs: readonly Run[]): Content {
  const bytes = Uint8Array.from(runs.flatMap((run) => run.bytes));
  if (runs.every(({ characterSet }) => characterSet === undefined)) return { bytes };
  const declared = runs.map(({ characterSet, bytes: part }) => {
    const own = Uint8Array.from(part);
    return characterSet === undefined
      ? asLatin1(own)
      : new TextDecoder(characterSet, { ignoreBOM: true }).decode(own);
  });
  return { bytes, declared: declared.join("") };
}

class BitReader {
  readonly #bytes: Uint8Array;
  readonly #runs: Run[] = [];
  /** By the last ECI designator. */
  #characterSet: string | undefined;
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
  content(bits: (typeof COUNT_BITS)[number]): Content | undefined {
    while (this.#left >= 4) {
      const mode = this.#take(4);
      if (mode === 0) break;
      if (!this.#segment(mode, bits)) return undefined;
    }
    return contentOf(this.#runs);
  }

  /** Where the next bytes go. */
  #into(characterSet: string | undefined): number[] {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.characterSet === characterSet) return last.bytes;
    const run: Run = { characterSet, bytes: [] };
    this.#runs.push(run);
    return run.bytes;
  }

  #segment(mode: number, bits: (typeof COUNT_BITS)[number]): boolean {
    switch (mode) {
      case NUMERIC:
        return this.#numeric(this.#take(bits.numeric), this.#into(undefined));
      case ALPHANUMERIC:
        return this.#alphanumeric(this.#take(bits.alphanumeric), this.#into(undefined));
      case BYTE: {
        const into = this.#into(this.#characterSet);
        return this.#repeat(this.#take(bits.byte), 8, (value) => into.push(value));
      }
      case KANJI: {
        const into = this.#into("shift_jis");
        return this.#repeat(this.#take(bits.kanji), 13, (value) => {
          // 7.4.6: thirteen bits are a Shift_JIS character less its range's start.
          const packed = (Math.floor(value / 0xc0) << 8) | (value % 0xc0);
          const shiftJis = packed + (packed < 0x1f00 ? 0x8140 : 0xc140);
          into.push(shiftJis >> 8, shiftJis & 0xff);
        });
      }
      case HANZI:
        return this.#hanzi(bits);
      case STRUCTURED_APPEND:
        this.#take(16);
        return true;
      case ECI:
        this.#characterSet = CHARACTER_SETS[this.#designator()];
        return true;
      case FNC1_SECOND:
        this.#take(8);
        return true;
      default:
        return mode === FNC1_FIRST;
    }
  }

  /** 7.4.2.2: leading ones tell how many bytes the designator has. */
  #designator(): number {
    const first = this.#take(8);
    if ((first & 0x80) === 0) return first;
    if ((first & 0x40) === 0) return ((first & 0x3f) << 8) | this.#take(8);
    return ((first & 0x1f) << 16) | this.#take(16);
  }

  /** As many bits as kanji mode has, less other starts, behind the number of the character set. */
  #hanzi(bits: (typeof COUNT_BITS)[number]): boolean {
    if (this.#take(4) !== 1) return false;
    const into = this.#into("gb18030");
    return this.#repeat(this.#take(bits.kanji), 13, (value) => {
      const packed = (Math.floor(value / 0x60) << 8) | (value % 0x60);
      const gb2312 = packed + (packed < 0x0a00 ? 0xa1a1 : 0xa6a1);
      into.push(gb2312 >> 8, gb2312 & 0xff);
    });
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
