/** Makes credentials of the world's formats, signed by keys of these tests, to be broken at will. */
import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import { deflateRawSync, deflateSync } from "node:zlib";
import { CompactSign, calculateJwkThumbprint } from "jose";
import { encodeBase45 } from "../../../src/credential/codecs/base45.ts";
import { canonicalJson } from "../../../src/credential/codecs/canonical-json.ts";
import { encodeCbor } from "../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../src/credential/codecs/cose.ts";
import { createIssuerKey } from "../../../src/credential/trust/issuer-key.ts";
import type { TrustedKey, TrustSet } from "../../../src/credential/trust/trust.ts";
import { readTrustFile } from "../../../src/credential/trust/trust-files.ts";
import { AUTHORITY, SEAL_SIGNER, SEAL_SIGNER_KEY } from "./certificates.ts";
import { NOW } from "./passes.ts";

/** One P-256 key for all of them. */
export const KEY = createIssuerKey({
  algorithm: "ES256",
  issuer: "test",
  notBeforeMs: 0,
  notAfterMs: NOW * 2,
  seed: new Uint8Array(32).fill(0x44),
});

export const seconds = (ms: number): number => Math.floor(ms / 1000);

/** JSON as CBOR with maps, as certificates have it. */
export function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, asMaps(item)]));
}

// EU DCC

const DCC_KEY_ID = "0102030405060708";

export const VACCINATION = {
  tg: "840539006",
  vp: "1119349007",
  mp: "EU/1/20/1528",
  ma: "ORG-100030215",
  dn: 2,
  sd: 2,
  dt: "2026-01-10",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:ABC#B",
};
export const TEST = {
  tg: "840539006",
  tt: "LP6464-4",
  sc: "2026-05-01T12:34:56Z",
  tr: "260415000",
  tc: "Centre 1",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:DEF#I",
};
export const RECOVERY = {
  tg: "840539006",
  fr: "2026-02-20",
  df: "2026-03-03",
  du: "2026-08-19",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:GHI#K",
};

export const PERSON = {
  ver: "1.3.0",
  nam: { fn: "Musterfrau", fnt: "MUSTERFRAU", gn: "Gabriele", gnt: "GABRIELE" },
  dob: "1998-02-26",
};

/** The payload of a certificate; claims can be replaced. */
export function dccPayload(content: unknown, claims: Record<number, unknown> = {}): Uint8Array {
  const all = new Map<number, unknown>([
    [1, "AT"],
    [4, seconds(NOW) + 86_400],
    [6, seconds(NOW) - 3_600],
    [-260, new Map([[1, asMaps(content)]])],
  ]);
  for (const [key, value] of Object.entries(claims)) all.set(Number(key), value);
  return encodeCbor(all);
}

/** A signed payload as the text of a code. */
export function dccText(payload: Uint8Array, keyId = DCC_KEY_ID): string {
  const message = signSign1("ES256", Buffer.from(keyId, "hex"), KEY.privateKey, payload);
  return `HC1:${encodeBase45(deflateSync(message))}`;
}

/** Trust in the signer of these certificates. */
export function dccTrust(changes: Partial<TrustedKey> = {}): TrustSet {
  const key: TrustedKey = {
    use: "eu-dcc",
    keyId: DCC_KEY_ID,
    publicKey: KEY.publicKey,
    notBeforeMs: NOW - 86_400_000,
    notAfterMs: NOW + 86_400_000,
    keyUsages: [],
    ...changes,
  };
  return { asOfMs: NOW, keys: [key], anchors: [] };
}

// SMART Health Card

export const CARD_ISSUER = "https://example.org/cards";

export function cardPayload(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: CARD_ISSUER,
    nbf: seconds(NOW) - 3_600.5,
    vc: {
      type: ["https://smarthealth.cards#health-card"],
      credentialSubject: { fhirVersion: "4.0.1", fhirBundle: BUNDLE },
    },
    ...changes,
  };
}

const coded = (code: string) => ({ coding: [{ system: "s", code }] });

export const BUNDLE = {
  resourceType: "Bundle",
  type: "collection",
  entry: [
    {
      resource: {
        resourceType: "Patient",
        name: [{ family: "Anyperson", given: ["Jane"] }],
        birthDate: "1951-01-20",
      },
    },
    immunization("2026-01-29"),
    immunization("2026-01-01"),
    {
      resource: {
        resourceType: "Observation",
        status: "final",
        code: coded("94500-6"),
        effectiveDateTime: "2026-05-01T10:00:00Z",
        valueCodeableConcept: coded("260415000"),
      },
    },
  ],
};

