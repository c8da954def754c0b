/** What issuers of the same formats do differently: algorithms, headers, keys and shapes. */
import { execFileSync } from "node:child_process";
import { constants, createPrivateKey, sign, X509Certificate, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../src/credential/codecs/base45.ts";
import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { encodeCbor } from "../../../src/credential/codecs/cbor.ts";
import { documentSigner } from "../../../src/credential/trust/certificate-files.ts";
import { readTrustFile } from "../../../src/credential/trust/trust-files.ts";
import type { TrustSet } from "../../../src/credential/trust/trust.ts";
import { KEY } from "./makers.ts";
import { SEAL_DATA, SEAL_NOW, sealText, sealTrust } from "./formats/vds-nc/samples.ts";
import { nzPayload, nzText, nzTrust } from "./formats/nz-covid-pass/samples.ts";
import {
  BUNDLE,
  cardDigits,
  cardJws,
  cardPayload,
  cardText,
  cardTrust,
} from "./formats/smart-health-card/samples.ts";
import {
  PERSON,
  TEST,
  VACCINATION,
  dccPayload,
  dccText,
  dccTrust,
} from "./formats/eu-dcc/samples.ts";
import { instant, NOW, verifierOf } from "./passes.ts";

const folder = mkdtempSync(join(tmpdir(), "variations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Signer {
  key: KeyObject;
  certificate: X509Certificate;
  trust: TrustSet;
  keyId: Uint8Array;
}

/** A certificate that signed itself, for ten years from now. */
function signerOf(name: string, algorithm: readonly string[], extension?: string): Signer {
  const file = (ending: string): string => join(folder, `${name}.${ending}`);
  const output = ["-keyout", file("key"), "-out", file("pem"), "-days", "3650", "-nodes"];
  const usage = extension === undefined ? [] : ["-addext", `extendedKeyUsage=${extension}`];
  const subject = ["-subj", `/C=UT/CN=${name}`];
  execFileSync("openssl", ["req", "-x509", ...algorithm, ...output, ...subject, ...usage], {
    stdio: "ignore",
  });
  const pem = readFileSync(file("pem"), "utf8");
  const certificate = new X509Certificate(pem);
  return {
    key: createPrivateKey(readFileSync(file("key"))),
    certificate,
    trust: readTrustFile(pem, NOW),
    keyId: new Uint8Array(Buffer.from(documentSigner(certificate).keyId, "hex")),
  };
}

const ec = (curve: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const P256 = signerOf("p256", ec("P-256"));
const P384 = signerOf("p384", ec("P-384"));
const P521 = signerOf("p521", ec("P-521"));
const RSA_2048 = signerOf("rsa2048", ["-newkey", "rsa:2048"]);
const RSA_3072 = signerOf("rsa3072", ["-newkey", "rsa:3072"]);

const NOW_OF_SIGNERS = P256.certificate.validFromDate.getTime() + 60_000;

interface Shape {
  signer?: Signer;
  algorithm?: number;
  inProtected?: [number, unknown][];
  inUnprotected?: [number, unknown][];
  tags?: number[];
}

/** An EU certificate with its headers as told; a good one by default. */
function dcc(payload: Uint8Array, shape: Shape = {}): string {
  const { signer = P256, algorithm = -7, inUnprotected = [], tags = [18] } = shape;
  const {
    inProtected = [
      [1, algorithm],
      [4, signer.keyId],
    ],
  } = shape;
  const header = encodeCbor(new Map(inProtected));
  const data = encodeCbor(["Signature1", header, new Uint8Array(0), payload]);
  const hash = algorithm === -35 ? "sha384" : algorithm === -36 ? "sha512" : "sha256";
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const isRsa = signer.key.asymmetricKeyType === "rsa";
  const how = isRsa ? pss : { dsaEncoding: "ieee-p1363" as const };
  const signature = new Uint8Array(sign(hash, data, { key: signer.key, ...how }));
  const message = encodeCbor([header, new Map(inUnprotected), payload, signature]);
  // Tags below 24 are one byte, 61 is two.
  const heads = tags.flatMap((tag) => (tag < 24 ? [0xc0 | tag] : [0xd8, tag]));
  return `HC1:${encodeBase45(deflateSync(Buffer.concat([Uint8Array.from(heads), message])))}`;
}

const inSeconds = (ms: number) => Math.floor(ms / 1000);
const claims = (changes: Record<number, unknown> = {}) =>
  dccPayload(
    { ...PERSON, v: [VACCINATION] },
    { 4: inSeconds(NOW_OF_SIGNERS) + 3_600, 6: inSeconds(NOW_OF_SIGNERS) - 60, ...changes },
  );

async function show(text: string, trust: TrustSet, at = NOW_OF_SIGNERS) {
  const credential = await verifierOf({ trust }).code(Buffer.from(text), text, instant(at));
  const { isValid, reasons } = credential;
  return { ...credential, codes: isValid ? ["holds"] : reasons.map(({ code }) => code) };
}

describe("EU certificates", () => {
  it.each<[string, Shape, string]>([
    ["ES256", {}, "holds"],
    ["ES256 on P-384", { signer: P384 }, "holds"],
    ["ES384", { signer: P384, algorithm: -35 }, "holds"],
    ["PS256 with 2048 bits", { signer: RSA_2048, algorithm: -37 }, "holds"],
    ["PS256 with 3072 bits", { signer: RSA_3072, algorithm: -37 }, "holds"],
    ["ES256 said of an RSA key", { signer: RSA_2048 }, "signature-invalid"],
    ["PS256 said of an EC key", { algorithm: -37 }, "signature-invalid"],
    [
      "an algorithm nobody knows",
      {
        inProtected: [
          [1, -999],
          [4, P256.keyId],
        ],
      },
      "signature-invalid",
    ],
    ["no tag at all", { tags: [] }, "holds"],
    ["a CWT's tag around COSE's", { tags: [61, 18] }, "holds"],
    ["another structure's tag", { tags: [17] }, "malformed"],
    [
      "the key id beside the protected header",
      { inProtected: [[1, -7]], inUnprotected: [[4, P256.keyId]] },
      "holds",
    ],
    [
      "a wrong key id beside a right one: what is protected counts",
      { inUnprotected: [[4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)]] },
      "holds",
    ],
    [
      "a right key id beside a wrong one: what is protected counts",
      {
        inProtected: [
          [1, -7],
          [4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
        ],
        inUnprotected: [[4, P256.keyId]],
      },
      "issuer-unknown",
    ],
    ["no key id", { inProtected: [[1, -7]] }, "issuer-unknown"],
  ])("with %s", async (_name, shape, expected) => {
    const { trust } = shape.signer ?? P256;
    expect((await show(dcc(claims(), shape), trust)).codes).toEqual([expected]);
  });

  it.each<[string, Record<number, unknown>, string]>([
    [
      "an end and an issue in fractions",
      { 4: NOW_OF_SIGNERS / 1000 + 0.5, 6: NOW_OF_SIGNERS / 1000 - 60.5 },
      "holds",
    ],
    ["an end in the fraction before", { 4: NOW_OF_SIGNERS / 1000 - 0.5 }, "expired"],
    ["no issuer", { 1: undefined }, "holds"],
    ["no time of issue", { 6: undefined }, "holds"],
    ["no end, so that it would hold for ever", { 4: undefined }, "schema-violation"],
    ["an end that is no number", { 4: "2100-01-01" }, "schema-violation"],
    ["an end beyond all dates", { 4: 1e300 }, "schema-violation"],
    ["an end that is no number at all", { 4: Number.NaN }, "schema-violation"],
  ])("with %s", async (_name, changes, expected) => {
    const payload = claims(changes);
    expect((await show(dcc(payload), P256.trust)).codes).toEqual([expected]);
  });

  it.each([
    ["1.3.6.1.4.1.1847.2021.1.2", "holds"],
    ["1.3.6.1.4.1.0.1847.2021.1.2", "holds"],
    ["1.3.6.1.4.1.1847.2021.1.1,1.3.6.1.4.1.0.1847.2021.1.2", "holds"],
    ["1.3.6.1.4.1.1847.2021.1.1", "issuer-not-allowed"],
    ["1.3.6.1.4.1.0.1847.2021.1.3", "issuer-not-allowed"],
    ["1.3.6.1.5.5.7.3.1", "holds"],
  ])("whose signer may be used for %s: a vaccination %s", async (usage, expected) => {
    const signer = signerOf(`usage-${usage}`, ec("P-256"), usage);
    const later = signer.certificate.validFromDate.getTime() + 60_000;
    const text = dcc(claims({ 4: inSeconds(later) + 60 }), { signer });
    expect((await show(text, signer.trust, later)).codes).toEqual([expected]);
  });

  it.each(["1.0.0", "1.0.1", "1.1.0", "1.2.1", "1.3.0", "1.3.2"])(
    "of schema version %s",
    async (ver) => {
      const text = dccText(dccPayload({ ...PERSON, ver, v: [VACCINATION] }));
      expect((await show(text, dccTrust(), NOW)).codes).toEqual(["holds"]);
    },
  );

  it.each(["1998", "1998-02", "1998-02-26", "", "1998-02-26T00:00:00"])(
    "with the date of birth %j",
    async (dob) => {
      const text = dccText(dccPayload({ ...PERSON, dob, v: [VACCINATION] }));
      expect((await show(text, dccTrust(), NOW)).codes).toEqual(["holds"]);
    },
  );

  it("of version 1.2.1 with vaccinations and a test say all", async () => {
    const content = {
      ...PERSON,
      ver: "1.2.1",
      v: [VACCINATION, { ...VACCINATION, dn: 3, sd: 3 }],
      t: [TEST],
    };
    const { evidence } = await show(dccText(dccPayload(content)), dccTrust(), NOW);
    expect(evidence.map(({ kind }) => kind)).toEqual([
      "vaccination",
      "vaccination",
      "nucleic-acid-test",
    ]);
  });

  it("of one of two signers with the same key id hold", async () => {
    const [key] = dccTrust().keys;
    if (key === undefined) throw new Error("no key");
    const other = { ...key, publicKey: P256.certificate.publicKey };
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));
    for (const keys of [
      [other, key],
      [key, other],
    ]) {
      expect((await show(text, { ...dccTrust(), keys }, NOW)).codes).toEqual(["holds"]);
    }
  });

  it("hold where the same signer stands in an old set and in one in force", async () => {
    const [key] = dccTrust().keys;
    const [old] = dccTrust({ notAfterMs: NOW - 1 }).keys;
    if (key === undefined || old === undefined) throw new Error("no key");
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));
    for (const keys of [
      [old, key],
      [key, old],
    ]) {
      expect((await show(text, { ...dccTrust(), keys }, NOW)).codes).toEqual(["holds"]);
    }
    expect((await show(text, { ...dccTrust(), keys: [old] }, NOW)).codes).toEqual([
      "issuer-expired",
    ]);
  });
});

