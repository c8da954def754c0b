/** X.509 certificates however they are kept: PEM, DER, base64 of DER, or somewhere in a JSON file. */
import { createHash, X509Certificate } from "node:crypto";
import { verificationKeyOf } from "./jwk.ts";
import { keyIdsOf, looksLikeKeyId } from "./key-id.ts";
import type { TrustUse } from "../formats/index.ts";
import type { TrustedKey, TrustSet } from "./trust.ts";
import { TrustFileError, readUsable } from "./trust-file-error.ts";

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** DER of a certificate is a SEQUENCE of 256 to 65,535 bytes, which base64 always begins like this. */
const DER_HEAD = [0x30, 0x82] as const;
const BASE64_DER = /^MI[I-L][A-Za-z0-9+/_-][A-Za-z0-9+/_\s-]+={0,2}$/;

/** Lists of signers nest a few levels deep. */
const MAX_DEPTH = 8;

/** A field of this name promises a certificate; elsewhere base64 may be a signature or a key. */
const CERTIFICATE_FIELD = /^(x5c|rawdata|.*cert(ificates?|s)?)$/i;

/** Whether bytes are DER rather than text. */
export function isDer(bytes: Uint8Array): boolean {
  return DER_HEAD.every((byte, index) => bytes[index] === byte);
}

/** @throws TrustFileError */
export function readDer(bytes: Uint8Array, asOfMs: number): TrustSet {
  return signers([certificateOf(Buffer.from(bytes), "certificate 1")], asOfMs);
}

/** @throws TrustFileError where none of them can be used */
export function readPem(text: string, asOfMs: number): TrustSet {
  const blocks = [...text.matchAll(PEM)].map(([block]) => block);
  if (blocks.length === 0) throw new TrustFileError("certificate 1", "has no end line");
  const { items, warnings } = readUsable(blocks, (block, index) => [
    certificateOf(block, `certificate ${index + 1}`),
  ]);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    warnings.push(
      "left out: a private key, which is never used here. Whoever has read this file can sign with it",
    );
  }
  return signers(items, asOfMs, warnings);
}

/** One certificate in base64 without PEM's lines around it; undefined where the text is no base64 of one. */
export function readBase64(text: string, asOfMs: number): TrustSet | undefined {
  const trimmed = text.trim();
  if (!BASE64_DER.test(trimmed)) return undefined;
  return signers([certificateOf(Buffer.from(trimmed, "base64"), "certificate 1")], asOfMs);
}

/** What a JSON document holds: signers, their certificates, and what of it could not be used. */
interface Found {
  keys: Map<string, TrustedKey>;
  anchors: Map<string, X509Certificate>;
  faults: TrustFileError[];
}

/**
 * Every certificate and every key in a JSON document, as lists of signers and published test data
 * carry them: a gateway's list, lists and maps of certificates, key sets by country. A key id that is
 * written there counts beside the certificate's hash: not every state makes its ids by the hash.
 * @returns undefined where there is neither
 * @throws TrustFileError where a field that promises a certificate holds something else in base64, and
 * nothing else can be used
 */
export function readCertificatesInJson(json: unknown, asOfMs: number): TrustSet | undefined {
  const found: Found = { keys: new Map(), anchors: new Map(), faults: [] };
  collect(json, { path: "", field: "certificates", depth: 0, keyIds: [] }, found);
  const [fault] = found.faults;
  if (found.keys.size === 0 && fault !== undefined) throw fault;
  if (found.keys.size === 0) return undefined;
  const set = { asOfMs, keys: [...found.keys.values()], anchors: [...found.anchors.values()] };
  const warnings = found.faults.map(({ message }) => `left out: ${message}`);
  return warnings.length === 0 ? set : { ...set, warnings };
}

/** Where in a document, and which key ids are written beside what stands there. */
interface Place {
  path: string;
  field: string;
  depth: number;
  keyIds: readonly string[];
}

