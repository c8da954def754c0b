/** The opaque token: a string without structure, as a phone shows it, that only a list can explain. */

/** Marks a token of this system; the real ones come bare. */
const PREFIX = "DT1:";

/**
 * The token in a text: `DT1:` and 20 to 64 letters and digits, or those alone if both letters and
 * digits are among them (a long number alone is a barcode, a long word alone is a word).
 */
export function tokenIn(text: string): string | undefined {
  const marked = text.startsWith(PREFIX);
  const token = marked ? text.slice(PREFIX.length) : text;
  if (!/^[0-9A-Za-z]{20,64}$/.test(token)) return undefined;
  if (!marked && !(/\d/.test(token) && /[A-Za-z]/.test(token))) return undefined;
  return token;
}
