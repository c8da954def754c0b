/** Trust and revocation as data: files by content, dates, sets that stay when an update fails. */
import { createHash, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BloomFilter } from "../../../../src/credential/trust/bloom.ts";
import {
  publicIssuerFile,
  trustOfIssuers,
} from "../../../../src/credential/formats/health-pass/issuer-key.ts";
import { readRevocationFile } from "../../../../src/credential/trust/revocation-files.ts";
import { RevocationStore } from "../../../../src/credential/trust/revocation.ts";
import {
  readTrustFile,
  thumbprintOf,
  TrustFileError,
} from "../../../../src/credential/trust/trust-files.ts";
import { TrustStore } from "../../../../src/credential/trust/trust.ts";
import { AUTHORITY, SEAL_SIGNER, WEB_SERVER } from "../certificates.ts";
import { KEY } from "../makers.ts";
import { nzTrust } from "../formats/nz-covid-pass/samples.ts";
import { cardKeyId } from "../formats/smart-health-card/samples.ts";
import { NOW } from "../passes.ts";
import { passKey } from "../formats/health-pass/samples.ts";

const jwk = { ...KEY.publicKey.export({ format: "jwk" }), kid: cardKeyId };

describe("trust files are told by their content", () => {
  it.each([
    ["PEM certificates", `text before\n${AUTHORITY}\n${SEAL_SIGNER}\n`, 2, "eu-dcc"],
    ["a bare key set", JSON.stringify({ keys: [jwk] }), 1, "smart-health-card"],
    [
      "a key set with its issuer",
      JSON.stringify({ iss: "https://x.org", jwks: { keys: [jwk] } }),
      1,
      "smart-health-card",
    ],
    ["issuer keys", JSON.stringify(publicIssuerFile([passKey("EdDSA")], NOW)), 1, "health-pass"],
  ])("%s", (_name, text, count, use) => {
    const set = readTrustFile(text, NOW);
    expect(set.keys.map((key) => key.use)).toEqual(Array.from({ length: count }, () => use));
    expect(set.asOfMs).toBe(NOW);
  });

  it("a DID document gives the keys it lets assert, and no others", () => {
    expect(nzTrust().keys).toMatchObject([{ use: "nz-covid-pass", issuer: "did:web:example.nz" }]);
    const method = { id: "did:web:a#1", publicKeyJwk: jwk };
    const document = { id: "did:web:a", verificationMethod: [method], assertionMethod: [] };
    expect(readTrustFile(JSON.stringify(document), NOW).keys).toEqual([]);
  });

  const signer = new X509Certificate(SEAL_SIGNER);
  const base64 = signer.raw.toString("base64");
  const euKeyId = createHash("sha256").update(signer.raw).digest("hex").slice(0, 16);
  const kid = Buffer.from(euKeyId, "hex").toString("base64");
  const signerJwk = signer.publicKey.export({ format: "jwk" });

  it.each<[string, string | Buffer]>([
    ["PEM", SEAL_SIGNER],
    [
      "PEM behind a byte order mark, with lines of Windows",
      `\uFEFF${SEAL_SIGNER}`.replaceAll("\n", "\r\n"),
    ],
    ["DER", signer.raw],
    ["base64 of DER", `${base64}\n`],
    ["base64 of DER in lines", base64.replaceAll(/(.{64})/g, "$1\n")],
    ["a JSON string in a test's file", JSON.stringify({ TESTCTX: { CERTIFICATE: base64 } })],
    ["a list", JSON.stringify([base64])],
    ["PEM in JSON", JSON.stringify({ issuer: SEAL_SIGNER })],
    [
      "a list of a gateway, with signatures beside the certificates",
      JSON.stringify({
        certificates: [{ kid, rawData: base64, signature: `MII${"A".repeat(400)}`, country: "UT" }],
      }),
    ],
    ["certificates by key id", JSON.stringify({ [kid]: base64 })],
    [
      "a key set with certificates",
      JSON.stringify({ keys: [{ ...signerJwk, kid, x5c: [base64] }] }),
    ],
  ])("a signer of EU certificates as %s", (_name, content) => {
    const { keys } = readTrustFile(content, NOW);
    expect(keys).toMatchObject([
      { use: "eu-dcc", keyId: euKeyId, keyUsages: ["2.23.136.1.1.14.2"] },
    ]);
    expect(keys[0]?.publicKey.equals(signer.publicKey)).toBe(true);
    expect(keys[0]?.notAfterMs).toBe(signer.validToDate.getTime());
  });

  it("a signer of EU certificates as a bare key, which has no end and no usages", () => {
    const { keys } = readTrustFile(JSON.stringify({ ...signerJwk, kid }), NOW);
    expect(keys).toMatchObject([{ use: "eu-dcc", keyId: euKeyId }]);
    expect(keys[0]?.notAfterMs).toBeUndefined();
  });

  it("certificates of SMART Health Card issuers sign no EU certificates", () => {
    const set = readTrustFile(JSON.stringify({ keys: [{ ...signerJwk, x5c: [base64] }] }), NOW);
    expect(set.keys.map(({ use }) => use)).toEqual(["smart-health-card"]);
    expect(set.anchors).toEqual([]);
  });

  it("a DID document's keys by fragment, and inside its assertion method", () => {
    const keyed = { id: "#key-1", publicKeyJwk: jwk };
    const id = "did:web:a";
    for (const document of [
      { id, verificationMethod: [keyed], assertionMethod: "#key-1" },
      { id, verificationMethod: [keyed], assertionMethod: [`${id}#key-1`] },
      { id, assertionMethod: [keyed] },
    ]) {
      const { keys } = readTrustFile(JSON.stringify(document), NOW);
      expect(keys.map(({ keyId }) => keyId)).toEqual(["did:web:a#key-1"]);
    }
  });

  it("a key's own id is its thumbprint where none is given", () => {
    const { kid: _kid, ...bare } = jwk;
    const set = readTrustFile(JSON.stringify({ keys: [bare] }), NOW);
    expect(set.keys[0]?.keyId).toBe(cardKeyId);
    expect(thumbprintOf(KEY.publicKey)).toBe(cardKeyId);
  });

  it("an issuer file's own date counts, not the date of import", () => {
    const text = JSON.stringify(publicIssuerFile([passKey("EdDSA")], NOW - 5_000));
    expect(readTrustFile(text, NOW).asOfMs).toBe(NOW - 5_000);
  });

  it.each([
    ["nothing", "", "neither certificates in PEM, DER or base64, nor JSON"],
    ["some JSON", "{}", "neither certificates, nor a JWKS"],
    ["a broken certificate", AUTHORITY.replace("MIIB", "AAAA"), "certificate 1: not an X.509"],
    ["an open certificate", AUTHORITY.slice(0, 200), "certificate 1: has no end line"],
    ["base64 of something else", `MIIB${"A".repeat(300)}`, "certificate 1: not an X.509"],
    [
      "a list with a broken certificate",
      JSON.stringify({ certificates: [{ rawData: `MIIB${"A".repeat(300)}` }] }),
      "certificates.0.rawData: not an X.509",
    ],
    ["a key of no kind", '{"keys":[{"kty":"XX"}]}', "keys.0: not a public key (kty XX)"],
    ["keys that are none", '{"keys":[1]}', "keys.0: "],
    [
      "an issuer key under another's id",
      JSON.stringify(publicIssuerFile([{ ...passKey("EdDSA"), keyId: "0".repeat(16) }], NOW)),
      "keys.0.kid: the key's own id is",
    ],
  ])("%s is refused with the path to the fault", (_name, text, message) => {
    expect(() => readTrustFile(text, NOW)).toThrow(TrustFileError);
    expect(() => readTrustFile(text, NOW)).toThrow(message);
  });
});

