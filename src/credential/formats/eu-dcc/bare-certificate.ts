/** EU certificates that lost their prefix: what base45 begins with where it stands for a zlib stream. */
import { decodeBase45, encodeBase45 } from "../../codecs/base45.ts";

/** The first byte of a zlib stream: deflate, the largest window (RFC 1950 §2.2). */
const DEFLATE = 0x78;

/** The two bytes that begin a zlib stream are a multiple of 31 (RFC 1950 §2.2). */
const isHead = (first: number, second: number): boolean =>
  first === DEFLATE && (first * 256 + second) % 31 === 0;

/** Every head of a zlib stream in base45, as sources of regular expressions. */
export const ZLIB_HEADS: readonly string[] = Array.from({ length: 256 }, (_, second) => second)
  .filter((second) => isHead(DEFLATE, second))
  .map((second) => encodeBase45(Uint8Array.of(DEFLATE, second)))
  .map((text) => text.replaceAll(/[$*+./-]/g, "\\$&"));

/** No certificate with its signature is shorter than this many characters. */
const SHORTEST = 200;

/** Whether a text is a certificate without its prefix. */
export function isBareCertificate(text: string): boolean {
  if (text.length < SHORTEST || !/^[0-9A-Z $%*+./:-]+$/.test(text)) return false;
  const [first = 0, second = 0] = decodeBase45(text.slice(0, 3)) ?? [];
  return isHead(first, second);
}
