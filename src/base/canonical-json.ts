/** One text for one value: JSON with sorted keys, so that both ends of a chain hash the same bytes. */
import { createHash } from "node:crypto";

/**
 * JSON in the canonical form of RFC 8785 (JCS): keys sorted by UTF-16 code units, no spaces,
 * numbers as ECMAScript prints them. Members that are `undefined` are left out.
 *
 * @throws TypeError for what JSON cannot say: NaN, infinities, functions, symbols, big integers
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`JSON cannot say a ${typeof value}`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
