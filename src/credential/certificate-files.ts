/** X.509 certificates however they are kept: PEM, DER, base64 of DER, or somewhere in a JSON file. */
import { createHash, X509Certificate } from "node:crypto";
import type { TrustedKey, TrustSet } from "./trust.ts";
import { TrustFileError } from "./trust-file-error.ts";

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

/** @throws TrustFileError */
export function readPem(text: string, asOfMs: number): TrustSet {
  const certificates = [...text.matchAll(PEM)].map((match, index) =>
    certificateOf(match[0], `certificate ${index + 1}`),
  );
  if (certificates.length === 0) throw new TrustFileError("certificate 1", "has no end line");
  return signers(certificates, asOfMs);
}

/** One certificate in base64 without PEM's lines around it; undefined where the text is no base64 of one. */
export function readBase64(text: string, asOfMs: number): TrustSet | undefined {
  const trimmed = text.trim();
  if (!BASE64_DER.test(trimmed)) return undefined;
  return signers([certificateOf(Buffer.from(trimmed, "base64"), "certificate 1")], asOfMs);
}

/**
 * Every certificate in a JSON document, as lists of signers and published test data carry them;
 * undefined where there is none.
 * @throws TrustFileError where a field that promises a certificate holds something else in base64
 */
export function readCertificatesInJson(json: unknown, asOfMs: number): TrustSet | undefined {
  const found = new Map<string, X509Certificate>();
  collect(json, "", "certificates", 0, found);
  return found.size === 0 ? undefined : signers([...found.values()], asOfMs);
}

function collect(
  value: unknown,
  path: string,
  field: string,
  depth: number,
  found: Map<string, X509Certificate>,
): void {
  if (typeof value === "string") {
    for (const certificate of certificatesIn(value, path, field)) {
      found.set(certificate.fingerprint256, certificate);
    }
  }
  if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) return;
  for (const [key, item] of Object.entries(value)) {
    const name = Array.isArray(value) ? field : key;
    collect(item, path === "" ? key : `${path}.${key}`, name, depth + 1, found);
  }
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

function signers(anchors: readonly X509Certificate[], asOfMs: number): TrustSet {
  return { asOfMs, keys: anchors.map(documentSigner), anchors };
}

/** A certificate as a signer of EU certificates: its key id is the first 8 bytes of its SHA-256. */
export function documentSigner(certificate: X509Certificate): TrustedKey {
  return {
    use: "eu-dcc",
    keyId: createHash("sha256").update(certificate.raw).digest("hex").slice(0, 16),
    publicKey: certificate.publicKey,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    // Node gives the extended key usage by this name; undefined where the extension is absent.
    keyUsages: certificate.keyUsage ?? [],
  };
}
