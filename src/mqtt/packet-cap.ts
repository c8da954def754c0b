/** Watches the bytes of a connection, so that no packet is gathered that is larger than was agreed. */

/** MQTT 5 §1.5.5: a length takes four bytes at most, seven bits each. */
const LENGTH_BYTES = 4;

/**
 * Follows the fixed headers (MQTT 5 §2.1) in what comes in, without keeping any of it.
 * The packet itself is read elsewhere; this only says when one announces too much.
 */
export class PacketCap {
  readonly #largestBytes: number;
  /** Of the packet under way, still to come. */
  #rest = 0;
  /** Bytes of the header so far; 0 between packets. */
  #header = 0;
  #length = 0;

  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  /** @returns the size of a packet that is too large, as soon as its header says so */
  tooLarge(chunk: Uint8Array): number | undefined {
    for (let at = 0; at < chunk.length;) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      const size = this.#takeHeader(chunk[at] ?? 0);
      at += 1;
      if (size !== undefined && size > this.#largestBytes) return size;
    }
    return undefined;
  }

  /** @returns the size of the whole packet, once its header is complete */
  #takeHeader(byte: number): number | undefined {
    this.#header += 1;
    if (this.#header === 1) {
      this.#length = 0;
      return undefined;
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#header - 2);
    // A fifth byte would be malformed, which the parser says.
    if (byte >= 0x80 && this.#header <= LENGTH_BYTES) return undefined;
    const size = this.#header + this.#length;
    this.#rest = this.#length;
    this.#header = 0;
    return size;
  }
}
