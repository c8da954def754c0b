/** Reads trust from files: certificates, key sets, DID documents, issuer keys; recognised by content. */
import type { X509Certificate } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import {
  certificateOf,
  documentSigners,
  isDer,
  readBase64,
  readCertificatesInJson,
  readDer,
  readPem,
} from "./certificate-files.ts";
import { ISSUERS_KIND, keyIdOf } from "../formats/health-pass/issuer-key.ts";
import { verificationKeyOf, thumbprintOf, type VerificationKey } from "./jwk.ts";
import { keyIdsOf, looksLikeKeyId } from "./key-id.ts";
import type { TrustUse } from "../formats/index.ts";
import type { TrustedKey, TrustSet } from "./trust.ts";
import { TrustFileError, readUsable, type Usable } from "./trust-file-error.ts";

export { thumbprintOf } from "./jwk.ts";
export { TrustFileError } from "./trust-file-error.ts";

const KeySet = z.object({ keys: z.array(z.unknown()) });
const IssuerKeySet = z.object({ iss: z.string().min(1), jwks: KeySet });
const Method = z.looseObject({ id: z.string().min(1), publicKeyJwk: z.unknown().optional() });
type Method = z.infer<typeof Method>;
const Relation = z.union([z.string(), Method]);
const DidDocument = z.looseObject({
  id: z.string().startsWith("did:"),
  verificationMethod: z.array(z.unknown()).default([]),
  assertionMethod: z.union([Relation, z.array(z.unknown())]),
});
const IssuerFile = z.object({
  kind: z.literal(ISSUERS_KIND),
  asOf: z.iso.datetime({ offset: true }),
  keys: z.array(z.unknown()).min(1),
});
const IssuerJwk = z.looseObject({
  kid: z.string(),
  alg: z.enum(["ES256", "EdDSA"]),
  iss: z.string().min(1),
  nbf: z.number().int(),
  exp: z.number().int(),
});

/**
 * Germany's list stands behind a line with a signature in base64. It is not checked: whoever puts a
 * file here vouches for it.
 */
const SIGNATURE_LINE = /^\s*[A-Za-z0-9+/]+={0,2}\r?\n/;

/**
 * Reads one trust file. A key that cannot be used is left out and named in the set's warnings.
 * @param content text, or bytes where the file may be DER
 * @param importedAtMs the set's date where the file does not give its own (epoch ms)
 * @throws TrustFileError where the content is none of the kinds, or nothing in it can be used
 */
export function readTrustFile(content: string | Uint8Array, importedAtMs: number): TrustSet {
  if (typeof content !== "string" && isDer(content)) return readDer(content, importedAtMs);
  // A byte order mark is what some editors put before a text; it says nothing.
  const text = (
    typeof content === "string" ? content : Buffer.from(content).toString("utf8")
  ).replace(/^\uFEFF/, "");
  const json = documentIn(text) ?? documentIn(text.replace(SIGNATURE_LINE, ""));
  if (json !== undefined) return readJson(json, importedAtMs);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return readPem(text, importedAtMs);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new TrustFileError("", "a private key: a unit needs certificates or public keys only");
  }
  const set = readBase64(text, importedAtMs);
  if (set !== undefined) return set;
  throw new TrustFileError("", "neither certificates in PEM, DER or base64, nor JSON");
}

function readJson(json: unknown, asOfMs: number): TrustSet {
  if (hasField(json, "kind")) return readIssuers(checked(IssuerFile, json));
  const keys = keysIn(json);
  if (keys !== undefined) return setOf(keys, asOfMs);
  const set = readCertificatesInJson(json, asOfMs);
  if (set !== undefined) return set;
  throw new TrustFileError(
    "",
    "neither certificates, nor a JWKS, nor a DID document, nor issuer keys of health passes",
  );
}

function setOf({ items, warnings: faults }: Usable<TrustedKey>, asOfMs: number): TrustSet {
  // An issuer may withdraw all its keys; the warning explains why nothing is valid then.
  const isEmpty = items.length === 0 && faults.length === 0;
  const warnings = isEmpty
    ? ["there is no key in it that may sign: nothing is trusted by it"]
    : faults;
  const set: TrustSet = { asOfMs, keys: items, anchors: [] };
  return warnings.length === 0 ? set : { ...set, warnings };
}

function keysIn(json: unknown): Usable<TrustedKey> | undefined {
  if (hasField(json, "assertionMethod") || hasField(json, "verificationMethod")) {
    return readDid(checked(DidDocument, json));
  }
  if (hasField(json, "jwks")) {
    const { iss, jwks } = checked(IssuerKeySet, json);
    return readKeySet(jwks.keys, "jwks.", iss);
  }
  if (hasField(json, "keys")) return readKeySet(checked(KeySet, json).keys, "");
  if (hasField(json, "kty")) return readKeySet([json], "");
  return undefined;
}

/** The object or list in a text that can hold trust; undefined where the text is something else. */
function documentIn(text: string): unknown {
  const json = parseJson(text);
  return typeof json === "object" && json !== null ? json : undefined;
}

function hasField(value: unknown, field: string): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, field);
}

function checked<T>(schema: z.ZodType<T>, json: unknown, path = ""): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [path, ...(issue?.path ?? [])].filter((part) => part !== "").join(".");
  throw new TrustFileError(where, issue?.message ?? "invalid");
}

