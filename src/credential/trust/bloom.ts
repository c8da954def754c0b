/** A Bloom filter: ten million revoked numbers in twenty megabytes, asked in microseconds. */
import { createHash } from "node:crypto";
import { z } from "zod";

/** File format: this line, a line of JSON (FilterHead), then the bits. */
const MAGIC = "digital-sentinel-bloom-1\n";

/** Whether bytes claim to be a filter file. */
export function isFilterFile(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
}

/** The head of a filter file is short; what is longer is none. */
const MAX_HEAD_BYTES = 512;

/** What a filter file states about itself. */
export interface FilterLabel {
  namespace: string;
  /** When the list was made, ISO 8601. */
  asOf: string;
}

/**
 * Answers "surely not" or "probably". Never forgets an entry; answers yes wrongly at about the rate
 * it was built for (Bloom 1970; bits = −n·ln p / (ln 2)², hashes = bits/n · ln 2).
 */
export class BloomFilter {
  readonly falsePositiveRate: number;
  #bits: Uint8Array;
  #bitCount: number;
  #hashes: number;
  #entries = 0;

  private constructor(bits: Uint8Array, bitCount: number, hashes: number, entries: number) {
    this.#bits = bits;
    this.#bitCount = bitCount;
    this.#hashes = hashes;
    this.#entries = entries;
    this.falsePositiveRate = (1 - Math.exp((-hashes * Math.max(1, entries)) / bitCount)) ** hashes;
  }

  /** Builds a filter. @param rate wrong yes answers per question, e.g. 0.001 */
  static of(numbers: Iterable<string>, expectedEntries: number, rate: number): BloomFilter {
    const ideal = (-expectedEntries * Math.log(rate)) / Math.LN2 ** 2;
    const bitCount = Math.max(64, Math.ceil(ideal / 8) * 8);
    const hashes = Math.max(1, Math.round((bitCount / Math.max(1, expectedEntries)) * Math.LN2));
    const building = new BloomFilter(new Uint8Array(bitCount / 8), bitCount, hashes, 0);
    for (const number of numbers) building.#add(number);
    return new BloomFilter(building.#bits, bitCount, hashes, building.#entries);
  }

  get entries(): number {
    return this.#entries;
  }

  get byteLength(): number {
    return this.#bits.byteLength;
  }

  /** False: surely not on the list. True: on it, or one of the rare wrong answers. */
  mayContain(number: string): boolean {
    for (const place of this.#places(number)) {
      if (((this.#bits[place >>> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
    }
    return true;
  }

  /** The filter as a file. */
  toBytes(label: FilterLabel): Uint8Array {
    const shape = { bits: this.#bitCount, hashes: this.#hashes, entries: this.#entries };
    const head = `${MAGIC}${JSON.stringify({ ...label, ...shape })}\n`;
    return Buffer.concat([Buffer.from(head), this.#bits]);
  }

  /** Reads a filter file; undefined where it is none or is cut off. */
  static fromBytes(bytes: Uint8Array): { filter: BloomFilter; label: FilterLabel } | undefined {
    const text = Buffer.from(bytes.subarray(0, MAX_HEAD_BYTES)).toString("latin1");
    const end = text.indexOf("\n", MAGIC.length);
    if (!text.startsWith(MAGIC) || end < 0) return undefined;
    const head = headOf(text.slice(MAGIC.length, end));
    const bits = bytes.subarray(end + 1);
    if (head === undefined || bits.length * 8 !== head.bits) return undefined;
    const filter = new BloomFilter(bits, head.bits, head.hashes, head.entries);
    return { filter, label: { namespace: head.namespace, asOf: head.asOf } };
  }

  #add(number: string): void {
    for (const place of this.#places(number)) {
      this.#bits[place >>> 3] = (this.#bits[place >>> 3] ?? 0) | (1 << (place & 7));
    }
    this.#entries += 1;
  }

  // Two halves of one hash make as many independent places as are needed (Kirsch, Mitzenmacher 2006).
  *#places(number: string): Generator<number> {
    const digest = createHash("sha256").update(number, "utf8").digest();
    const first = digest.readUIntBE(0, 5);
    // An odd step; >>> keeps it positive where | would make it a signed number.
    const step = (digest.readUInt32BE(5) | 1) >>> 0;
    for (let index = 0; index < this.#hashes; index++) {
      yield (first + index * step) % this.#bitCount;
    }
  }
}

const count = z.number().int().min(1);
const Head = z.object({
  namespace: z.string(),
  asOf: z.iso.datetime({ offset: true }),
  bits: count,
  hashes: count.max(64),
  entries: z.number().int().min(0),
});

function headOf(json: string): z.infer<typeof Head> | undefined {
  try {
    return Head.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
