/** Base32 (RFC 4648 §6) as codes carry it: capital letters and digits. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Decodes base32; undefined where a character, the length or the padding is not base32. */
export function decodeBase32(padded: string): Uint8Array | undefined {
  const text = padded.replace(/={1,6}$/, "");
  // Padding is left off in codes; where it stands, it fills the last group of 8.
  if (text !== padded && padded.length % 8 !== 0) return undefined;
  // A group of 8 characters holds 5 bytes; 1, 3 or 6 characters left over hold no whole byte.
  if ([1, 3, 6].includes(text.length % 8)) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let written = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xff_ff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[written++] = (held >> bits) & 0xff;
    }
  }
  // Bits that belong to no byte are zero, or two texts would stand for the same bytes.
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