function collect(value: unknown, place: Place, found: Found): void {
  try {
    if (typeof value === "string") return addCertificates(value, place, found);
    if (typeof value !== "object" || value === null || place.depth >= MAX_DEPTH) return;
    if ("kty" in value && addKey(value, place, found)) return;
  } catch (error) {
    if (!(error instanceof TrustFileError)) throw error;
    found.faults.push(error);
    return;
  }
  const given =
    "kid" in value && typeof value.kid === "string" ? keyIdsOf(value.kid) : place.keyIds;
  for (const [name, item] of Object.entries(value)) {
    const isList = Array.isArray(value);
    collect(
      item,
      {
        path: place.path === "" ? name : `${place.path}.${name}`,
        field: isList ? place.field : name,
        depth: place.depth + 1,
        keyIds: isList ? inList(value, name, place) : given.length > 0 ? given : named(name),
      },
      found,
    );
  }
}

/** A map may name each of its certificates by a key id. */
function named(name: string): readonly string[] {
  return looksLikeKeyId(name) && !CERTIFICATE_FIELD.test(name) ? keyIdsOf(name) : [];
}

/** Of a chain the first is the signer's own; of a list of objects each has its own. */
function inList(list: readonly unknown[], index: string, place: Place): readonly string[] {
  return index === "0" && typeof list[0] === "string" ? place.keyIds : [];
}

function addCertificates(value: string, { path, field, keyIds }: Place, found: Found): void {
  for (const certificate of certificatesIn(value, path, field)) {
    found.anchors.set(certificate.fingerprint256, certificate);
    for (const key of documentSigners(certificate, keyIds)) {
      found.keys.set(`${key.keyId} ${certificate.fingerprint256}`, key);
    }
  }
}

/** A key as a JWK; false where it comes with a certificate, which says more. */
function addKey(jwk: object, { path }: Place, found: Found): boolean {
  const { publicKey, kid = "", algorithm } = verificationKeyOf(jwk, path);
  if (!looksLikeKeyId(kid) || "x5c" in jwk) return false;
  for (const keyId of keyIdsOf(kid)) {
    const key: TrustedKey = { use: "eu-dcc" satisfies TrustUse, keyId, publicKey };
    if (algorithm !== undefined) key.algorithm = algorithm;
    found.keys.set(`${keyId} ${path}`, key);
  }
  return true;
}

function certificatesIn(value: string, path: string, field: string): X509Certificate[] {
  const text = value.trim();
  const pem = [...text.matchAll(PEM)].map(([each]) => certificateOf(each, path));
  if (pem.length > 0 || !BASE64_DER.test(text)) return pem;
  try {
    return [readable(Buffer.from(text, "base64"))];
  } catch {
    if (CERTIFICATE_FIELD.test(field)) throw new TrustFileError(path, "not an X.509 certificate");
    return [];
  }
}

/** @throws TrustFileError */
export function certificateOf(content: string | Buffer, where: string): X509Certificate {
  try {
    return readable(content);
  } catch {
    throw new TrustFileError(where, "not an X.509 certificate");
  }
}

/** The key is only read when it is asked for, and may be of no kind that exists. */
function readable(content: string | Buffer): X509Certificate {
  const certificate = new X509Certificate(content);
  if (certificate.publicKey.asymmetricKeyType === undefined) throw new Error("a key of no kind");
  return certificate;
}

function signers(
  anchors: readonly X509Certificate[],
  asOfMs: number,
  warnings: readonly string[] = [],
): TrustSet {
  const set = { asOfMs, keys: anchors.map(documentSigner), anchors };
  return warnings.length === 0 ? set : { ...set, warnings };
}

/** A signer under its hash, and under the ids that are written beside it. */
export function documentSigners(
  certificate: X509Certificate,
  keyIds: readonly string[],
): TrustedKey[] {
  const signer = documentSigner(certificate);
  return [...new Set([signer.keyId, ...keyIds])].map((keyId) => ({ ...signer, keyId }));
}

/** A certificate as a signer of EU certificates: its key id is the first 8 bytes of its SHA-256. */
export function documentSigner(certificate: X509Certificate): TrustedKey {
  return {
    use: "eu-dcc" satisfies TrustUse,
    keyId: createHash("sha256").update(certificate.raw).digest("hex").slice(0, 16),
    publicKey: certificate.publicKey,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    // Node gives the extended key usage by this name; undefined where the extension is absent.
    keyUsages: certificate.keyUsage ?? [],
  };
}
