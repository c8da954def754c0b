/** Whether a text is the code of a country: what rules and revocation lists are kept by. */

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** Regions that the names of languages and currencies need, and that are no countries. */
const NO_COUNTRIES: ReadonlySet<string> = new Set(["EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"]);

/**
 * ISO 3166-1 alpha-2, in capitals; Kosovo's XK, which the EU uses, is among them. A code that was
 * given up or stands for another (UK, DD) is none.
 */
export function isCountryCode(text: string): boolean {
  if (!/^[A-Z]{2}$/.test(text) || NO_COUNTRIES.has(text)) return false;
  return REGIONS.of(text) !== undefined && new Intl.Locale(`und-${text}`).region === text;
}
