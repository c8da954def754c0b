/** JSON from outside: text that may be none. */

/** The value of a JSON text; undefined where it is none. Bytes are read as UTF-8. */
export function parseJson(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof json === "string" ? json : Buffer.from(json).toString("utf8"));
  } catch {
    return undefined;
  }
}
