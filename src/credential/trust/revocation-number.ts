/** The numbers of revocation lists as credentials are looked up by them, however a list writes them. */

/** A number of so many bytes, looked up in lower-case hexadecimal. A list may group it, or use capitals. */
export const hexNumber =
  (length: number) =>
  (written: string): string | undefined => {
    const bytes = hexIn(written);
    return bytes?.length === length ? bytes.toString("hex") : undefined;
  };

/** Hashes of EU certificates are the first half of SHA-256 (eHealth Network, EU DCC revocation). */
const HASH_BYTES = 16;

/** The hash of an EU certificate: in hexadecimal or base64, and also whole, of which the first half counts. */
export function hashNumber(written: string): string | undefined {
  const hash = [hexIn(written), base64In(written)].find(
    (each) => each !== undefined && [HASH_BYTES, 2 * HASH_BYTES].includes(each.length),
  );
  return hash?.subarray(0, HASH_BYTES).toString("hex");
}

/** A number that is a text of its issuer's own making. */
export const textNumber = (written: string): string | undefined =>
  written === "" ? undefined : written;

function hexIn(text: string): Buffer | undefined {
  const hex = text.replace(/^(?:0x|urn:uuid:)/i, "").replaceAll(/[\s:-]/g, "");
  return /^(?:[0-9a-f]{2})+$/i.test(hex) ? Buffer.from(hex, "hex") : undefined;
}

function base64In(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
