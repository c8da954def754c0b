/** Keys in trust files: what is used, what is left out with a warning, under which ids. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  secretIssuerFile,
  publicIssuerFile,
} from "../../../../src/credential/formats/health-pass/issuer-key.ts";
import { readTrustFile, TrustFileError } from "../../../../src/credential/trust/trust-files.ts";
import { AUTHORITY, SEAL_SIGNER, SEAL_SIGNER_KEY } from "../certificates.ts";
import { KEY } from "../makers.ts";
import { nzPayload, nzText } from "../formats/nz-covid-pass/samples.ts";
import { cardJws, cardKeyId, cardPayload, cardText } from "../formats/smart-health-card/samples.ts";
import { PERSON, VACCINATION, dccPayload, dccText } from "../formats/eu-dcc/samples.ts";
import { instant, NOW, verifierOf } from "../passes.ts";
import { passKey } from "../formats/health-pass/samples.ts";

const read = (json: unknown) => readTrustFile(JSON.stringify(json), NOW);
const jwk = { ...KEY.publicKey.export({ format: "jwk" }), kid: cardKeyId };

/** Each is of no use here, and none may cost the others. */
const USELESS: readonly [string, unknown, string][] = [
  ["a shared secret", { kty: "oct", k: "AAAA", kid: "o" }, "not a public key (kty oct)"],
  ["a key of a kind to come", { kty: "AKP", alg: "ML-DSA-44", pub: "AAAA" }, "(kty AKP)"],
  ["a point without y", { kty: "EC", crv: "P-256", x: jwk.x }, "(kty EC)"],
  ["a short Ed25519 key", { kty: "OKP", crv: "Ed25519", x: "AAAA" }, "(kty OKP)"],
  ["a number", 7, "not a key"],
  ["null", null, "not a key"],
  ["a key without a kind", { kid: "x" }, "kty is missing"],
  ["a key id that is a number", { ...jwk, kid: 7 }, "kid: not a text"],
  ["a key id that is empty", { ...jwk, kid: "" }, "kid: not a text"],
  ["a key for encryption", { ...jwk, use: "enc" }, "not for signatures (use enc)"],
  ["a key for signing", { ...jwk, key_ops: ["sign"] }, "not for checking signatures"],
  ["a key for no operation", { ...jwk, key_ops: [] }, "not for checking signatures"],
  ["a key for an unknown algorithm", { ...jwk, alg: "RS1" }, "(alg RS1)"],
  ["a key for ES384", { ...jwk, alg: "ES384" }, "another algorithm"],
  ["a private key", { ...KEY.privateKey.export({ format: "jwk" }), kid: cardKeyId }, "private key"],
  ["a certificate that is none", { ...jwk, x5c: ["AAAA"] }, "x5c.0: not an X.509"],
];

describe("a key set", () => {
  it.each(USELESS)("is read without %s, which is named", (_name, useless, problem) => {
    for (const keys of [
      [jwk, useless],
      [useless, jwk],
    ]) {
      const set = read({ keys });
      expect(set.keys.map(({ keyId }) => keyId)).toEqual([cardKeyId]);
      expect(set.warnings).toHaveLength(1);
      expect(set.warnings?.[0]).toContain(`left out: keys.${keys.indexOf(useless)}`);
      expect(set.warnings?.[0]).toContain(problem);
    }
  });

  it.each(USELESS)("of %s alone is refused", (_name, useless, problem) => {
    expect(() => read({ keys: [useless] })).toThrow(TrustFileError);
    expect(() => read({ iss: "https://x.org", jwks: { keys: [useless] } })).toThrow(problem);
  });

  it.each([
    { use: "sig" },
    { alg: "ES256" },
    { key_ops: ["verify"] },
    { key_ops: ["x", "verify"] },
  ])("is used with %j, without a warning", (members) => {
    const set = read({ keys: [{ ...jwk, ...members, unknown: { a: 1 } }], made: "today" });
    expect(set.keys).toHaveLength(1);
    expect(set.warnings).toBeUndefined();
  });
});

