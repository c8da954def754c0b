/** From the bytes a code carries to text, the same way whichever decoder found it. */

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes as UTF-8, or nothing where they are not. */
export function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** One character a byte: always possible, never loses anything. */
export function asLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCodePoint(byte);
  return text;
}

/**
 * Text of a code's bytes: UTF-8 where it is valid, else what the decoder understood from the code's
 * own declaration (ECI or kanji mode), else Latin-1.
 */
export function textOf(bytes: Uint8Array, declared?: string): string {
  return asUtf8(bytes) ?? declared ?? asLatin1(bytes);
}
