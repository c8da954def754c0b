/** Signed texts from the district: compact JWS (RFC 7515) with Ed25519 (RFC 8037), nothing else. */
import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";

/** Why a text is not a statement of somebody we know. */
export const TOKEN_ERRORS = [
  "no-keys",
  "too-large",
  "malformed",
  "key-unknown",
  "signature-invalid",
] as const;
export type TokenError = (typeof TOKEN_ERRORS)[number];

/** Longest token that is looked at, in bytes. */
const LONGEST_TOKEN = 256 * 1024;
const PART = /^[A-Za-z0-9_-]+$/;
const RAW_KEY_BYTES = 32;

/** Public keys by their id. */
export class KeyRing {
  #keys: ReadonlyMap<string, KeyObject> = new Map();

  /**
   * @param keys raw Ed25519 public keys, base64url, by key id
   * @throws RangeError that names the key which is not one
   */
  constructor(keys: Readonly<Record<string, string>>) {
    this.replace(keys);
  }

  /**
   * Other keys in the place of all there were.
   * @throws RangeError that names the key which is not one; then nothing changes
   */
  replace(keys: Readonly<Record<string, string>>): void {
    const next = new Map<string, KeyObject>();
    for (const [id, text] of Object.entries(keys)) {
      if (Buffer.from(text, "base64url").length !== RAW_KEY_BYTES) {
        throw new RangeError(
          `the key "${id}" must be ${RAW_KEY_BYTES} bytes of Ed25519 public key in base64url`,
        );
      }
      const jwk = { kty: "OKP", crv: "Ed25519", x: text };
      next.set(id, createPublicKey({ key: jwk, format: "jwk" }));
    }
    this.#keys = next;
  }

  get(id: string): KeyObject | undefined {
    return this.#keys.get(id);
  }

  empty(): boolean {
    return this.#keys.size === 0;
  }
}

/**
 * Signs claims. Used by whoever operates a district, and by tests.
 *
 * @param type tells one purpose from another: a manifest must never pass for a command
 */
export function signToken(
  claims: Readonly<Record<string, unknown>>,
  type: string,
  keyId: string,
  key: KeyObject,
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "EdDSA", kid: keyId, typ: type })}.${part(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

/**
 * Claims under a signature that holds, or the fault. Never throws, whatever the bytes are.
 *
 * @param longest bytes; a longer text is not looked at
 */
export function openToken(
  bytes: Uint8Array,
  type: string,
  keys: KeyRing,
  longest = LONGEST_TOKEN,
): { keyId: string; claims: Readonly<Record<string, unknown>> } | { error: TokenError } {
  if (keys.empty()) return { error: "no-keys" };
  if (bytes.length > longest) return { error: "too-large" };
  const parts = Buffer.from(bytes).toString("latin1").split(".");
  const [head = "", body = "", signature = ""] = parts;
  if (parts.length !== 3 || !parts.every((part) => PART.test(part))) return { error: "malformed" };
  const header = readObject(head);
  // The algorithm is ours to say, not the sender's.
  if (header?.["alg"] !== "EdDSA" || header["typ"] !== type) return { error: "malformed" };
  // RFC 7515 §4.1.11: what must be understood and is not makes the whole invalid.
  if ("crit" in header) return { error: "malformed" };
  const keyId = header["kid"];
  const key = typeof keyId === "string" ? keys.get(keyId) : undefined;
  if (key === undefined || typeof keyId !== "string") return { error: "key-unknown" };
  const holds = verify(
    null,
    Buffer.from(`${head}.${body}`),
    key,
    Buffer.from(signature, "base64url"),
  );
  if (!holds) return { error: "signature-invalid" };
  const claims = readObject(body);
  return claims === undefined ? { error: "malformed" } : { keyId, claims };
}

function readObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