function immunization(occurrenceDateTime: string) {
  return {
    resource: {
      resourceType: "Immunization",
      status: "completed",
      vaccineCode: { coding: [{ system: "http://hl7.org/fhir/sid/cvx", code: "207" }] },
      occurrenceDateTime,
    },
  };
}

export const cardKeyId = await calculateJwkThumbprint(KEY.publicKey.export({ format: "jwk" }));

/** A JWS as an issuer makes it, signed by an independent library. */
export async function cardJws(
  payload: unknown,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new CompactSign(deflateRawSync(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", zip: "DEF", kid: cardKeyId, ...header })
    .sign(KEY.privateKey);
}

/** A JWS as the digits of a code. */
export function cardDigits(jws: string): string {
  return Array.from(jws, (character) => String(character.charCodeAt(0) - 45).padStart(2, "0")).join(
    "",
  );
}

export const cardText = (jws: string): string => `shc:/${cardDigits(jws)}`;

/** The issuer's key set, bare or with its issuer. */
export function cardTrust(issuer: string | undefined = CARD_ISSUER, extra = {}): TrustSet {
  const jwk = { ...KEY.publicKey.export({ format: "jwk" }), kid: cardKeyId, ...extra };
  const jwks = { keys: [jwk] };
  return readTrustFile(JSON.stringify(issuer === "" ? jwks : { iss: issuer, jwks }), NOW);
}

// NZ COVID Pass

const DID = "did:web:example.nz";

export function nzPayload(changes: Record<string | number, unknown> = {}): Uint8Array {
  const credential = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    version: "1.0.0",
    type: ["VerifiableCredential", "PublicCovidPass"],
    credentialSubject: { givenName: "Jack", familyName: "Sparrow", dob: "1960-04-16" },
  };
  const claims = new Map<string | number, unknown>([
    [1, DID],
    [5, seconds(NOW) - 3_600],
    [4, seconds(NOW) + 3_600],
    [7, new Uint8Array(16).fill(0x60)],
    ["vc", asMaps(credential)],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    claims.set(/^\d+$/.test(key) ? Number(key) : key, value);
  }
  return encodeCbor(claims);
}

export function nzText(payload: Uint8Array): string {
  const message = signSign1("ES256", Buffer.from("key-1"), KEY.privateKey, payload);
  return `NZCP:/1/${base32(message)}`;
}

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(group.padEnd(5, "0"), 2)])
    .join("");
}

export function nzTrust(): TrustSet {
  const method = {
    id: `${DID}#key-1`,
    controller: DID,
    type: "JsonWebKey2020",
    publicKeyJwk: KEY.publicKey.export({ format: "jwk" }),
  };
  const document = { id: DID, verificationMethod: [method], assertionMethod: [method.id] };
  return readTrustFile(JSON.stringify(document), NOW);
}

// ICAO VDS-NC

export const SEAL_NOW = Date.parse("2027-02-01T00:00:00Z");

export const SEAL_DATA = {
  hdr: { t: "icao.vacc", v: 1, is: "UTO" },
  msg: {
    uvci: "U32870",
    pid: { n: "SMITH BILL", dob: "1990-01-02", i: "A1234567Z" },
    ve: [
      {
        des: "XM68M6",
        nam: "Comirnaty",
        dis: "RA01.0",
        vd: [
          { dvc: "2026-03-03", seq: 1, ctr: "UTO", adm: "RIVM" },
          { dvc: "2026-03-24", seq: 2, ctr: "UTO", adm: "RIVM" },
        ],
      },
    ],
  },
};

/** A seal around data, by the signer or by somebody else. */
export function sealText(data: unknown, certificate = SEAL_SIGNER, key = SEAL_SIGNER_KEY): string {
  const text = Buffer.from(canonicalJson(data) ?? "");
  const privateKey = createPrivateKey(key);
  const signature = sign("sha256", text, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const cer = new X509Certificate(certificate).raw.toString("base64url");
  return JSON.stringify({
    data,
    sig: { alg: "ES256", cer, sigvl: signature.toString("base64url") },
  });
}

export function sealTrust(): TrustSet {
  return readTrustFile(AUTHORITY, SEAL_NOW);
}
