/** COSE_Sign1 (RFC 9052 §4.2) with the algorithms health certificates use, on node's own crypto. */
import { constants, sign, verify, type KeyObject } from "node:crypto";
import { decodeCbor, encodeCbor, isTagged } from "./cbor.ts";

/** COSE algorithm numbers (RFC 9053 §2, RFC 8812 §2). */
export const COSE_ALGORITHMS = {
  ES256: -7,
  EdDSA: -8,
  ES384: -35,
  ES512: -36,
  PS256: -37,
} as const;
export type CoseAlgorithm = keyof typeof COSE_ALGORITHMS;

/** Whether a text is the name of an algorithm that is known here. */
export const isCoseAlgorithm = (name: unknown): name is CoseAlgorithm =>
  typeof name === "string" && Object.hasOwn(COSE_ALGORITHMS, name);

/** Header labels (RFC 9052 §3.1). */
const LABEL_ALGORITHM = 1;
const LABEL_CRITICAL = 2;
const LABEL_CONTENT_TYPE = 3;
const LABEL_KEY_ID = 4;

/** What a message may insist on that is understood here. */
const UNDERSTOOD: ReadonlySet<unknown> = new Set([
  LABEL_ALGORITHM,
  LABEL_CRITICAL,
  LABEL_CONTENT_TYPE,
  LABEL_KEY_ID,
]);

/** A signed message, taken apart but not yet believed. */
export interface Sign1 {
  algorithm: CoseAlgorithm | undefined;
  /** From the protected header where present there, else from the unprotected one. */
  keyId: Uint8Array | undefined;
  payload: Uint8Array;
  signature: Uint8Array;
  /** What was signed. */
  toBeSigned: Uint8Array;
}

/** Takes a COSE_Sign1 apart, tagged or not, also inside a CWT tag; undefined where it is none. */
export function parseSign1(bytes: Uint8Array): Sign1 | undefined {
  let value = decodeCbor(bytes)?.value;
  if (isTagged(value) && value.tag === 61) value = value.value;
  if (isTagged(value) && value.tag === 18) value = value.value;
  if (!Array.isArray(value) || value.length !== 4) return undefined;
  const [protectedBytes, unprotected, payload, signature] = value as unknown[];
  if (!(protectedBytes instanceof Uint8Array) || !(unprotected instanceof Map)) return undefined;
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) return undefined;
  // RFC 9052 §3: an empty protected header may be the empty string instead of an empty map.
  const header =
    protectedBytes.length === 0 ? new Map() : (decodeCbor(protectedBytes)?.value ?? undefined);
  if (!(header instanceof Map) || !insistsOnWhatIsKnown(header, unprotected)) return undefined;
  const number = header.get(LABEL_ALGORITHM) ?? unprotected.get(LABEL_ALGORITHM);
  const keyId = header.get(LABEL_KEY_ID) ?? unprotected.get(LABEL_KEY_ID);
  return {
    algorithm: algorithmOf(number),
    keyId: keyIdOf(keyId),
    payload,
    signature,
    toBeSigned: signatureStructure(protectedBytes, payload),
  };
}

/**
 * Labels in `crit` must be understood, or the message is not valid (RFC 9052 §3.1): an array of one or
 * more, in the protected header, of labels that stand in it.
 */
function insistsOnWhatIsKnown(
  header: ReadonlyMap<unknown, unknown>,
  unprotected: ReadonlyMap<unknown, unknown>,
): boolean {
  if (unprotected.has(LABEL_CRITICAL)) return false;
  if (!header.has(LABEL_CRITICAL)) return true;
  const labels: unknown = header.get(LABEL_CRITICAL);
  if (!Array.isArray(labels) || labels.length === 0) return false;
  return labels.every((label: unknown) => UNDERSTOOD.has(label) && header.has(label));
}

/** Bytes by the standard (RFC 9052 §3.1); some issuers write the same id as text. */
function keyIdOf(keyId: unknown): Uint8Array | undefined {
  if (typeof keyId === "string") return new Uint8Array(Buffer.from(keyId, "utf8"));
  return keyId instanceof Uint8Array ? keyId : undefined;
}

function algorithmOf(number: unknown): CoseAlgorithm | undefined {
  const names = Object.keys(COSE_ALGORITHMS).filter(isCoseAlgorithm);
  return names.find((name) => COSE_ALGORITHMS[name] === number);
}

function signatureStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(["Signature1", protectedBytes, new Uint8Array(0), payload]);
}

/** A key, and the one algorithm it is for where that was said (RFC 7517 §4.4). */
export interface SignatureKey {
  publicKey: KeyObject;
  algorithm?: CoseAlgorithm;
}

/** Whether the signature is this key's. A key of another type or algorithm than the message's is a no. */
export function verifySign1(message: Sign1, { publicKey, algorithm }: SignatureKey): boolean {
  if (message.algorithm === undefined) return false;
  if (algorithm !== undefined && algorithm !== message.algorithm) return false;
  return verifySignature(message.algorithm, publicKey, message.toBeSigned, message.signature);
}

/**
 * Checks a plain signature.
 * @param dsaEncoding how ECDSA's two numbers are written: side by side, as COSE and JOSE do, or in DER
 */
export function verifySignature(
  algorithm: CoseAlgorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
  dsaEncoding: "ieee-p1363" | "der" = "ieee-p1363",
): boolean {
  if (!fits(algorithm, key)) return false;
  try {
    switch (algorithm) {
      case "EdDSA":
        return verify(null, data, key, signature);
      case "ES256":
        return verify("sha256", data, { key, dsaEncoding }, signature);
      case "ES384":
        return verify("sha384", data, { key, dsaEncoding }, signature);
      case "ES512":
        return verify("sha512", data, { key, dsaEncoding }, signature);
      case "PS256":
        return verify("sha256", data, { key, ...PSS_SHA256 }, signature);
    }
  } catch {
    return false;
  }
}

// RFC 8230 §2: the salt is as long as the hash.
const PSS_SHA256 = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

function fits(algorithm: CoseAlgorithm, key: KeyObject): boolean {
  const type = key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  switch (algorithm) {
    case "EdDSA":
      return type === "ed25519";
    case "ES256":
      // RFC 9053 §2.1: the hash alone names the algorithm; Spain signs ES256 on P-384.
      return type === "ec";
    case "ES384":
      return type === "ec" && curve === "secp384r1";
    case "ES512":
      return type === "ec" && curve === "secp521r1";
    case "PS256":
      return type === "rsa" || type === "rsa-pss";
  }
}

/** Signs a payload: tagged COSE_Sign1, algorithm and key id in the protected header. */
export function signSign1(
  algorithm: "ES256" | "EdDSA",
  keyId: Uint8Array,
  key: KeyObject,
  payload: Uint8Array,
): Uint8Array {
  const header = new Map<number, unknown>([
    [LABEL_ALGORITHM, COSE_ALGORITHMS[algorithm]],
    [LABEL_KEY_ID, keyId],
  ]);
  const protectedBytes = encodeCbor(header);
  const data = signatureStructure(protectedBytes, payload);
  const signature =
    algorithm === "EdDSA"
      ? sign(null, data, key)
      : sign("sha256", data, { key, dsaEncoding: "ieee-p1363" });
  const message = encodeCbor([protectedBytes, new Map(), payload, new Uint8Array(signature)]);
  const tagged = new Uint8Array(message.length + 1);
  tagged[0] = 0xd2; // tag 18, COSE_Sign1
  tagged.set(message, 1);
  return tagged;
}
