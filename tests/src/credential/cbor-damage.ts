/** Damage to CBOR that an encoder does not do. */
import { encodeCbor } from "../../../src/credential/codecs/cbor.ts";

/** A map of up to 22 members with one of them once more, with another value. */
export function withMemberTwice(map: Uint8Array, key: unknown, value: unknown): Uint8Array {
  const [head = 0, ...members] = map;
  // RFC 8949 §3.1: a map of fewer than 24 members has their count in its first byte.
  return Uint8Array.of(head + 1, ...members, ...encodeCbor(key), ...encodeCbor(value));
}

export const withTrailingByte = (bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, 0);
