/** The first picture of a GIF file (GIF89a specification, CompuServe 1990). */
import { luma } from "./grey.ts";
import type { GreyPicture } from "./grey.ts";
import { PictureError, checkMemory, checkSize } from "./limits.ts";

/** Reads bytes in order and says what is missing when they end. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new PictureError("the GIF file ends in the middle");
    this.#at += 1;
    return value;
  }

  word(): number {
    return this.byte() | (this.byte() << 8);
  }

  take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) {
      throw new PictureError("the GIF file ends in the middle");
    }
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /**
   * Sub-blocks up to the empty one, put together: only counted first, for a file may hold millions.
   * What a cut-off file still holds is returned.
   */
  blocks(): Uint8Array {
    const start = this.#at;
    let total = 0;
    this.#eachBlock((block) => (total += block));
    const joined = new Uint8Array(total);
    let filled = 0;
    this.#at = start;
    this.#eachBlock((length, from) => {
      joined.set(this.#bytes.subarray(from, from + length), filled);
      filled += length;
    });
    return joined;
  }

  /** Sub-blocks that nothing is wanted of. */
  skipBlocks(): void {
    this.#eachBlock(() => undefined);
  }

  #eachBlock(take: (length: number, from: number) => void): void {
    for (;;) {
      const claimed = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      if (claimed === 0) return;
      take(Math.min(claimed, Math.max(0, this.#bytes.length - this.#at)), this.#at);
      this.#at += claimed;
    }
  }
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/**
 * The picture over white.
 * @throws PictureError when the file holds no complete header or no picture, or one too large
 */
export function readGif(bytes: Uint8Array): GreyPicture {
  const cursor = new Cursor(bytes, 6);
  const width = cursor.word();
  const height = cursor.word();
  checkSize(width, height);
  const flags = cursor.byte();
  cursor.take(2);
  const colours = (flags & 0x80) === 0 ? new Uint8Array() : cursor.take(3 << ((flags & 7) + 1));
  let transparent = -1;
  for (;;) {
    const kind = cursor.byte();
    if (kind === EXTENSION) {
      const label = cursor.byte();
      if (label === GRAPHIC_CONTROL) {
        const block = cursor.blocks();
        if (((block[0] ?? 0) & 1) === 1) transparent = block[3] ?? -1;
      } else cursor.skipBlocks();
    } else if (kind === IMAGE) {
      return readImage(cursor, { width, height, colours, transparent, fileBytes: bytes.length });
    } else {
      throw new PictureError("the GIF file holds no picture");
    }
  }
}

interface Screen {
  width: number;
  height: number;
  colours: Uint8Array;
  transparent: number;
  fileBytes: number;
}

// The code length of the smallest colour table and of the largest, 256 (appendix F).
const CODE_BITS = { least: 1, most: 8 };

function readImage(cursor: Cursor, screen: Screen): GreyPicture {
  const left = cursor.word();
  const top = cursor.word();
  const width = cursor.word();
  const height = cursor.word();
  checkSize(width, height);
  // The file and its blocks put together, the picture's colour numbers, the screen in grey.
  checkMemory(
    `a GIF of ${width}×${height} pixels on ${screen.width}×${screen.height}`,
    2 * screen.fileBytes + width * height + screen.width * screen.height,
  );
  const flags = cursor.byte();
  const colours = (flags & 0x80) === 0 ? screen.colours : cursor.take(3 << ((flags & 7) + 1));
  const minimumCodeBits = cursor.byte();
  if (minimumCodeBits < CODE_BITS.least || minimumCodeBits > CODE_BITS.most) {
    throw new PictureError(`the GIF file claims codes of ${minimumCodeBits} bits; it is damaged`);
  }
  const indices = unpackLzw(cursor.blocks(), minimumCodeBits, width * height);
  const rows = (flags & 0x40) === 0 ? undefined : interlacedRows(height);
  const greys = Uint8Array.from({ length: 256 }, (_, index) =>
    luma(colours[index * 3] ?? 0, colours[index * 3 + 1] ?? 0, colours[index * 3 + 2] ?? 0),
  );
  const luminance = new Uint8Array(screen.width * screen.height).fill(255);
  for (let y = 0; y < height; y++) {
    const targetY = top + (rows?.[y] ?? y);
    if (targetY >= screen.height) continue;
    for (let x = 0; x < width && left + x < screen.width; x++) {
      const index = indices[y * width + x] ?? 0;
      if (index === screen.transparent) continue;
      luminance[targetY * screen.width + left + x] = greys[index] ?? 0;
    }
  }
  return { width: screen.width, height: screen.height, luminance };
}

/** Which row of the picture each stored row is (appendix E). */
function interlacedRows(height: number): number[] {
  const rows: number[] = [];
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let row = start; row < height; row += step) rows.push(row);
  }
  return rows;
}

/** LZW with codes that grow (appendix F). Ends quietly where the data do: the rest stays 0. */
function unpackLzw(packed: Uint8Array, minimumBits: number, pixels: number): Uint8Array {
  const output = new Uint8Array(pixels);
  const clear = 1 << minimumBits;
  const prefix = new Uint16Array(4096);
  const suffix = new Uint16Array(4096);
  const lengths = new Uint16Array(4096).fill(1, 0, clear);
  for (let code = 0; code < clear; code++) suffix[code] = code;
  let bits = minimumBits + 1;
  let next = clear + 2;
  let previous = -1;
  let written = 0;
  let window = 0;
  let held = 0;
  for (const byte of packed) {
    window |= byte << held;
    held += 8;
    while (held >= bits && written < pixels) {
      const code = window & ((1 << bits) - 1);
      window >>>= bits;
      held -= bits;
      if (code === clear) {
        bits = minimumBits + 1;
        next = clear + 2;
        previous = -1;
        continue;
      }
      if (code === clear + 1 || code > next || (code === next && previous < 0)) return output;
      const known = code < next ? code : previous;
      const length = lengths[known] ?? 0;
      let first = known;
      for (let at = written + length - 1; at >= written; at--) {
        if (at < pixels) output[at] = suffix[first] ?? 0;
        if (at > written) first = prefix[first] ?? 0;
      }
      written += length;
      const head = suffix[first] ?? 0;
      if (code === next && written < pixels) output[written++] = head;
      if (previous >= 0 && next < 4096) {
        prefix[next] = previous;
        suffix[next] = head;
        lengths[next] = (lengths[previous] ?? 0) + 1;
        next += 1;
        if (next === 1 << bits && bits < 12) bits += 1;
      }
      previous = code;
    }
  }
  return output;
}