describe("the other files of keys", () => {
  it.each<[string, unknown]>([
    ["a key set", { keys: [] }],
    ["an issuer's key set", { iss: "https://example.org", jwks: { keys: [] } }],
    [
      "a DID document whose methods are not listed",
      { id: "did:web:x", verificationMethod: [], assertionMethod: ["did:web:x#a"] },
    ],
  ])("without a key say so: %s", (_name, json) => {
    expect(read(json)).toMatchObject({
      keys: [],
      warnings: ["there is no key in it that may sign: nothing is trusted by it"],
    });
  });

  it("leave out what they cannot use too", () => {
    const id = "did:web:example.nz";
    const good = { id: `${id}#key-1`, publicKeyJwk: jwk };
    const bad = { id: `${id}#key-2`, publicKeyJwk: { kty: "AKP" } };
    const did = read({
      id,
      verificationMethod: [bad, 7, good],
      assertionMethod: [good.id, bad.id, { id: "#key-3", publicKeyJwk: { ...jwk, use: "enc" } }],
    });
    expect(did.keys.map(({ keyId }) => keyId)).toEqual([good.id]);
    expect(did.warnings).toHaveLength(3);
    const file = publicIssuerFile([passKey("EdDSA"), passKey("ES256")], NOW);
    const [first, second] = file.keys;
    for (const keys of [
      [{ ...first, alg: "RS256" }, second],
      [second, { ...first, kid: "0".repeat(16) }],
      [second, { ...first, nbf: "soon" }],
      [second, secretIssuerFile([passKey("EdDSA")], NOW).keys[0]],
    ]) {
      const set = read({ ...file, keys });
      expect(set.keys.map(({ keyId }) => keyId)).toEqual([second?.kid]);
      expect(set.warnings).toHaveLength(1);
    }
  });

  it("of private keys are refused, and say what to do", () => {
    const secret = JSON.stringify(secretIssuerFile([passKey("EdDSA")], NOW));
    expect(() => readTrustFile(secret, NOW)).toThrow("the issuer needs a new one");
    expect(() => readTrustFile(SEAL_SIGNER_KEY, NOW)).toThrow("a private key");
  });

  it("of certificates leave out a broken one, and a private key that came with them", () => {
    const broken = AUTHORITY.replace("MIIB", "AAAA");
    const set = readTrustFile([SEAL_SIGNER, broken, SEAL_SIGNER_KEY].join("\n"), NOW);
    expect(set.keys).toHaveLength(1);
    expect(set.warnings?.join()).toMatch(/certificate 2: not an X\.509.*a private key/);
    const base64 = new X509Certificate(SEAL_SIGNER).raw.toString("base64");
    const list = read({
      certificates: [{ rawData: `MIIB${"A".repeat(300)}` }, { rawData: base64 }],
    });
    expect(list.keys).toHaveLength(1);
    expect(list.warnings).toEqual(["left out: certificates.0.rawData: not an X.509 certificate"]);
  });
});

