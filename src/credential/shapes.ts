/** What texts look like that may be a credential, as data: a camera's decoders stop for these alone. */

/**
 * Sources of regular expressions, upper and lower case alike. They say the same as `classify`, a
 * little more generously: everything that it knows a format for, and none of a poster's addresses.
 */
export const CREDENTIAL_SHAPES: readonly string[] = [
  // Health pass, EU certificate, SMART Health Card and New Zealand's pass; of any version, so that
  // one that is not read here is still said to be one.
  "^\\s*(DS\\w?|HC\\w?|shc|NZCP):",
  // An EU certificate that lost its prefix: base 45, behind the head of a zlib stream.
  `^(${zlibHeads().join("|")})[0-9A-Z $%*+./:-]{197,}$`,
  // Signed tokens, and the engagement of a mobile document.
  "^eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+$",
  "^(mdoc|mdoc-openid4vp|openid4vp):",
  // An opaque token, marked or bare.
  "^DT1:[0-9A-Z]{20,64}$",
  "^(?=.*\\d)(?=.*[A-Z])[0-9A-Z]{20,64}$",
  // A visible digital seal: JSON with its data and their signature.
  '^\\{(?=[^]*"data"\\s*:)(?=[^]*"sig"\\s*:)',
];

/** Every head of a zlib stream (RFC 1950 §2.2: deflate, the largest window, a multiple of 31) in base 45. */
function zlibHeads(): string[] {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  return Array.from({ length: 256 }, (_, flags) => 0x7800 + flags)
    .filter((head) => head % 31 === 0)
    .map((head) => [head % 45, Math.floor(head / 45) % 45, Math.floor(head / 2025)])
    .map((triple) => triple.map((digit) => digits.charAt(digit)).join(""))
    .map((text) => text.replaceAll(/[$*+./-]/g, "\\$&"));
}
