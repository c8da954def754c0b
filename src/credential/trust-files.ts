/** Reads trust from files: certificates, key sets, DID documents, issuer keys; told by content. */
import { createHash, createPublicKey, type KeyObject, type X509Certificate } from "node:crypto";
import { z } from "zod";
import {
  certificateOf,
  documentSigner,
  isDer,
  readBase64,
  readCertificatesInJson,
  readDer,
  readPem,
} from "./certificate-files.ts";
import { ISSUERS_KIND, keyIdOf } from "./issuer-key.ts";
import type { TrustedKey, TrustSet } from "./trust.ts";
import { TrustFileError } from "./trust-file-error.ts";

export { TrustFileError } from "./trust-file-error.ts";

const Jwk = z.looseObject({ kty: z.string(), kid: z.string().min(1).optional() });
const KeySet = z.object({ keys: z.array(Jwk) });
const IssuerKeySet = z.object({ iss: z.string().min(1), jwks: KeySet });
const Method = z.looseObject({ id: z.string().min(1), publicKeyJwk: Jwk.optional() });
type Method = z.infer<typeof Method>;
const Relation = z.union([z.string(), Method]);
const DidDocument = z.looseObject({
  id: z.string().startsWith("did:"),
  verificationMethod: z.array(Method).default([]),
  assertionMethod: z.union([Relation, z.array(Relation)]),
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
 * @param content text, or bytes where the file may be DER
 * @param importedAtMs the set's date where the file does not give its own (epoch ms)
 * @throws TrustFileError where the content is none of the kinds, or damaged
 */
export function readTrustFile(content: string | Uint8Array, importedAtMs: number): TrustSet {
  if (typeof content !== "string" && isDer(content)) return readDer(content, importedAtMs);
  // A byte order mark is what some editors put before a text; it says nothing.
  const text = (
    typeof content === "string" ? content : Buffer.from(content).toString("utf8")
  ).replace(/^\uFEFF/, "");
  const json = parseJson(text);
  if (json === undefined) {
    if (text.includes("-----BEGIN CERTIFICATE-----")) return readPem(text, importedAtMs);
    const set = readBase64(text, importedAtMs);
    if (set !== undefined) return set;
    throw new TrustFileError("", "neither certificates in PEM, DER or base64, nor JSON");
  }
  return readJson(json, importedAtMs);
}

function readJson(json: unknown, asOfMs: number): TrustSet {
  if (hasField(json, "kind")) return readIssuers(checked(IssuerFile, json));
  const keys = keysIn(json);
  if (keys !== undefined) return { asOfMs, keys, anchors: [] };
  const set = readCertificatesInJson(json, asOfMs);
  if (set !== undefined) return set;
  throw new TrustFileError(
    "",
    "neither certificates, nor a JWKS, nor a DID document, nor issuer keys of health passes",
  );
}

function keysIn(json: unknown): TrustedKey[] | undefined {
  if (hasField(json, "assertionMethod") || hasField(json, "verificationMethod")) {
    return readDid(checked(DidDocument, json));
  }
  if (hasField(json, "jwks")) {
    const { iss, jwks } = checked(IssuerKeySet, json);
    return readKeySet(jwks, "jwks.", iss);
  }
  if (hasField(json, "keys")) return readKeySet(checked(KeySet, json), "");
  if (hasField(json, "kty")) return readKeySet({ keys: [checked(Jwk, json)] }, "");
  return undefined;
}

/** JSON that can hold trust; undefined where the text is something else. */
function parseJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
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
    const signer = euSigner(jwk, publicKey, where);
    if (signer !== undefined) return signer;
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

/**
 * A key of an EU list as a JWK: named by the 8 bytes (base64) that COSE names it by, where a SMART
 * Health Card's is named by a thumbprint of 32. With a certificate, its validity and usages count.
 */
function euSigner(
  jwk: z.infer<typeof Jwk>,
  publicKey: KeyObject,
  where: string,
): TrustedKey | undefined {
  const { kid = "" } = jwk;
  if (!/^[A-Za-z0-9+/_-]{11}=?$/.test(kid)) return undefined;
  const keyId = Buffer.from(kid, "base64").toString("hex");
  const [own] = Array.isArray(jwk["x5c"]) ? chainOf(jwk["x5c"], where) : [];
  if (own === undefined) return { use: "eu-dcc", keyId, publicKey };
  if (!own.publicKey.equals(publicKey)) {
    throw new TrustFileError(`${where}.x5c.0`, "the certificate of another key");
  }
  return { ...documentSigner(own), keyId };
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
  return x5c.map((each, index) =>
    certificateOf(Buffer.from(String(each), "base64"), `${where}.x5c.${index}`),
  );
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
  // A method may be named by its fragment alone (DID Core §5.2, relative URLs).
  const absolute = (id: string): string => (id.startsWith("#") ? `${document.id}${id}` : id);
  const relations = [document.assertionMethod].flat();
  const allowed = new Set(
    relations.map((each) => absolute(typeof each === "string" ? each : each.id)),
  );
  const embedded = relations.flatMap((each): [string, Method][] =>
    typeof each === "string" ? [] : [["assertionMethod", each]],
  );
  const listed = document.verificationMethod.map((each, index): [string, Method] => [
    `verificationMethod.${index}`,
    each,
  ]);
  return [...listed, ...embedded].flatMap(([where, { id, publicKeyJwk }]): TrustedKey[] => {
    if (!allowed.has(absolute(id)) || publicKeyJwk === undefined) return [];
    const publicKey = publicKeyOf(publicKeyJwk, `${where}.publicKeyJwk`);
    return [{ use: "nz-covid-pass", keyId: absolute(id), publicKey, issuer: document.id }];
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
