/** The unit's signing identity: an Ed25519 key made on the unit, which never leaves it. */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";

/** RFC 8410 §7: the fixed start of a PKCS #8 Ed25519 private key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

export interface UnitSigningKey {
  /** Raw Ed25519 public key, base64url. */
  publicKey: string;
  /** Signs with the unit's key; base64url. */
  sign(text: string): Promise<string>;
}

/** The identity that belongs to a secret seed of 32 bytes. */
export function signingKeyFromSeed(seed: Uint8Array): {
  publicKey: string;
  sign(text: string): string;
} {
  if (seed.length !== SEED_BYTES) throw new RangeError(`an Ed25519 seed has ${SEED_BYTES} bytes`);
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: x ?? "",
    sign: (text) => sign(null, Buffer.from(text, "utf8"), key).toString("base64url"),
  };
}