describe("ICAO seals", () => {
  const seal = (signer: Signer, alg: string, hash: string, der: boolean): string => {
    const dsaEncoding = der ? "der" : "ieee-p1363";
    const text = Buffer.from(canonicalJson(SEAL_DATA));
    const signature = sign(hash, text, { key: signer.key, dsaEncoding });
    const cer = signer.certificate.raw.toString("base64url");
    return JSON.stringify({
      data: SEAL_DATA,
      sig: { alg, cer, sigvl: signature.toString("base64url") },
    });
  };

  it.each([
    ["ES256", "sha256", P256],
    ["ES384", "sha384", P384],
    ["ES512", "sha512", P521],
  ] as const)("signed with %s, its numbers plain or in DER", async (alg, hash, signer) => {
    for (const der of [false, true]) {
      const text = seal(signer, alg, hash, der);
      expect((await show(text, signer.trust)).codes).toEqual(["holds"]);
      const changed = text.replace("BILL", "BELL");
      expect((await show(changed, signer.trust)).codes).toEqual(["signature-invalid"]);
    }
  });

  it.each([
    ["a type nobody knows", { hdr: { ...SEAL_DATA.hdr, t: "icao.x" } }, "data.hdr.t"],
    ["another version", { hdr: { ...SEAL_DATA.hdr, v: 2 } }, "data.hdr.v"],
    ["nobody's name", { msg: { ...SEAL_DATA.msg, pid: {} } }, "data.msg.pid.n"],
    ["no vaccination", { msg: { ...SEAL_DATA.msg, ve: [] } }, "data.msg.ve"],
  ])("with %s say where the fault is", async (_name, changes, path) => {
    const text = sealText({ ...SEAL_DATA, ...changes });
    expect((await show(text, sealTrust(), SEAL_NOW)).reasons).toEqual([
      { code: "schema-violation", params: { path } },
    ]);
  });

  it("are the same showing, however they are written", async () => {
    const text = sealText(SEAL_DATA);
    const { reference } = await show(text, sealTrust(), SEAL_NOW);
    const spaced = JSON.stringify(JSON.parse(text), undefined, 1);
    expect((await show(spaced, sealTrust(), SEAL_NOW)).reference).toBe(reference);
  });
});

