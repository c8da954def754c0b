/** Pseudonyms, references and masked names: who a credential belongs to, without a name or number. */
import { createHmac } from "node:crypto";

/**
 * The pseudonym of a person's number under the district's key: HMAC-SHA-256, base64url. Upper case
 * and without blanks first, so that a card and a typed number come out the same.
 */
export function pseudonymOf(districtKey: Uint8Array, number: string): string {
  return hmac(districtKey, number.replaceAll(/\s/g, "").toUpperCase());
}

/** The pseudonym of a person known only by name and birth, as foreign certificates give them. */
export function pseudonymOfNameAndBirth(
  districtKey: Uint8Array,
  name: string,
  birth: string,
): string {
  return hmac(districtKey, `person\n${name.normalize("NFKC").toUpperCase()}\n${birth}`);
}

/**
 * How the directory files an opaque token: HMAC-SHA-256 under the district's key, base64url; the
 * prefix keeps a token from ever colliding with a person's number.
 */
export function tokenReferenceOf(districtKey: Uint8Array, token: string): string {
  return hmac(districtKey, `token\n${token}`);
}

/** The reference of a presentation: recognises the same code presented again; under the unit's own key, so that no two units can compare. */
export function presentationReferenceOf(unitKey: Uint8Array, shown: Uint8Array | string): string {
  return createHmac("sha256", unitKey).update("shown\n").update(shown).digest("base64url");
}

function hmac(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text, "utf8").digest("base64url");
}

// Controls and marks that change how the text around them is shown: no part of a name.
const NO_LETTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/** A name without anything that is no part of one, as an issuer or a directory may have written it. */
export const cleanName = (name: string): string => name.replace(NO_LETTERS, "").trim();

/** A name as staff may see it: the first character, and a star for each further one. */
export function maskName(name: string): string {
  const [first, ...others] = Array.from(cleanName(name.normalize("NFC")));
  if (first === undefined) return "";
  return first + others.map((character) => (character === " " ? " " : "*")).join("");
}
