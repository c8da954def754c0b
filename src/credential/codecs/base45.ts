/** Base45 (RFC 9285): bytes as the characters a QR code stores most densely. */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

const VALUE_OF = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUE_OF[ALPHABET.charCodeAt(value)] = value;

/** Encodes bytes; two bytes become three characters, a last odd byte two. */
export function encodeBase45(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 2) {
    const first = bytes[index] ?? 0;
    const second = bytes[index + 1];
    let value = second === undefined ? first : first * 256 + second;
    for (let digits = second === undefined ? 2 : 3; digits > 0; digits--) {
      text += ALPHABET[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/**
 * Decodes base45 text.
 * @returns the bytes, or undefined where a character, a group's value or the length is not base45
 */
export function decodeBase45(text: string): Uint8Array | undefined {
  const rest = text.length % 3;
  if (rest === 1) return undefined;
  const whole = Math.floor(text.length / 3);
  const bytes = new Uint8Array(whole * 2 + (rest === 2 ? 1 : 0));
  for (let group = 0; group < whole; group++) {
    const low = digit(text, group * 3);
    const middle = digit(text, group * 3 + 1);
    const high = digit(text, group * 3 + 2);
    const value = low + middle * 45 + high * 2025;
    if (low < 0 || middle < 0 || high < 0 || value > 0xff_ff) return undefined;
    bytes[group * 2] = value >> 8;
    bytes[group * 2 + 1] = value & 0xff;
  }
  if (rest === 2) {
    const low = digit(text, whole * 3);
    const high = digit(text, whole * 3 + 1);
    const value = low + high * 45;
    if (low < 0 || high < 0 || value > 0xff) return undefined;
    bytes[whole * 2] = value;
  }
  return bytes;
}

/**
 * Decodes base45 text as it was shown, with what stands behind it. A space is a character of base45,
 * so one at the end may belong to the code; where it does not, the text with it is never base45: two
 * or three characters that end in a space are worth more than one or two bytes.
 */
export function decodeTrimmedBase45(text: string): Uint8Array | undefined {
  const bare = text.replace(/[^\S ]+$/, "");
  return decodeBase45(bare) ?? decodeBase45(bare.trimEnd());
}

function digit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 128 ? (VALUE_OF[code] ?? -1) : -1;
}