describe("SMART Health Cards", () => {
  const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
  const LOINC = "http://loinc.org";
  const result = (changes: object) => ({
    resourceType: "Observation",
    status: "final",
    code: coded(LOINC, "94500-6"),
    effectiveDateTime: "2026-05-01T10:00:00+02:00",
    valueCodeableConcept: coded("http://snomed.info/sct", "260415000"),
    ...changes,
  });
  const withResource = async (resource: object) => {
    const entry = [BUNDLE.entry[0], { resource }];
    const vc = {
      type: ["https://smarthealth.cards#health-card"],
      credentialSubject: { fhirVersion: "4.0.1", fhirBundle: { ...BUNDLE, entry } },
    };
    return show(cardText(await cardJws(cardPayload({ vc }))), cardTrust(), NOW);
  };
  const sampledAtMs = Date.parse("2026-05-01T08:00:00Z");

  it.each([
    ["a report that was amended", { status: "amended" }],
    ["a report that was corrected", { status: "corrected" }],
    ["LOINC's own answer", { valueCodeableConcept: coded(LOINC, "LA6577-6") }],
    [
      "a period of sampling, of which the beginning counts",
      {
        effectiveDateTime: undefined,
        effectivePeriod: { start: "2026-05-01T08:00:00Z", end: "2026-05-02T08:00:00Z" },
      },
    ],
    [
      "an instant of sampling",
      { effectiveDateTime: undefined, effectiveInstant: "2026-05-01T08:00:00.000Z" },
    ],
  ])("of a test give %s", async (_name, changes) => {
    const { codes, evidence } = await withResource(result(changes));
    expect(codes).toEqual(["holds"]);
    expect(evidence).toMatchObject([
      { kind: "nucleic-acid-test", result: "negative", sampledAtMs },
    ]);
  });

  it.each([
    ["cancelled", { status: "cancelled" }],
    ["entered in error", { status: "entered-in-error" }],
    ["for antibodies", { code: coded(LOINC, "94563-4") }],
  ])("of a test that is %s give no evidence", async (_name, changes) => {
    expect(await withResource(result(changes))).toMatchObject({ isValid: true, evidence: [] });
  });

  it.each([["without a time", { effectiveDateTime: undefined }]])(
    "of a good test %s are not understood",
    async (_name, changes) => {
      expect((await withResource(result(changes))).evidence).toMatchObject([
        { kind: "nucleic-acid-test", disease: "covid-19", result: "unknown" },
      ]);
    },
  );

  it("of a test that is on no list say so", async () => {
    const { evidence } = await withResource(result({ code: coded(LOINC, "718-7") }));
    expect(evidence).toMatchObject([
      { kind: "other-test", disease: "unknown", result: "negative", test: "718-7" },
    ]);
  });

  it("may hold places and people beside what is read, of whatever shape", async () => {
    const place = { resourceType: "Location", name: "Hall 3", status: 1, code: "x" };
    expect((await withResource(place)).codes).toEqual(["holds"]);
  });

  it.each([
    ["status", { status: 1 }],
    ["effectiveDateTime", { effectiveDateTime: "yesterday" }],
  ])("name the resource whose shape is wrong: %s", async (field, changes) => {
    const { reasons } = await withResource(result(changes));
    const path = `vc.credentialSubject.fhirBundle.entry.1.resource.${field}`;
    expect(reasons).toEqual([{ code: "schema-violation", params: { path } }]);
  });

  it("name a vaccine by the code system it has", async () => {
    const dose = (coding: object[]) => ({
      resourceType: "Immunization",
      status: "completed",
      vaccineCode: { coding },
      occurrenceDateTime: "2026-01",
    });
    const snomed = { system: "http://snomed.info/sct", code: "1119305005" };
    const cvx = { system: "http://hl7.org/fhir/sid/cvx", code: "208" };
    expect((await withResource(dose([snomed]))).evidence).toMatchObject([
      { product: "1119305005", lastDoseAtMs: Date.parse("2026-01-01") },
    ]);
    expect((await withResource(dose([snomed, cvx]))).evidence).toMatchObject([
      { product: "CVX 208" },
    ]);
  });

  it("are refused where the key goes by another name than its thumbprint", async () => {
    const jwk = { ...KEY.publicKey.export({ format: "jwk" }), kid: "my-key" };
    const trust = readTrustFile(JSON.stringify({ keys: [jwk] }), NOW);
    const text = cardText(await cardJws(cardPayload(), { kid: "my-key" }));
    expect((await show(text, trust, NOW)).codes).toEqual(["issuer-not-allowed"]);
  });

  it("are the same showing as digits and as a file's text", async () => {
    const jws = await cardJws(cardPayload());
    const { reference } = await show(cardText(jws), cardTrust(), NOW);
    expect((await show(jws, cardTrust(), NOW)).reference).toBe(reference);
  });

  it("in parts: another visitor's part of the same number begins another card", async () => {
    const [one, two] = [await cardJws(cardPayload()), await cardJws(cardPayload({ nbf: 1 }))];
    const part = (jws: string, index: number) => {
      const size = Math.ceil(jws.length / 3);
      return `shc:/${index}/3/${cardDigits(jws.slice((index - 1) * size, index * size))}`;
    };
    const verifier = verifierOf({ trust: cardTrust() });
    const shown = async (text: string) => verifier.code(Buffer.from(text), text, instant(NOW));
    await shown(part(one, 1));
    await shown(part(one, 2));
    expect((await shown(part(two, 2))).reasons[0]?.params).toEqual({ have: 1, of: 3 });
    expect((await shown(part(two, 3))).reasons[0]?.params).toEqual({ have: 2, of: 3 });
    expect((await shown(part(two, 1))).isValid).toBe(true);
  });
});

describe("NZ COVID Passes", () => {
  const text = nzText(nzPayload());

  it("hold with the padding that base32 may have, and with no other", async () => {
    const rest = (text.length - "NZCP:/1/".length) % 8;
    const padded = rest === 0 ? text : text + "=".repeat(8 - rest);
    expect((await show(padded, nzTrust(), NOW)).codes).toEqual(["holds"]);
    expect((await show(`${padded}=`, nzTrust(), NOW)).codes).toEqual(["malformed"]);
    expect((await show(text.replace("/1/", "/1/="), nzTrust(), NOW)).codes).toEqual(["malformed"]);
  });
});
