/** The numbers of revocation lists as credentials are looked up by them, however a list writes them. */
import type { RevocationNamespace } from "./revocation.ts";

/** Bytes of a number that is looked up in hexadecimal; numbers of other formats are texts. */
const HEX_BYTES: Readonly<Partial<Record<RevocationNamespace, number>>> = {
  "health-pass": 8,
  "nz-covid-pass": 16,
  "eu-dcc-uci": 16,
  "eu-dcc-country-uci": 16,
  "eu-dcc-signature": 16,
};

/** A number as it is looked up, and whether it is one that can be found at all. */
export interface RevocationNumber {
  number: string;
  canMatch: boolean;
}

/**
 * Reads a number of a list. Hexadecimal may stand in capitals and in groups; hashes of EU certificates
 * may be in base64, and whole: their first 16 bytes count (eHealth Network, EU DCC revocation).
 */
export function revocationNumber(
  namespace: RevocationNamespace,
  written: string,
): RevocationNumber {
  const number = written.trim();
  const length = HEX_BYTES[namespace];
  if (length === undefined) return { number, canMatch: number !== "" };
  const hex = number.replace(/^(?:0x|urn:uuid:)/i, "").replaceAll(/[\s:-]/g, "");
  const isHash = namespace.startsWith("eu-dcc-");
  const bytes = /^(?:[0-9a-f]{2})+$/i.test(hex) ? Buffer.from(hex, "hex") : undefined;
  const fits = (each: Buffer): boolean => each.length === length || (isHash && each.length === 32);
  const found = [bytes, isHash ? base64Of(number) : undefined].find(
    (each) => each !== undefined && fits(each),
  );
  if (found === undefined) return { number, canMatch: false };
  return { number: found.subarray(0, length).toString("hex"), canMatch: true };
}

function base64Of(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
