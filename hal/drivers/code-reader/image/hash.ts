/** A fast fingerprint of a frame, to know one that was decoded before. */
import type { Luminance } from "./image.ts";

/**
 * 64 bits over size and every pixel, in four independent lanes of multiply and rotate. Not
 * cryptographic: it tells frames of one camera apart, nothing rests on nobody forging one.
 */
export function hashOf(image: Luminance): string {
  const { luminance, width, height } = image;
  const aligned = luminance.byteOffset % 4 === 0 ? luminance : Uint8Array.from(luminance);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  let a = 0x9e3779b1 ^ width;
  let b = 0x85ebca77 ^ height;
  let c = 0xc2b2ae3d;
  let d = 0x27d4eb2f;
  const end = words.length & ~3;
  for (let index = 0; index < end; index += 4) {
    a = Math.imul(a ^ (words[index] ?? 0), 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ (words[index + 1] ?? 0), 0x85ebca77);
    b ^= b >>> 13;
    c = Math.imul(c ^ (words[index + 2] ?? 0), 0xc2b2ae3d);
    c ^= c >>> 16;
    d = Math.imul(d ^ (words[index + 3] ?? 0), 0x27d4eb2f);
    d ^= d >>> 14;
  }
  for (let index = end * 4; index < luminance.length; index++) {
    a = Math.imul(a ^ (luminance[index] ?? 0), 0x01000193);
  }
  const high = (Math.imul(a, 31) ^ b) >>> 0;
  const low = (Math.imul(c, 31) ^ d) >>> 0;
  return `${width}x${height}:${high.toString(16)}-${low.toString(16)}`;
}
