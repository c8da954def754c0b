/** The command that a scanner is started with, as its manual prints it. */

/** @param hex pairs of hexadecimal digits, with or without a space between them */
export function bytesOfHex(hex: string): Uint8Array {
  const pairs = hex.match(/[0-9a-f]{2}/gi) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}