describe("a key id written beside a certificate", () => {
  const certificate = new X509Certificate(SEAL_SIGNER);
  const base64 = certificate.raw.toString("base64");
  const kid = Buffer.from("Key1spd1").toString("base64");
  const hex = Buffer.from("Key1spd1").toString("hex");
  const signer = certificate.publicKey.export({ format: "jwk" });
  const own = readTrustFile(SEAL_SIGNER, NOW).keys[0]?.keyId;

  it.each<[string, unknown]>([
    [
      "a gateway's list",
      { certificates: [{ country: "GB", kid, rawData: base64, signature: "MIIx" }] },
    ],
    ["a list", [{ kid, rawData: base64 }]],
    ["a list in PEM", [{ kid, certificate: SEAL_SIGNER }]],
    ["a map", { [kid]: base64 }],
    ["a map in base64url", { [kid.replace("=", "")]: base64 }],
    ["a map in hex", { [hex.toUpperCase()]: base64 }],
    ["a map of lists", { [kid]: [base64] }],
    ["a map of objects", { [kid]: { rawData: base64 } }],
    ["a key set", { keys: [{ ...signer, kid, x5c: [base64] }] }],
    [
      "key sets by country",
      {
        dsc_trust_list: {
          GB: { keys: [{ ...signer, kid, x5c: [base64] }], eku: { [kid]: ["t"] } },
        },
      },
    ],
  ])("counts beside its hash: %s", (_name, json) => {
    const { keys } = read(json);
    expect(keys.map(({ keyId }) => keyId).sort()).toEqual([own, hex].sort());
    for (const key of keys) {
      expect(key).toMatchObject({ use: "eu-dcc", notAfterMs: certificate.validToDate.getTime() });
    }
  });

  it("counts in a list behind a line with its signature too", () => {
    const list = JSON.stringify({ certificates: [{ kid, rawData: base64 }] });
    for (const end of ["\n", "\r\n"]) {
      const { keys } = readTrustFile(`MEUCIQD4+BX/g==${end}${list}`, NOW);
      expect(keys.map(({ keyId }) => keyId).sort()).toEqual([own, hex].sort());
    }
  });

  it("is the signer's, and no other certificate's of its chain", () => {
    const authority = new X509Certificate(AUTHORITY).raw.toString("base64");
    const { keys } = read({ lists: [{ kid, x5c: [base64, authority] }] });
    const named = keys.filter(({ keyId }) => keyId === hex);
    expect(named).toHaveLength(1);
    expect(named[0]?.publicKey.equals(certificate.publicKey)).toBe(true);
    expect(keys).toHaveLength(3);
  });

  it("names a bare key in key sets by country, and leaves one for encryption out", () => {
    const list = {
      XX: {
        keys: [
          { ...signer, kid },
          { ...signer, kid, use: "enc" },
        ],
      },
    };
    const set = read(list);
    expect(set.keys).toMatchObject([{ use: "eu-dcc", keyId: hex }]);
    expect(set.warnings).toHaveLength(1);
  });

  it.each([
    "01:02:03:04:05:06:07:08",
    "0x0102030405060708",
    " AQIDBAUGBwg= ",
    "0102 0304 0506 0708",
  ])("may be written %j", (kid) => {
    const keyIds = (json: unknown) => read(json).keys.map(({ use, keyId }) => `${use} ${keyId}`);
    expect(keyIds({ keys: [{ ...jwk, kid }] })).toEqual(["eu-dcc 0102030405060708"]);
    expect(keyIds({ AT: { keys: [{ ...jwk, kid }] } })).toEqual(["eu-dcc 0102030405060708"]);
  });

  it("may be of any length, or stand in COSE as text", () => {
    const ids = read([{ kid: "UK-2021-07", rawData: base64 }]).keys.map(({ keyId }) => keyId);
    expect(ids).toContain(Buffer.from("UK-2021-07").toString("hex"));
    const long = Buffer.alloc(20, 7);
    const { keys } = read([{ kid: long.toString("base64"), rawData: base64 }]);
    expect(keys.map(({ keyId }) => keyId)).toContain(long.toString("hex"));
  });
});

describe("an algorithm that a key is for", () => {
  const codes = async (text: string, trust: ReturnType<typeof read>) => {
    const { reasons } = await verifierOf({ trust }).code(Buffer.from(text), text, instant(NOW));
    return reasons.map(({ code }) => code);
  };
  const { kid: _kid, ...bare } = jwk;

  it("is the only one that counts for an EU certificate", async () => {
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));
    const kid = Buffer.from("0102030405060708", "hex").toString("base64");
    expect(await codes(text, read({ keys: [{ ...bare, kid, alg: "ES256" }] }))).toEqual([]);
    expect(await codes(text, read({ keys: [{ ...bare, kid, alg: "ES384" }] }))).toEqual([
      "signature-invalid",
    ]);
  });

  it("is the only one that counts for a New Zealand pass", async () => {
    const did = (publicKeyJwk: unknown) => {
      const method = { id: "did:web:example.nz#key-1", publicKeyJwk };
      return read({
        id: "did:web:example.nz",
        verificationMethod: [method],
        assertionMethod: method.id,
      });
    };
    const text = nzText(nzPayload());
    expect(await codes(text, did({ ...bare, alg: "ES256" }))).toEqual([]);
    expect(await codes(text, did({ ...bare, alg: "ES384" }))).toEqual(["signature-invalid"]);
  });

  it("of a key set's key that is left out leaves its issuer unknown", async () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    const keys = [
      { ...jwk, alg: "ES384" },
      { ...other.export({ format: "jwk" }), kid: "other" },
    ];
    const text = cardText(await cardJws(cardPayload()));
    expect(await codes(text, read({ keys }))).toEqual(["issuer-unknown"]);
  });
});
