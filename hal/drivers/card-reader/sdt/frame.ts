/** SDT framing: requests out, answers in, and back in step after whatever a line can do to them. */

/** Every frame starts so, in both directions. */
export const PREAMBLE: readonly number[] = [0xaa, 0xaa, 0xaa, 0x96, 0x69];

const HEADER_BYTES = PREAMBLE.length + 2;
// SW1 SW2 SW3 and the checksum; a request's shortest length is 3, so an echo is no answer.
const SHORTEST_LENGTH = 4;
// Read with 1024 bytes of fingerprint, the longest answer there is (LEN 0x090A).
const LONGEST_LENGTH = 0x090a;
// Some vendors' modules say "timed out" so; its length field promises more than it has.
const VENDOR_TIMEOUT: readonly number[] = [...PREAMBLE, 0x00, 0x05, 0x05, 0x05, 0x05];

/** An answer whose length and checksum were right. */
export interface ResponseFrame {
  /** The card's own status word. */
  sw1: number;
  sw2: number;
  /** The reader's status: see `status.ts`. */
  sw3: number;
  data: Uint8Array;
}

/**
 * - `checksum`: the XOR over the frame is not zero
 * - `length`: the length field cannot be an answer's
 * - `reader-timeout`: the vendors' malformed frame for "I gave up"
 */
export type FrameFault = "checksum" | "length" | "reader-timeout";

export type FrameOutcome =
  | { kind: "frame"; frame: ResponseFrame }
  | { kind: "fault"; fault: FrameFault };

/** The XOR that closes a frame: over everything behind the preamble, the length bytes included. */
export function checksum(bytes: Iterable<number>): number {
  let value = 0;
  for (const byte of bytes) value ^= byte;
  return value;
}

/** A request: preamble, length (of what follows it, checksum included), command, parameter, data, checksum. */
export function requestFrame(
  command: number,
  parameter: number,
  data: readonly number[] = [],
): Uint8Array {
  const length = data.length + 3;
  const body = [length >> 8, length & 0xff, command, parameter, ...data];
  return Uint8Array.of(...PREAMBLE, ...body, checksum(body));
}

/** The requests this product uses (SDT/SAM-V command table). */
export const REQUESTS = {
  samStatus: requestFrame(0x11, 0xff),
  samId: requestFrame(0x12, 0xff),
  find: requestFrame(0x20, 0x01),
  select: requestFrame(0x20, 0x02),
  readBase: requestFrame(0x30, 0x01),
} as const;

/**
 * Finds frames in a stream of chunks of any size. Garbage between frames is skipped; behind a damaged
 * frame the search starts again one byte later, so a good frame inside it is not lost. Holds at
 * most one frame's bytes, and overwrites what it lets go of: they may be a person's.
 */
export class FrameParser {
  readonly #buffer = new Uint8Array(HEADER_BYTES + LONGEST_LENGTH);
  #used = 0;

  /** True from a whole header until its frame is complete. */
  get midFrame(): boolean {
    return this.#used >= HEADER_BYTES;
  }

  /** Takes the next bytes and says what they completed, in order. */
  push(chunk: Uint8Array): FrameOutcome[] {
    const outcomes: FrameOutcome[] = [];
    let taken = 0;
    while (taken < chunk.length) {
      const part = chunk.subarray(taken, taken + this.#buffer.length - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      taken += part.length;
      for (let next = this.#next(); next !== undefined; next = this.#next()) outcomes.push(next);
    }
    return outcomes;
  }

  /** Forgets what was begun. */
  reset(): void {
    this.#drop(this.#used);
  }

  #next(): FrameOutcome | undefined {
    this.#align();
    if (this.#used < HEADER_BYTES) return undefined;
    const length = ((this.#buffer[5] ?? 0) << 8) | (this.#buffer[6] ?? 0);
    if (length < SHORTEST_LENGTH || length > LONGEST_LENGTH) {
      this.#drop(1);
      return { kind: "fault", fault: "length" };
    }
    if (VENDOR_TIMEOUT.every((byte, index) => index < this.#used && this.#buffer[index] === byte)) {
      this.#drop(VENDOR_TIMEOUT.length);
      return { kind: "fault", fault: "reader-timeout" };
    }
    const end = HEADER_BYTES + length;
    if (this.#used < end) return undefined;
    if (checksum(this.#buffer.subarray(PREAMBLE.length, end)) !== 0) {
      this.#drop(1);
      return { kind: "fault", fault: "checksum" };
    }
    const [sw1 = 0, sw2 = 0, sw3 = 0] = this.#buffer.subarray(HEADER_BYTES);
    const data = this.#buffer.slice(HEADER_BYTES + 3, end - 1);
    this.#drop(end);
    return { kind: "frame", frame: { sw1, sw2, sw3, data } };
  }

  // Moves the first place that may be the start of a preamble to the front.
  #align(): void {
    let start = 0;
    while (start < this.#used && !this.#mayStartAt(start)) start++;
    this.#drop(start);
  }

  #mayStartAt(start: number): boolean {
    return PREAMBLE.every(
      (byte, index) => start + index >= this.#used || this.#buffer[start + index] === byte,
    );
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#buffer.copyWithin(0, count, this.#used);
    this.#buffer.fill(0, this.#used - count, this.#used);
    this.#used -= count;
  }
}
