/** A public key written as a JWK (RFC 7517), as far as it may check signatures here. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { isCoseAlgorithm, type CoseAlgorithm } from "../codecs/cose.ts";
import { TrustFileError } from "./trust-file-error.ts";

/** A JWK whose members were checked, with its key. */
export interface VerificationKey {
  jwk: Readonly<Record<string, unknown>>;
  publicKey: KeyObject;
  kid?: string;
  /** The one algorithm it is for (§4.4); without it any that fits the key. */
  algorithm?: CoseAlgorithm;
}

/** Members that only a secret key has (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2). */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/** Further names of an algorithm, besides the COSE registry's (RFC 9864). */
const ALGORITHM_NAMES: ReadonlyMap<unknown, CoseAlgorithm> = new Map([["Ed25519", "EdDSA"]]);

/**
 * Reads a JWK.
 * @throws TrustFileError where it is none, is of a kind that is not known here, is not meant to check
 * signatures (`use`, `key_ops`, `alg`: §4.2 to §4.4), or is a secret key
 */
export function verificationKeyOf(json: unknown, where: string): VerificationKey {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TrustFileError(where, "not a key");
  }
  const jwk: Readonly<Record<string, unknown>> = { ...json };
  const { kty, kid, use, key_ops: operations, alg } = jwk;
  if (typeof kty !== "string") throw new TrustFileError(where, "not a key: kty is missing");
  const secret = SECRET_MEMBERS.find((member) => Object.hasOwn(jwk, member));
  if (secret !== undefined) {
    throw new TrustFileError(
      where,
      `a private key (it has "${secret}"), which is never used here. Whoever has read this file can ` +
        "sign with it: the issuer needs a new one, and the file only its public half",
    );
  }
  if (kid !== undefined && (typeof kid !== "string" || kid === "")) {
    throw new TrustFileError(`${where}.kid`, "not a text");
  }
  if (use !== undefined && use !== "sig") {
    throw new TrustFileError(where, `not for signatures (use ${shown(use)})`);
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    throw new TrustFileError(where, `not for checking signatures (key_ops ${shown(operations)})`);
  }
  const key: VerificationKey = { jwk, publicKey: publicKeyOf(jwk, where) };
  if (kid !== undefined) key.kid = kid;
  if (alg !== undefined) key.algorithm = algorithmOf(alg, where);
  return key;
}

function algorithmOf(alg: unknown, where: string): CoseAlgorithm {
  const name = ALGORITHM_NAMES.get(alg) ?? alg;
  if (isCoseAlgorithm(name)) return name;
  throw new TrustFileError(where, `for an algorithm that is not known here (alg ${shown(alg)})`);
}

function publicKeyOf(jwk: Readonly<Record<string, unknown>>, where: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw new TrustFileError(where, `not a public key (kty ${shown(jwk["kty"])})`);
  }
}

/** The key id of a JWK after RFC 7638: SHA-256 over its required members in order, base64url. */
export function thumbprintOf(publicKey: KeyObject): string {
  const { crv, e, kty, n, x, y } = publicKey.export({ format: "jwk" });
  const members = kty === "RSA" ? { e, kty, n } : { crv, kty, x, y };
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}

/** A value of a file, short enough for a message. */
function shown(value: unknown): string {
  return (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, 60);
}
