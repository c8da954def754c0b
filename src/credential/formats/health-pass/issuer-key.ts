/** Keys that sign health passes: made, kept, published, and read back. */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import type { TrustSet } from "../../trust/trust.ts";

/** One issuer's key with the time it may be used: rotation is the next key beginning before this ends. */
export interface IssuerKey {
  /** First 8 bytes of SHA-256 over the public key's SubjectPublicKeyInfo, hex. */
  keyId: string;
  algorithm: "ES256" | "EdDSA";
  /** Who issues, as staff read it. */
  issuer: string;
  notBeforeMs: number;
  notAfterMs: number;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** What a new key needs. */
export interface IssuerKeyOptions {
  /** EdDSA signs the same content to the same bytes, ES256 does not. Default EdDSA. */
  algorithm?: "ES256" | "EdDSA";
  issuer: string;
  notBeforeMs: number;
  notAfterMs: number;
  /** 32 bytes that determine the key, for seeded runs and test vectors; random without. */
  seed?: Uint8Array;
}

/** Makes a key. */
export function createIssuerKey(options: IssuerKeyOptions): IssuerKey {
  const { algorithm = "EdDSA", issuer, notBeforeMs, notAfterMs, seed } = options;
  if (seed !== undefined && seed.length !== 32) {
    throw new RangeError(`an issuer key's seed has 32 bytes, not ${seed.length}`);
  }
  const privateKey = algorithm === "EdDSA" ? ed25519(seed) : p256(seed);
  const publicKey = createPublicKey(privateKey);
  return {
    keyId: keyIdOf(publicKey),
    algorithm,
    issuer,
    notBeforeMs,
    notAfterMs,
    privateKey,
    publicKey,
  };
}

/** The key id of a public key, as it stands in every pass (hex of 8 bytes). */
export function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

// RFC 8410 §7: a PKCS #8 Ed25519 key is this head and the 32 bytes of the seed.
const ED25519_PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519(seed: Uint8Array | undefined): KeyObject {
  if (seed === undefined) return generateKeyPairSync("ed25519").privateKey;
  const der = Buffer.concat([ED25519_PKCS8_HEAD, seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function p256(seed: Uint8Array | undefined): KeyObject {
  if (seed === undefined) return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(seed);
  const point = ecdh.getPublicKey();
  const key: JsonWebKey = {
    kty: "EC",
    crv: "P-256",
    d: Buffer.from(seed).toString("base64url"),
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  return createPrivateKey({ key, format: "jwk" });
}

/** Names an issuer key file, so that it is never taken for another kind of key set. */
export const ISSUERS_KIND = "digital-sentinel-issuers";

/** One key in an issuer key file: a JWK (RFC 7517) with its validity in seconds. */
export interface IssuerJwk extends JsonWebKey {
  kid: string;
  alg: "ES256" | "EdDSA";
  iss: string;
  nbf: number;
  exp: number;
}

/** An issuer key file. With `d` in its keys it is the issuer's secret, without it what units trust. */
export interface IssuerKeyFile {
  kind: typeof ISSUERS_KIND;
  /** When the file was made, ISO 8601. */
  asOf: string;
  keys: IssuerJwk[];
}

/** The file that units trust. @param asOfMs its date (epoch ms) */
export function publicIssuerFile(keys: readonly IssuerKey[], asOfMs: number): IssuerKeyFile {
  return issuerFile(keys, asOfMs, (key) => key.publicKey.export({ format: "jwk" }));
}

/** The file an issuer keeps to itself. */
export function secretIssuerFile(keys: readonly IssuerKey[], asOfMs: number): IssuerKeyFile {
  return issuerFile(keys, asOfMs, (key) => key.privateKey.export({ format: "jwk" }));
}

function issuerFile(
  keys: readonly IssuerKey[],
  asOfMs: number,
  exported: (key: IssuerKey) => JsonWebKey,
): IssuerKeyFile {
  return {
    kind: ISSUERS_KIND,
    asOf: new Date(asOfMs).toISOString(),
    keys: keys.map((key) => ({
      ...exported(key),
      kid: key.keyId,
      alg: key.algorithm,
      iss: key.issuer,
      nbf: Math.floor(key.notBeforeMs / 1000),
      exp: Math.floor(key.notAfterMs / 1000),
    })),
  };
}

/** A key from an issuer's secret file; throws where it holds no private key. */
export function parseIssuerKey(jwk: IssuerJwk): IssuerKey {
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  const publicKey = createPublicKey(privateKey);
  return {
    keyId: keyIdOf(publicKey),
    algorithm: jwk.alg,
    issuer: jwk.iss,
    notBeforeMs: jwk.nbf * 1000,
    notAfterMs: jwk.exp * 1000,
    privateKey,
    publicKey,
  };
}

/** What a unit trusts of issuer keys at hand, without the way through a file. */
export function trustOfIssuers(keys: readonly IssuerKey[], asOfMs: number): TrustSet {
  return {
    asOfMs,
    keys: keys.map(({ keyId, publicKey, issuer, notBeforeMs, notAfterMs }) => ({
      use: "health-pass",
      keyId,
      publicKey,
      issuer,
      notBeforeMs,
      notAfterMs,
    })),
    anchors: [],
  };
}