/** A key of a set with the certificate chain it may come with, its own certificate first. */
interface SetKey extends VerificationKey {
  where: string;
  chain?: X509Certificate[];
}

function readKeySet(
  keys: readonly unknown[],
  path: string,
  givenIssuer?: string,
): Usable<TrustedKey> {
  const read = readUsable(keys, (json, index): SetKey[] => {
    const where = `${path}keys.${index}`;
    const key = verificationKeyOf(json, where);
    const { x5c } = key.jwk;
    return [{ ...key, where, ...(Array.isArray(x5c) ? { chain: chainOf(x5c, where) } : {}) }];
  });
  // A key set is published by one issuer; where nobody says which, a certificate in it may.
  const issuer = givenIssuer ?? issuerIn(read.items);
  const used = readUsable(read.items, (key) =>
    looksLikeKeyId(key.kid ?? "") ? euSigners(key) : [cardSigner(key, issuer)],
  );
  return { items: used.items, warnings: [...read.warnings, ...used.warnings] };
}

/** A key of a SMART Health Card issuer, which signs with ES256 and nothing else. */
function cardSigner(key: SetKey, issuer: string | undefined): TrustedKey {
  const { kid, publicKey, algorithm, where, chain } = key;
  if (algorithm !== undefined && algorithm !== "ES256") {
    throw new TrustFileError(where, `for another algorithm than health cards have (${algorithm})`);
  }
  const trusted: TrustedKey = {
    use: "smart-health-card" satisfies TrustUse,
    keyId: kid ?? thumbprintOf(publicKey),
    publicKey,
  };
  if (issuer !== undefined) trusted.issuer = issuer;
  const { crlVersion } = key.jwk;
  if (typeof crlVersion === "number") trusted.crlVersion = crlVersion;
  if (chain !== undefined) trusted.chain = chain;
  return trusted;
}

/**
 * A key of an EU list as a JWK: named by the 8 bytes that COSE names it by, where a SMART Health
 * Card's is named by a thumbprint of 32. With a certificate, its validity and usages count, and it
 * goes by its hash as well.
 */
function euSigners({ kid = "", publicKey, algorithm, where, chain }: SetKey): TrustedKey[] {
  const [own] = chain ?? [];
  if (own !== undefined && !own.publicKey.equals(publicKey)) {
    throw new TrustFileError(`${where}.x5c.0`, "the certificate of another key");
  }
  const only = algorithm === undefined ? {} : { algorithm };
  if (own !== undefined) {
    return documentSigners(own, keyIdsOf(kid)).map((key) => ({ ...key, ...only }));
  }
  return keyIdsOf(kid).map((keyId) => ({
    use: "eu-dcc" satisfies TrustUse,
    keyId,
    publicKey,
    ...only,
  }));
}

/** The issuer that the certificates of a key set name as their subject, if they name one. */
function issuerIn(keys: readonly SetKey[]): string | undefined {
  const names = keys.flatMap(({ chain: [own] = [] }) => {
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

function readDid(document: z.infer<typeof DidDocument>): Usable<TrustedKey> {
  // A method may be named by its fragment alone (DID Core §5.2, relative URLs).
  const absolute = (id: string): string => (id.startsWith("#") ? `${document.id}${id}` : id);
  const relations = [document.assertionMethod].flat();
  const idOf = (each: unknown): string[] => {
    if (typeof each === "string") return [absolute(each)];
    const method = Method.safeParse(each);
    return method.success ? [absolute(method.data.id)] : [];
  };
  const allowed = new Set(relations.flatMap(idOf));
  const methods = [
    ...document.verificationMethod.map((each, index) => ({
      where: `verificationMethod.${index}`,
      each,
    })),
    ...relations
      .map((each, index) => ({ where: `assertionMethod.${index}`, each }))
      .filter(({ each }) => typeof each !== "string"),
  ];
  return readUsable(methods, ({ where, each }): TrustedKey[] => {
    const { id, publicKeyJwk } = checked(Method, each, where);
    if (!allowed.has(absolute(id))) return [];
    if (publicKeyJwk === undefined) {
      throw new TrustFileError(
        where,
        "not a key as a JWK (publicKeyJwk), and no other kind is known here",
      );
    }
    const { publicKey, algorithm } = verificationKeyOf(publicKeyJwk, `${where}.publicKeyJwk`);
    const only = algorithm === undefined ? {} : { algorithm };
    const keyId = absolute(id);
    return [
      { use: "nz-covid-pass" satisfies TrustUse, keyId, publicKey, issuer: document.id, ...only },
    ];
  });
}

function readIssuers({ asOf, keys }: z.infer<typeof IssuerFile>): TrustSet {
  const trusted = readUsable(keys, (json, index): TrustedKey[] => {
    const where = `keys.${index}`;
    const { publicKey } = verificationKeyOf(json, where);
    const { kid, alg, iss, nbf, exp } = checked(IssuerJwk, json, where);
    if (keyIdOf(publicKey) !== kid) {
      throw new TrustFileError(`${where}.kid`, `the key's own id is ${keyIdOf(publicKey)}`);
    }
    const span = { notBeforeMs: nbf * 1000, notAfterMs: exp * 1000 };
    return [
      {
        use: "health-pass" satisfies TrustUse,
        keyId: kid,
        publicKey,
        algorithm: alg,
        issuer: iss,
        ...span,
      },
    ];
  });
  return setOf(trusted, Date.parse(asOf));
}
