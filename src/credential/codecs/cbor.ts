/** CBOR as credentials use it: maps kept as maps, nesting and numbers bounded, nothing thrown. */
import { decode, encode, rfc8949EncodeOptions, type TagDecoder } from "cborg";

/** Health certificates nest about eight deep. */
const MAX_DEPTH = 24;

/** A CBOR value under a tag the caller asked to keep. */
export interface Tagged {
  tag: number;
  value: unknown;
}

const keep = (tag: number): TagDecoder => {
  return (inner): Tagged => ({ tag, value: inner() });
};

// 0 and 1 are dates, 18 is COSE_Sign1, 61 a CWT (RFC 8949 §3.4, RFC 9052, RFC 8392).
const TAGS: Record<number, TagDecoder> = { 0: keep(0), 1: keep(1), 18: keep(18), 61: keep(61) };

/**
 * Decodes one CBOR item that fills the bytes exactly.
 * @returns the value in a box, or undefined where the bytes are no such item or nest too deeply
 */
export function decodeCbor(bytes: Uint8Array): { value: unknown } | undefined {
  if (nestsTooDeeply(bytes)) return undefined;
  try {
    return { value: decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, tags: TAGS }) };
  } catch {
    return undefined;
  }
}

/** Encodes with the deterministic rules of RFC 8949 §4.2. */
export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

export function isTagged(value: unknown): value is Tagged {
  return typeof value === "object" && value !== null && "tag" in value && "value" in value;
}

/**
 * Walks the heads of all items without building anything; a decoder that recurses must not be
 * handed a thousand opened arrays. Damaged input is left for the decoder to refuse.
 */
function nestsTooDeeply(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const remaining: number[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const head = view.getUint8(offset++);
    const major = head >> 5;
    const argument = readArgument(view, head & 0x1f, offset);
    if (argument === undefined) return false;
    offset += argument.size;
    let opened = 0;
    if (head === 0xff) {
      remaining.pop();
    } else if (major === 2 || major === 3) {
      if (argument.indefinite) opened = Infinity;
      else offset += argument.value;
    } else if (major === 4) opened = argument.indefinite ? Infinity : argument.value;
    else if (major === 5) opened = argument.indefinite ? Infinity : argument.value * 2;
    else if (major === 6) opened = 1;
    if (opened > 0) {
      if (remaining.length >= MAX_DEPTH) return true;
      remaining.push(opened);
      continue;
    }
    while (remaining.length > 0) {
      const left = (remaining.pop() ?? 0) - 1;
      if (left <= 0) continue;
      remaining.push(left);
      break;
    }
  }
  return false;
}

interface Argument {
  value: number;
  size: number;
  indefinite: boolean;
}

function readArgument(view: DataView, info: number, offset: number): Argument | undefined {
  if (info < 24) return { value: info, size: 0, indefinite: false };
  if (info === 31) return { value: 0, size: 0, indefinite: true };
  const size = 2 ** (info - 24);
  if (info > 27 || offset + size > view.byteLength) return undefined;
  const value =
    size === 1
      ? view.getUint8(offset)
      : size === 2
        ? view.getUint16(offset)
        : size === 4
          ? view.getUint32(offset)
          : Number(view.getBigUint64(offset));
  return { value, size, indefinite: false };
}
