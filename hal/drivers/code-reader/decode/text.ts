/** From the bytes a code carries to text, the same way whichever decoder found it. */

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const shiftJis = new TextDecoder("shift_jis", { fatal: true });
// What bytes are besides where the code declares it: to recognise content by the text of it. Where
// one byte may be any character nothing would be recognised, so those are left out.
const OTHERS = ["gb18030", "big5", "euc-kr", "euc-jp", "utf-16be"].map(
  (label) => new TextDecoder(label, { fatal: true, ignoreBOM: true }),
);

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

/** ISO/IEC 8859-1, one character a byte: always possible, never loses anything. */
export function asLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCodePoint(byte);
  return text;
}

// These take the mark off: it says how the text is written and is none of it.
const utf16be = new TextDecoder("utf-16be", { fatal: true });
const utf16le = new TextDecoder("utf-16le", { fatal: true });

/** A byte order mark says that it is UTF-16: no other text begins with those two bytes. */
function asUtf16(bytes: Uint8Array): string | undefined {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfeff) return strictly(utf16be, bytes);
  return mark === 0xfffe ? strictly(utf16le, bytes) : undefined;
}

/** A zero byte is nobody's text, in whatever character set: the test that `grep` and `git` use. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.includes(0);
}

// Two kana or ideographs in a row. Full-width Latin letters are no evidence: their bytes are as
// much of any other character set as of this one.
const JAPANESE = /[\u3041-\u30fe\u4e00-\u9fff\uff66-\uff9f]{2}/u;

const HALF_WIDTH_KANA = /^[\p{ASCII}\uff61-\uff9f]*$/u;

/**
 * Shift_JIS is what Japanese encoders write without declaring it. Two Latin-1 letters in a row can
 * pass for one kanji, and four for two rare ones: only a byte that is no letter there, as in all
 * kana and usual kanji, or kana of half width throughout prove something.
 */
function asJapanese(bytes: Uint8Array): string | undefined {
  const text = strictly(shiftJis, bytes);
  if (text === undefined || !JAPANESE.test(text)) return undefined;
  const isNoLatin = bytes.some((byte) => byte >= 0x80 && byte < 0xa0);
  return isNoLatin || HALF_WIDTH_KANA.test(text) ? text : undefined;
}

const gb18030 = new TextDecoder("gb18030", { fatal: true, ignoreBOM: true });

/**
 * GB 2312 undeclared, as Chinese encoders write it: every pair of bytes beyond ASCII is one of its
 * 3,755 usual ideographs or its punctuation (rows 1, 3 and 16 to 55), two ideographs at least.
 * Shift_JIS makes such bytes a mixture of half-width kana and rare ideographs, which nobody writes;
 * where it makes them kana alone, they are kana.
 */
function asChinese(bytes: Uint8Array): string | undefined {
  let ideographs = 0;
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    at += 1;
    const trail = bytes[at] ?? 0;
    const isIdeograph = lead >= 0xb0 && lead <= 0xd7;
    if (trail < 0xa1 || trail > 0xfe || !(isIdeograph || lead === 0xa1 || lead === 0xa3)) {
      return undefined;
    }
    if (isIdeograph) ideographs += 1;
  }
  const japanese = strictly(shiftJis, bytes);
  const isKana = japanese !== undefined && HALF_WIDTH_KANA.test(japanese);
  return ideographs < 2 || isKana ? undefined : strictly(gb18030, bytes);
}

/**
 * Who writes kanji segments writes Shift_JIS in the byte segments beside them, as kana of half width
 * need: all of it in Shift_JIS, where what was declared says the same kanji.
 */
function besideKanji(bytes: Uint8Array, declared: string): string | undefined {
  const whole = strictly(shiftJis, bytes);
  if (whole === undefined) return undefined;
  const kanji = Array.from(declared).filter((character) => character > "\u00ff");
  let found = 0;
  for (const character of whole) if (character === kanji[found]) found += 1;
  return kanji.length > 0 && found === kanji.length ? whole : undefined;
}

/**
 * Text of a code's bytes. What the code itself says of them comes first (ECI, kanji or hanzi mode),
 * as far as they are valid in it; of kanji mode only where they are not UTF-8, for encoders pack pairs
 * of its bytes that way because they fit (libqrencode's -k, zxing#708), while no text in kanji is
 * valid UTF-8. Undeclared bytes are UTF-8 where they are valid UTF-8; UTF-16 behind a byte order mark;
 * for plain binary what UTF-8 makes of them, with replacement characters (only the bytes count
 * there); GB 2312 or Shift_JIS where they hold Chinese or Japanese script; else Latin-1, the
 * standard's own default (ISO/IEC 18004:2015, 7.3.5).
 * @param declared the text by the code's own declaration, absent where it declares nothing
 * @param byEci whether an ECI declares it, and not the mode of a segment alone
 */
export function textOf(bytes: Uint8Array, declared?: string, byEci = false): string {
  if (declared?.includes("\ufffd") === false) {
    const packed = byEci ? undefined : strictly(utf8, bytes);
    return packed ?? besideKanji(bytes, declared) ?? declared;
  }
  return (
    strictly(utf8, bytes) ??
    asUtf16(bytes) ??
    (isBinary(bytes) ? lossyUtf8.decode(bytes) : undefined) ??
    asChinese(bytes) ??
    asJapanese(bytes) ??
    asLatin1(bytes)
  );
}

/** What rxing takes bytes for that declare nothing: UTF-8, UTF-16 behind its mark, Shift_JIS or Latin-1. */
export function guessesOf(bytes: Uint8Array): string[] {
  const strict = [utf8, shiftJis].flatMap((decoder) => strictly(decoder, bytes) ?? []);
  const marked = asUtf16(bytes);
  if (marked !== undefined) strict.push(marked);
  return [...strict, lossyUtf8.decode(bytes), asLatin1(bytes)];
}

/** Every text a decoder can have taken the bytes for: to recognise them by what it made of them. */
export function readingsOf(bytes: Uint8Array): string[] {
  return [...guessesOf(bytes), ...OTHERS.flatMap((decoder) => strictly(decoder, bytes) ?? [])];
}
