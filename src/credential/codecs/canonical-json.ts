/** JSON in its canonical form (RFC 8785): the same value always makes the same bytes. */

/** Documents that are signed this way nest less than ten deep. */
const MAX_DEPTH = 32;

/** The canonical text of a value that came out of JSON.parse; undefined where it nests too deeply. */
export function canonicalJson(value: unknown, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = canonicalJson(item, depth + 1);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join(",")}]`;
  }
  // Sorting by UTF-16 code units is what the standard asks for (§3.2.3).
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = canonicalJson(item, depth + 1);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(",")}}`;
}
