/** Reads trust from files: PEM certificates, key sets, DID documents, issuer keys; told by content. */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { z } from "zod";
import { ISSUERS_KIND, keyIdOf } from "./issuer-key.ts";
import type { TrustedKey, TrustSet } from "./trust.ts";

/** A trust file that cannot be used, with the path to the fault. Nothing of it comes into force. */
export class TrustFileError extends Error {
  override name = "TrustFileError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}

const Jwk = z.looseObject({ kty: z.string(), kid: z.string().min(1).optional() });
const KeySet = z.object({ keys: z.array(Jwk) });
const IssuerKeySet = z.object({ iss: z.string().min(1), jwks: KeySet });
const DidDocument = z.looseObject({
  id: z.string().startsWith("did:"),
  verificationMethod: z.array(z.looseObject({ id: z.string(), publicKeyJwk: Jwk })).min(1),
  assertionMethod: z.union([
    z.string(),
    z.array(z.union([z.string(), z.looseObject({ id: z.string() })])),
  ]),
});
const IssuerFile = z.object({
  kind: z.literal(ISSUERS_KIND),
  asOf: z.iso.datetime({ offset: true }),
  keys: z
    .array(
      Jwk.extend({
        kid: z.string(),
        alg: z.enum(["ES256", "EdDSA"]),
        iss: z.string().min(1),
        nbf: z.number().int(),
        exp: z.number().int(),
      }),
    )
    .min(1),
});

/**
 * Reads one trust file.
 * @param importedAtMs the set's date where the file does not give its own (epoch ms)
 * @throws TrustFileError where the content is none of the kinds, or damaged
 */
export function readTrustFile(text: string, importedAtMs: number): TrustSet {
  if (text.includes("-----BEGIN CERTIFICATE-----")) return readCertificates(text, importedAtMs);
  const json = parseJson(text);
  if (hasField(json, "kind")) return readIssuers(checked(IssuerFile, json));
  if (hasField(json, "verificationMethod")) {
    return { asOfMs: importedAtMs, keys: readDid(checked(DidDocument, json)), anchors: [] };
  }
  if (hasField(json, "jwks")) {
    const { iss, jwks } = checked(IssuerKeySet, json);
    return { asOfMs: importedAtMs, keys: readKeySet(jwks, "jwks.", iss), anchors: [] };
  }
  if (hasField(json, "keys")) {
    return { asOfMs: importedAtMs, keys: readKeySet(checked(KeySet, json), ""), anchors: [] };
  }
  throw new TrustFileError(
    "",
    "neither PEM certificates, nor a JWKS, nor a DID document, nor issuer keys of health passes",
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TrustFileError("", "neither PEM certificates nor JSON");
  }
}

function hasField(value: unknown, field: string): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, field);
}

function checked<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TrustFileError(issue?.path.join(".") ?? "", issue?.message ?? "invalid");
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function readCertificates(text: string, asOfMs: number): TrustSet {
  const anchors = [...text.matchAll(PEM)].map((match, index) => {
    try {
      return new X509Certificate(match[0]);
    } catch {
      throw new TrustFileError(`certificate ${index + 1}`, "not an X.509 certificate");
    }
  });
  if (anchors.length === 0) throw new TrustFileError("certificate 1", "has no end line");
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

function readKeySet(
  { keys }: z.infer<typeof KeySet>,
  path: string,
  givenIssuer?: string,
): TrustedKey[] {
  // A key set is published by one issuer; where nobody says which, a certificate in it may.
  const issuer = givenIssuer ?? issuerIn(keys, path);
  return keys.map((jwk, index) => {
    const where = `${path}keys.${index}`;
    const publicKey = publicKeyOf(jwk, where);
    const key: TrustedKey = {
      use: "smart-health-card",
      keyId: jwk.kid ?? thumbprintOf(publicKey),
      publicKey,
    };
    if (issuer !== undefined) key.issuer = issuer;
    if (typeof jwk["crlVersion"] === "number") key.crlVersion = jwk["crlVersion"];
    if (Array.isArray(jwk["x5c"])) key.chain = chainOf(jwk["x5c"], where);
    return key;
  });
}

/** The issuer that the certificates of a key set name as their subject, if they name one. */
function issuerIn(keys: readonly z.infer<typeof Jwk>[], path: string): string | undefined {
  const names = keys.flatMap((jwk, index) => {
    if (!Array.isArray(jwk["x5c"])) return [];
    const [own] = chainOf(jwk["x5c"], `${path}keys.${index}`);
    const subjects = (own?.subjectAltName ?? "").split(", ");
    return subjects.filter((name) => name.startsWith("URI:https://")).map((name) => name.slice(4));
  });
  return new Set(names).size === 1 ? names[0] : undefined;
}

function chainOf(x5c: readonly unknown[], where: string): X509Certificate[] {
  return x5c.map((each, index) => {
    try {
      return new X509Certificate(Buffer.from(String(each), "base64"));
    } catch {
      throw new TrustFileError(`${where}.x5c.${index}`, "not an X.509 certificate");
    }
  });
}

function publicKeyOf(jwk: z.infer<typeof Jwk>, where: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw new TrustFileError(where, `not a public key (kty ${jwk.kty})`);
  }
}

/** The key id of a JWK after RFC 7638: SHA-256 over its required members in order, base64url. */
export function thumbprintOf(publicKey: KeyObject): string {
  const { crv, e, kty, n, x, y } = publicKey.export({ format: "jwk" });
  const members = kty === "RSA" ? { e, kty, n } : { crv, kty, x, y };
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}

function readDid(document: z.infer<typeof DidDocument>): TrustedKey[] {
  const listed = [document.assertionMethod].flat();
  const allowed = new Set(
    listed.map((method) => (typeof method === "string" ? method : method.id)),
  );
  return document.verificationMethod.flatMap((method, index): TrustedKey[] => {
    if (!allowed.has(method.id)) return [];
    const publicKey = publicKeyOf(method.publicKeyJwk, `verificationMethod.${index}.publicKeyJwk`);
    return [{ use: "nz-covid-pass", keyId: method.id, publicKey, issuer: document.id }];
  });
}

function readIssuers({ asOf, keys }: z.infer<typeof IssuerFile>): TrustSet {
  const trusted = keys.map((jwk, index): TrustedKey => {
    const publicKey = publicKeyOf(jwk, `keys.${index}`);
    if (keyIdOf(publicKey) !== jwk.kid) {
      throw new TrustFileError(`keys.${index}.kid`, `the key's own id is ${keyIdOf(publicKey)}`);
    }
    return {
      use: "health-pass",
      keyId: jwk.kid,
      publicKey,
      issuer: jwk.iss,
      notBeforeMs: jwk.nbf * 1000,
      notAfterMs: jwk.exp * 1000,
    };
  });
  return { asOfMs: Date.parse(asOf), keys: trusted, anchors: [] };
}
