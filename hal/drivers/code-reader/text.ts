/** From the bytes a code carries to text, the same way whichever decoder found it. */

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const shiftJis = new TextDecoder("shift_jis", { fatal: true });

function strictly(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** One character a byte: always possible, never loses anything. */
function asLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCodePoint(byte);
  return text;
}

/** A zero byte is nobody's text, in whatever character set: the test that `grep` and `git` use. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.includes(0);
}

// Kana, ideographs, full-width and half-width forms, as Japanese text has them.
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff\uff01-\uff9f]/gu;

/**
 * Shift_JIS is what kanji mode means and what Japanese encoders write without declaring it
 * (ISO/IEC 18004:2015, 7.3.6). Two Latin-1 letters in a row can pass for one kanji, so a single
 * character proves nothing.
 */
function asJapanese(bytes: Uint8Array): string | undefined {
  const text = strictly(shiftJis, bytes);
  return (text?.match(JAPANESE)?.length ?? 0) >= 2 ? text : undefined;
}

/**
 * Text of a code's bytes: UTF-8 where it is valid; for plain binary what UTF-8 makes of it, with
 * replacement characters (only the bytes count there); else what the decoder understood from the
 * code's own declaration (ECI or kanji mode), else Shift_JIS where it clearly is, else Latin-1.
 */
export function textOf(bytes: Uint8Array, declared?: string): string {
  return (
    strictly(utf8, bytes) ??
    (isBinary(bytes) ? lossyUtf8.decode(bytes) : undefined) ??
    declared ??
    asJapanese(bytes) ??
    asLatin1(bytes)
  );
}

/** Every text the bytes can be: to recognise them by what a decoder made of them. */
export function readingsOf(bytes: Uint8Array): string[] {
  const strict = [utf8, shiftJis].flatMap((decoder) => strictly(decoder, bytes) ?? []);
  return [...strict, lossyUtf8.decode(bytes), asLatin1(bytes)];
}
