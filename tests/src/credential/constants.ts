/** The moment, the district and the person that the credential tests are about. */

export const NOW = Date.parse("2026-05-02T08:00:00Z");
export const DISTRICT_KEY = new Uint8Array(32).fill(0x11);
export const NUMBER = "11010519491231002X";