describe("any file", () => {
  const read = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const file = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ keys: fc.jsonValue() }).map((each) => JSON.stringify(each)),
    fc.record({ iss: fc.jsonValue(), jwks: fc.jsonValue() }).map((each) => JSON.stringify(each)),
    fc
      .record({ id: fc.constant("did:a"), verificationMethod: fc.jsonValue() })
      .map((each) => JSON.stringify(each)),
    fc
      .record({ kty: fc.constantFrom("EC", "RSA", "OKP"), x: fc.string(), x5c: fc.jsonValue() })
      .map((each) => JSON.stringify({ keys: [each] })),
    fc.string().map((each) => AUTHORITY.replace("MIIB", each)),
  );

  it("is trust, or refused as a trust file", () => {
    fc.assert(
      fc.property(file, (text) => {
        const result = read(() => readTrustFile(text, NOW));
        expect(result instanceof TrustFileError || !(result instanceof Error)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is a revocation list, or refused as one", () => {
    const list = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({
          kid: fc.string(),
          method: fc.constant("rid"),
          ctr: fc.nat(),
          rids: fc.jsonValue(),
        })
        .map((each) => Buffer.from(JSON.stringify(each))),
      fc.string().map((text) => Buffer.from(`digital-sentinel-bloom-1\n${text}\n`)),
    );
    fc.assert(
      fc.property(list, (bytes) => {
        const result = read(() => readRevocationFile(bytes, NOW));
        expect(result instanceof TrustFileError || !(result instanceof Error)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the store of trust", () => {
  const [key] = trustOfIssuers([passKey("EdDSA")], NOW).keys;
  const keyId = key?.keyId ?? "";

  it("is as old as its oldest set", () => {
    const store = new TrustStore();
    expect(store.asOfMs()).toBeUndefined();
    store.replace("a", trustOfIssuers([passKey("EdDSA")], NOW));
    store.replace("b", { ...nzTrust(), asOfMs: NOW - 1 });
    expect(store.asOfMs()).toBe(NOW - 1);
    store.replace("b", { ...nzTrust(), asOfMs: NOW + 1 });
    expect(store.asOfMs()).toBe(NOW);
  });

  it("keeps the last good set and its date when an update fails", () => {
    const store = new TrustStore();
    const update = (text: string, atMs: number) => store.replace("a", readTrustFile(text, atMs));
    update(JSON.stringify(publicIssuerFile([passKey("EdDSA")], NOW)), NOW);
    expect(() => update('{"kind":"digital-sentinel-issuers"}', NOW + 9)).toThrow(TrustFileError);
    expect(store.find("health-pass", keyId)).toHaveLength(1);
    expect(store.asOfMs()).toBe(NOW);
  });

  it("replaces a source's set whole", () => {
    const store = new TrustStore();
    store.replace("a", trustOfIssuers([passKey("EdDSA"), passKey("ES256")], NOW));
    store.replace("a", trustOfIssuers([passKey("ES256")], NOW));
    expect(store.find("health-pass", keyId)).toEqual([]);
    expect(store.find("health-pass", passKey("ES256").keyId)).toHaveLength(1);
  });

  it("a set's own expiry ends its keys", () => {
    const store = new TrustStore();
    const set = trustOfIssuers([passKey("EdDSA")], NOW);
    store.replace("a", { ...set, expiresAtMs: NOW + 10 });
    const [found] = store.find("health-pass", keyId);
    if (found === undefined) throw new Error("not found");
    expect(found.notAfterMs).toBe(NOW + 10);
  });

  it("a signer's certificate is found as itself and as its issuer's", () => {
    const store = new TrustStore();
    const authority = readTrustFile(AUTHORITY, NOW);
    store.replace("a", authority);
    const [signer] = readTrustFile(SEAL_SIGNER, NOW).anchors;
    const [other] = readTrustFile(WEB_SERVER, NOW).anchors;
    if (signer === undefined || other === undefined) throw new Error("no certificate");
    expect(store.anchorsFor(signer)).toHaveLength(1);
    store.replace("b", { asOfMs: NOW, keys: [], anchors: [other] });
    expect(store.anchorsFor(signer)).toHaveLength(1);
    expect(store.anchorsFor(other)).toHaveLength(2);
  });
});

describe("revocation lists", () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));

  it("of our own tell revoked from superseded", () => {
    const store = new RevocationStore();
    const file = {
      kind: "digital-sentinel-revocations",
      namespace: "health-pass",
      asOf: "2026-05-01T00:00:00Z",
      revoked: ["aa"],
      superseded: ["aa", "bb"],
    };
    store.replace("a", readRevocationFile(json(file), NOW));
    const verdicts = ["aa", "bb", "cc"].map((each) => store.find("health-pass", each)?.verdict);
    expect(verdicts).toEqual(["revoked", "superseded", undefined]);
    expect(store.find("vds-nc", "aa")).toBeUndefined();
    expect(store.asOfMs("health-pass")).toBe(Date.parse("2026-05-01"));
  });

  it.each<[string, string, string]>([
    ["health-pass", "AABBCCDDEEFF0011", "aabbccddeeff0011"],
    ["health-pass", " aa:bb:cc:dd:ee:ff:00:11", "aabbccddeeff0011"],
    [
      "nz-covid-pass",
      "urn:uuid:60A4F54D-4E30-4332-BE33-AD78B1EAFA4B",
      "60a4f54d4e304332be33ad78b1eafa4b",
    ],
    ["eu-dcc-uci", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeeff"],
    ["eu-dcc-uci", "ABEiM0RVZneImaq7zN3u/w==", "00112233445566778899aabbccddeeff"],
    ["eu-dcc-signature", "ABEiM0RVZneImaq7zN3u_w", "00112233445566778899aabbccddeeff"],
    ["vds-nc", "U32870 ", "U32870"],
  ])("of %s have %j as it is looked up", (namespace, written, number) => {
    const asOf = "2026-05-01T00:00:00Z";
    const own = { kind: "digital-sentinel-revocations", namespace, asOf, revoked: [written] };
    const [list] = readRevocationFile(json(own), NOW);
    expect([...(list?.entries?.keys() ?? [])]).toEqual([number]);
    expect(list?.warnings).toBeUndefined();
  });

  it("say which numbers no credential can have", () => {
    const asOf = "2026-05-01T00:00:00Z";
    const own = { kind: "digital-sentinel-revocations", namespace: "health-pass", asOf };
    const [list] = readRevocationFile(json({ ...own, revoked: ["aabbccddeeff0011", "7"] }), NOW);
    expect(list?.warnings).toEqual(["revoked.1: no number of health-pass: it revokes nothing"]);
  });

  it("of the EU hold hashes that are written in hexadecimal", () => {
    const hash = "00112233445566778899aabbccddeeff";
    const [list] = readRevocationFile(json({ hashType: "UCI", entries: [{ hash }] }), NOW);
    expect(list?.entries?.has(hash)).toBe(true);
  });

  it.each([
    ["2020-01-01T00:00:00Z", Date.parse("2020-01-01T00:00:00Z")],
    ["2020-01-01", Date.parse("2020-01-02T00:00:00Z")],
    ["2030-06-30T10:00:00+02:00", Date.parse("2030-06-30T08:00:00Z")],
    ["soon", undefined],
    [7, undefined],
    [undefined, undefined],
  ])("an EU batch that expires %j ends there, or never", (expires, expiresAtMs) => {
    const batch = { hashType: "UCI", entries: [{ hash: "AAAA" }], expires, country: "AT" };
    const [list] = readRevocationFile(Buffer.from(JSON.stringify(batch)), NOW);
    expect(list?.expiresAtMs).toBe(expiresAtMs);
  });

  it("a list that has ended still counts on a clock that is not trusted", () => {
    const store = new RevocationStore();
    const entries = new Map([["1", { verdict: "revoked" as const }]]);
    store.replace("a", [{ namespace: "vds-nc", asOfMs: NOW, entries, expiresAtMs: NOW - 1 }]);
    const at = { monotonicMs: 0, wallMs: NOW, wallTrusted: true };
    expect(store.find("vds-nc", "1", undefined, at)).toBeUndefined();
    expect(store.asOfMs("vds-nc", at)).toBeUndefined();
    expect(store.find("vds-nc", "1", undefined, { ...at, wallTrusted: false })).toBeDefined();
    expect(store.find("vds-nc", "1")).toBeDefined();
  });

  it("are read without an entry or a batch that is not understood, which is named", () => {
    const hash = Buffer.alloc(16, 1).toString("base64");
    const batch = { hashType: "UCI", entries: [{ hash: "?" }, { hash }, 7] };
    const [eu] = readRevocationFile(json(batch), NOW);
    expect(eu?.entries?.size).toBe(1);
    expect(eu?.warnings?.map((each) => each.split(": ")[1])).toEqual([
      "entries.0.hash",
      "entries.2",
    ]);
    const cards = { kid: "k", method: "rid", ctr: 1, rids: ["a b", "good", 7] };
    const [list] = readRevocationFile(json(cards), NOW);
    expect([...(list?.entries?.keys() ?? [])]).toEqual(["k good"]);
    expect(list?.warnings).toHaveLength(2);
    const lists = readRevocationFile(json([{ hashType: "LATER" }, batch, { a: 1 }]), NOW);
    expect(lists).toHaveLength(1);
    expect(lists[0]?.warnings?.map((each) => each.split(": ")[1])).toEqual([
      "1.entries.0.hash",
      "1.entries.2",
      "0.hashType",
      "2",
    ]);
  });

  it("of the EU hold hashes in base64", () => {
    const hash = "00112233445566778899aabbccddeeff";
    const batch = {
      country: "AT",
      hashType: "UCI",
      entries: [{ hash: Buffer.from(hash, "hex").toString("base64") }],
    };
    const [list] = readRevocationFile(json(batch), NOW);
    expect(list).toMatchObject({ namespace: "eu-dcc-uci", asOfMs: NOW });
    expect(list?.entries?.has(hash)).toBe(true);
  });

  it("an id listed twice is meant as widely as the wider of the two", () => {
    const list = { kid: "k", method: "rid", ctr: 1, rids: ["a.100", "a.300", "a.200", "b", "b.1"] };
    const store = new RevocationStore();
    store.replace("a", readRevocationFile(json(list), NOW));
    const find = (rid: string, seconds: number) =>
      store.find("smart-health-card", `k ${rid}`, seconds * 1000) !== undefined;
    expect([find("a", 299), find("a", 300), find("b", 1e9)]).toEqual([true, false, true]);
  });

  it.each([
    ["another method", { kid: "k", method: "url", ctr: 1, rids: [] }, "method"],
    ["an id too long", { kid: "k", method: "rid", ctr: 1, rids: ["x".repeat(25)] }, "rids.0"],
    ["an id of other characters", { kid: "k", method: "rid", ctr: 1, rids: ["a b"] }, "rids.0"],
    ["no counter", { kid: "k", method: "rid", rids: [] }, "ctr"],
    ["an EU hash that is none", { hashType: "UCI", entries: [{ hash: "?" }] }, "entries.0.hash"],
    ["an unknown namespace", { kind: "digital-sentinel-revocations", namespace: "x" }, "namespace"],
    ["nothing known", { a: 1 }, ""],
  ])("with %s is refused with the path to the fault", (_name, value, path) => {
    expect(() => readRevocationFile(json(value), NOW)).toThrow(TrustFileError);
    expect(() => readRevocationFile(json(value), NOW)).toThrow(path);
  });
});

describe("a Bloom filter", () => {
  const label = { namespace: "health-pass", asOf: "2026-05-01T00:00:00.000Z" };
  const listed = Array.from({ length: 20_000 }, (_each, index) => `serial-${index}`);
  const filter = BloomFilter.of(listed, listed.length, 0.001);

  it("forgets nothing and is wrong about as rarely as it was built for", () => {
    expect(listed.filter((each) => !filter.mayContain(each))).toEqual([]);
    const absent = Array.from({ length: 50_000 }, (_each, index) => `other-${index}`);
    expect(absent.filter((each) => filter.mayContain(each)).length).toBeLessThan(100);
    expect(filter.falsePositiveRate).toBeCloseTo(0.001, 4);
  });

  it("costs at most 2 bytes an entry", () => {
    expect(filter.byteLength / listed.length).toBeLessThan(2);
  });

  it("is a file that reads back, and one cut off is none", () => {
    const bytes = filter.toBytes(label);
    const [list] = readRevocationFile(bytes, NOW);
    expect(list).toMatchObject({ namespace: "health-pass", asOfMs: Date.parse(label.asOf) });
    expect(listed.every((each) => list?.filter?.mayContain(each))).toBe(true);
    expect(BloomFilter.fromBytes(bytes.subarray(0, -1))).toBeUndefined();
    expect(BloomFilter.fromBytes(bytes.subarray(0, 30))).toBeUndefined();
    const strange = filter.toBytes({ ...label, namespace: "x" });
    expect(() => readRevocationFile(strange, NOW)).toThrow("namespace");
  });

  it("says with a hit how often it is wrong", () => {
    const store = new RevocationStore();
    store.replace("a", readRevocationFile(filter.toBytes(label), NOW));
    const hit = store.find("health-pass", "serial-7");
    expect(hit?.verdict).toBe("possibly-revoked");
    expect(hit?.falsePositiveRate).toBeCloseTo(0.001, 4);
  });

  it("is overruled by an exact list, in both directions", () => {
    const store = new RevocationStore();
    const exact = {
      kind: "digital-sentinel-revocations",
      namespace: "health-pass",
      asOf: label.asOf,
      revoked: ["serial-1"],
      cleared: ["serial-1", "serial-2"],
    };
    store.replaceAll([
      ["filter", readRevocationFile(filter.toBytes(label), NOW)],
      ["exact", readRevocationFile(Buffer.from(JSON.stringify(exact)), NOW)],
    ]);
    const verdicts = [1, 2, 3].map((each) => store.find("health-pass", `serial-${each}`)?.verdict);
    expect(verdicts).toEqual(["revoked", undefined, "possibly-revoked"]);
    store.replaceAll([]);
    expect(store.find("health-pass", "serial-3")).toBeUndefined();
  });

  it("places bits as the format says", () => {
    const one = BloomFilter.of(["0123456789abcdef"], 1, 0.5).toBytes(label);
    expect(Buffer.from(one).toString("latin1")).toContain('"bits":64,"hashes":');
  });
});
