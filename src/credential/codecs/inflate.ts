/** Inflation with a ceiling: a code of a few kilobytes must not unpack into gigabytes. */
import { inflateRawSync, inflateSync } from "node:zlib";

/** No credential known here unpacks to more than a few kilobytes; SMART Health Cards reach about 10. */
export const MAX_INFLATED_BYTES = 64 * 1024;

/**
 * Unpacks DEFLATE data, synchronously so that a seeded run stays reproducible.
 * @param framing `zlib` with header and checksum (RFC 1950), or `raw` (RFC 1951)
 * @returns the bytes, or undefined where the data is damaged, cut off or too large unpacked
 */
export function inflate(packed: Uint8Array, framing: "zlib" | "raw"): Uint8Array | undefined {
  const options = { maxOutputLength: MAX_INFLATED_BYTES };
  try {
    return framing === "zlib" ? inflateSync(packed, options) : inflateRawSync(packed, options);
  } catch {
    return undefined;
  }
}
