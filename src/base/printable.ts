/** Escapes control characters in text from outside, so that no terminal or log obeys them. */

// C0 and C1 controls, DEL, the marks that turn the direction of text, and the separators of lines and
// paragraphs. A terminal obeys the first, and shows something else than there is for the others.
const CONTROLS =
  "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069";
const ANY = new RegExp(`[${CONTROLS}]`, "g");
// Between lines and columns of our own text.
const BUT_LAYOUT = new RegExp(`(?![\\n\\t])[${CONTROLS}]`, "g");

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** One line of text: every control character is written out, e.g. `\u001b`, and it stays one line. */
export const printable = (text: string): string => text.replace(ANY, escaped);

/** Lines of text: as `printable`, but line feeds and tabs stay. JSON stays the same value. */
export const printableLines = (text: string): string => text.replace(BUT_LAYOUT, escaped);
