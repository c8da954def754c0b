/** How lists of signers write the key id that COSE carries as bytes. */

const BASE64_OF_8_BYTES = /^[A-Za-z0-9+/_-]{11}=?$/;
const HEX_OF_8_BYTES = /^[0-9a-f]{16}$/i;

/** Whether a text looks like the 8 bytes that EU certificates name their signer by. */
export function looksLikeKeyId(text: string): boolean {
  const written = bare(text);
  return BASE64_OF_8_BYTES.test(written) || HEX_OF_8_BYTES.test(written);
}

/** Hexadecimal may stand in groups, and after `0x`. */
function bare(text: string): string {
  const hex = text
    .trim()
    .replace(/^0x/i, "")
    .replaceAll(/[\s:-]/g, "");
  return HEX_OF_8_BYTES.test(hex) ? hex : text.trim();
}

/**
 * The key ids, hex, that a written one may stand for: the 8 bytes in base64, base64url or hex. Of
 * another length it may be base64 of that many bytes, or the text itself, which some issuers put into
 * COSE as it is. A key id only finds a key; a signature still has to be that key's.
 */
export function keyIdsOf(text: string): string[] {
  const written = bare(text);
  if (HEX_OF_8_BYTES.test(written)) return [written.toLowerCase()];
  const bytes = Buffer.from(written, "base64").toString("hex");
  if (BASE64_OF_8_BYTES.test(written)) return [bytes];
  return [...new Set([bytes, Buffer.from(written, "utf8").toString("hex")])].filter(
    (each) => each !== "",
  );
}
