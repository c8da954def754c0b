/** Takes the text block out of a read answer; photo and fingerprint are never looked at. */
import { CardContentError, TEXT_BYTES } from "./card-content.ts";

const u16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/**
 * A copy of the text block from the payload of a read: big-endian lengths of text and photo (and
 * of the fingerprint, where it was asked for), then the parts in that order.
 * @throws CardContentError when the lengths do not add up
 */
export function textOfPayload(payload: Uint8Array): Uint8Array {
  const text = u16(payload, 0);
  const photo = u16(payload, 2);
  const header = [
    { bytes: 4, total: 4 + text + photo },
    { bytes: 6, total: 6 + text + photo + u16(payload, 4) },
  ].find((candidate) => candidate.total === payload.length);
  if (header === undefined || text !== TEXT_BYTES) {
    throw new CardContentError("wrong-length", "block", "the lengths in the answer do not add up");
  }
  return payload.slice(header.bytes, header.bytes + TEXT_BYTES);
}
