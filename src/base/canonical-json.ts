/** One text for one value: JSON with sorted keys, so that everyone hashes and signs the same bytes. */
import { createHash } from "node:crypto";

/**
 * JSON in the canonical form of RFC 8785 (JCS): keys sorted by UTF-16 code units, no spaces,
 * numbers as ECMAScript prints them. Members that are `undefined` are left out.
 *
 * @param deepest how many objects and arrays may stand in each other; without it any number
 * @throws TypeError for what JSON cannot say: NaN, infinities, functions, symbols, big integers
 * @throws RangeError where it nests more deeply
 */
export function canonicalJson(value: unknown, deepest = Infinity): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new TypeError(`JSON cannot say a ${typeof value}`);
  if (deepest <= 0) throw new RangeError("JSON nests too deeply");
  const textOf = (inner: unknown): string => canonicalJson(inner, deepest - 1);
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`);
  return `{${members.join(",")}}`;
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
