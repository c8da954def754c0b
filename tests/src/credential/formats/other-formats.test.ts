/** SMART Health Cards, NZ passes, ICAO seals, mdoc and plain text: each fault by its name. */
import { describe, expect, it } from "vitest";
import { readRevocationFile } from "../../../../src/credential/trust/revocation-files.ts";
import type { RevocationList } from "../../../../src/credential/trust/revocation.ts";
import type { TrustSet } from "../../../../src/credential/trust/trust.ts";
import { AUTHORITY, SEAL_SIGNER, WEB_SERVER, WEB_SERVER_KEY } from "../certificates.ts";
import { readTrustFile } from "../../../../src/credential/trust/trust-files.ts";
import { asMaps, seconds } from "../makers.ts";
import { SEAL_DATA, SEAL_NOW, sealText, sealTrust } from "./vds-nc/samples.ts";
import { nzPayload, nzText, nzTrust } from "./nz-covid-pass/samples.ts";
import {
  cardDigits,
  cardJws,
  cardKeyId,
  cardPayload,
  cardText,
  cardTrust,
} from "./smart-health-card/samples.ts";
import { instant, NOW, verifierOf } from "../passes.ts";
import { passKey } from "./health-pass/samples.ts";

interface Given {
  trust: TrustSet;
  revocations?: RevocationList[];
  at?: number;
}

async function verify(text: string, { at = NOW, ...given }: Given) {
  return verifierOf(given).code(Buffer.from(text), text, instant(at));
}

const codes = async (text: string, given: Given) =>
  (await verify(text, given)).reasons.map(({ code }) => code);

function withFhir(fhirVersion: string) {
  const payload = cardPayload();
  const { type, credentialSubject } = payload["vc"] as Record<string, object>;
  return { ...payload, vc: { type, credentialSubject: { ...credentialSubject, fhirVersion } } };
}

describe("SMART Health Card", async () => {
  const given = { trust: cardTrust() };
  const whole = await cardJws(cardPayload());

  it("gives doses, the test, and the holder", async () => {
    const credential = await verify(cardText(whole), given);
    expect(credential).toMatchObject({
      kind: "smart-health-card",
      isValid: true,
      issuer: "https://example.org/cards",
      holder: { maskedName: "A******** ****", birthYear: 1951 },
    });
    expect(credential.evidence).toMatchObject([
      { kind: "vaccination", doses: 2, lastDoseAtMs: Date.parse("2026-01-29"), product: "CVX 207" },
      { kind: "nucleic-acid-test", result: "negative" },
    ]);
  });

  it("is read as its JWS too, as files carry it", async () => {
    expect(await verify(whole, given)).toMatchObject({ kind: "smart-health-card", isValid: true });
  });

  it.each([
    [
      "another issuer in the card",
      await cardJws(cardPayload({ iss: "https://evil.example" })),
      "issuer-not-allowed",
    ],
    ["an unknown key id", await cardJws(cardPayload(), { kid: "nobody" }), "issuer-unknown"],
    ["a signature of something else", `${whole.slice(0, -6)}AAAAAA`, "signature-invalid"],
    ["no zip", await cardJws(cardPayload(), { zip: undefined }), "malformed"],
    ["no key id", await cardJws(cardPayload(), { kid: undefined }), "malformed"],
    ["content of FHIR's third release", await cardJws(withFhir("3.0.2")), "schema-violation"],
    ["content of no release", await cardJws(withFhir("")), "schema-violation"],
    ["not yet valid", await cardJws(cardPayload({ nbf: seconds(NOW) + 301 })), "not-yet-valid"],
    ["expired", await cardJws(cardPayload({ exp: seconds(NOW) })), "expired"],
    ["no health card", await cardJws(cardPayload({ vc: { type: [] } })), "schema-violation"],
    [
      "an issuer that is no https",
      await cardJws(cardPayload({ iss: "http://example.org/cards" })),
      "schema-violation",
    ],
    ["two dots too many", `${whole}.x.y`, "malformed"],
  ])("with %s", async (_name, jws, code) => {
    expect(await verify(cardText(jws), given)).toMatchObject({ isValid: false });
    expect(await codes(cardText(jws), given)).toEqual([code]);
  });

  it.each([
    ["a pair above 77", `${cardText(whole)}78`, "characters"],
    ["an odd digit", `${cardText(whole)}1`, "characters"],
    ["a blank behind", `${cardText(whole)} `, "characters"],
    ["a blank inside", cardText(whole).replace("/5", "/ 5"), "characters"],
    ["part 3 of 2", `shc:/3/2/${cardDigits(whole)}`, "characters"],
    ["part 0", `shc:/0/2/${cardDigits(whole)}`, "characters"],
    ["99 parts", `shc:/1/99/${cardDigits(whole)}`, "characters"],
    ["a lost slash", `shc:${cardDigits(whole)}`, "prefix"],
  ])("text with %s", async (_name, text, layer) => {
    const { reasons } = await verify(text, given);
    expect(reasons).toEqual([{ code: "malformed", params: { layer } }]);
  });

  it("in parts holds with the last one, in any order, and not after a minute's pause", async () => {
    const parts = ["", "", ""].map((_part, index) => {
      const size = Math.ceil(whole.length / 3);
      return `shc:/${index + 1}/3/${cardDigits(whole.slice(index * size, (index + 1) * size))}`;
    });
    const verifier = verifierOf(given);
    const show = (index: number, monotonicMs: number) =>
      verifier.code(new Uint8Array(), parts[index] ?? "", instant(NOW, monotonicMs));
    expect((await show(2, 0)).reasons).toEqual([
      { code: "parts-missing", params: { have: 1, of: 3 } },
    ]);
    expect((await show(0, 60_000)).reasons[0]?.params).toEqual({ have: 2, of: 3 });
    expect((await show(0, 90_000)).reasons[0]?.params).toEqual({ have: 2, of: 3 });
    expect((await show(1, 120_000)).isValid).toBe(true);
    expect((await show(1, 120_001)).reasons[0]?.params).toEqual({ have: 1, of: 3 });
    expect((await show(2, 180_002)).reasons[0]?.params).toEqual({ have: 1, of: 3 });
  });

  const listed = (rids: string[], ctr = 1) =>
    readRevocationFile(
      Buffer.from(JSON.stringify({ kid: cardKeyId, method: "rid", ctr, rids })),
      NOW,
    );
  const withRid = cardPayload();
  (withRid["vc"] as Record<string, unknown>)["rid"] = "MKyCxh7p6uQ";

  it.each([
    ["its id is listed", ["MKyCxh7p6uQ"], ["revoked"]],
    ["another is listed", ["MKyCxh7p6uq"], []],
    [
      "listed for what was signed before a later time",
      [`MKyCxh7p6uQ.${seconds(NOW)}`],
      ["revoked"],
    ],
    [
      "listed for what was signed before an earlier time",
      [`MKyCxh7p6uQ.${seconds(NOW) - 4_000}`],
      [],
    ],
  ])("revocation: %s", async (_name, rids, expected) => {
    const text = cardText(await cardJws(withRid));
    expect(await codes(text, { ...given, revocations: listed(rids) })).toEqual(expected);
  });

  it("a list older than the issuer announces cannot clear a card", async () => {
    const announcing = { trust: cardTrust(undefined, { crlVersion: 2 }) };
    const text = cardText(await cardJws(withRid));
    expect(await codes(text, { ...announcing, revocations: listed([], 1) })).toEqual([
      "trust-list-too-old",
    ]);
    expect(await codes(text, { ...announcing, revocations: listed([], 2) })).toEqual([]);
  });

  it("an announced list that is not here cannot clear a card that a list could name", async () => {
    const announcing = { trust: cardTrust(undefined, { crlVersion: 1 }) };
    const text = cardText(await cardJws(withRid));
    expect(await codes(text, announcing)).toEqual(["trust-list-too-old"]);
    expect(await codes(text, { ...announcing, revocations: listed([], 1) })).toEqual([]);
    expect(await codes(cardText(whole), announcing)).toEqual([]);
  });
});

describe("NZ COVID Pass", () => {
  const given = { trust: nzTrust() };

  it("says a standing, not a vaccination", async () => {
    const credential = await verify(nzText(nzPayload()), given);
    expect(credential).toMatchObject({
      kind: "nz-covid-pass",
      isValid: true,
      holder: { maskedName: "S****** ****", birthYear: 1960 },
      evidence: [{ kind: "membership", roles: ["public-covid-pass"], trust: "verified" }],
    });
  });

  it("of another type than there are says nothing", async () => {
    const credential = {
      "@context": ["https://www.w3.org/2018/credentials/v1"],
      version: "1.0.0",
      type: ["VerifiableCredential", "constructor"],
      credentialSubject: { givenName: "Jack", dob: "1960-04-16" },
    };
    expect(await verify(nzText(nzPayload({ vc: asMaps(credential) })), given)).toMatchObject({
      evidence: [{ kind: "membership", roles: [] }],
    });
  });

  it.each([
    ["not yet valid", nzText(nzPayload({ 5: seconds(NOW) + 301 })), "not-yet-valid"],
    ["expired at its end", nzText(nzPayload({ 4: seconds(NOW) })), "expired"],
    ["of another issuer", nzText(nzPayload({ 1: "did:web:example.com" })), "issuer-unknown"],
    ["of an issuer that is no DID", nzText(nzPayload({ 1: "nz" })), "schema-violation"],
    ["without a number", nzText(nzPayload({ 7: new Uint8Array(3) })), "schema-violation"],
    [
      "with a lower case letter",
      nzText(nzPayload()).toLowerCase().replace("nzcp", "NZCP"),
      "malformed",
    ],
    ["of another version", nzText(nzPayload()).replace("/1/", "/2/"), "malformed"],
    ["cut short", nzText(nzPayload()).slice(0, -8), "malformed"],
  ])("%s", async (_name, text, code) => {
    expect(await codes(text, given)).toEqual([code]);
  });

  it("signed by another key", async () => {
    const [key] = nzTrust().keys;
    if (key === undefined) throw new Error("no key");
    const trust = { ...nzTrust(), keys: [{ ...key, publicKey: passKey("ES256").publicKey }] };
    expect(await codes(nzText(nzPayload()), { trust })).toEqual(["signature-invalid"]);
  });
});

describe("ICAO seal", () => {
  const given = { trust: sealTrust(), at: SEAL_NOW };

  it("gives its doses, whatever the order of its fields", async () => {
    const text = sealText(SEAL_DATA);
    const { data, sig } = JSON.parse(text) as { data: { hdr: object; msg: object }; sig: object };
    const turned = JSON.stringify({ sig, data: { msg: data.msg, hdr: data.hdr } });
    for (const each of [text, turned]) {
      expect(await verify(each, given)).toMatchObject({
        kind: "vds-nc",
        isValid: true,
        issuer: "UTO",
        evidence: [{ kind: "vaccination", doses: 2, product: "Comirnaty" }],
      });
    }
  });

  it.each([
    ["molecular(PCR)", "negative", { kind: "nucleic-acid-test", result: "negative" }],
    ["antigen", "positive", { kind: "antigen-test", result: "positive" }],
  ])("of a test: %s %s", async (tc, r, evidence) => {
    const { uvci: _uvci, ve: _ve, ...msg } = SEAL_DATA.msg;
    const data = {
      hdr: { ...SEAL_DATA.hdr, t: "icao.test" },
      msg: { ...msg, utci: "T1", dat: { sc: "2027-01-31T10:00:00Z" }, tr: { tc, r } },
    };
    expect((await verify(sealText(data), given)).evidence).toMatchObject([evidence]);
  });

  it.each([
    ["changed data", sealText(SEAL_DATA).replace("BILL", "BELL"), "signature-invalid"],
    [
      "another type",
      sealText({ ...SEAL_DATA, hdr: { ...SEAL_DATA.hdr, t: "icao.x" } }),
      "schema-violation",
    ],
    [
      "a signer of web sites",
      sealText(SEAL_DATA, WEB_SERVER, WEB_SERVER_KEY),
      "issuer-not-allowed",
    ],
    ["a damaged certificate", sealText(SEAL_DATA).replace(/"cer":"MII/, '"cer":"AAA'), "malformed"],
  ])("with %s", async (_name, text, code) => {
    expect(await codes(text, given)).toEqual([code]);
  });

  it("needs the authority, in force, and no signer may play it", async () => {
    const text = sealText(SEAL_DATA);
    const none = { asOfMs: 0, keys: [], anchors: [] };
    expect(await codes(text, { ...given, trust: none })).toEqual(["issuer-unknown"]);
    expect(await codes(text, { ...given, at: NOW })).toEqual(["issuer-expired"]);
    const signerOnly = readTrustFile(WEB_SERVER, 0);
    expect(await codes(text, { ...given, trust: signerOnly })).toEqual(["issuer-unknown"]);
    const itself = readTrustFile(`${SEAL_SIGNER}\n${AUTHORITY}`, 0);
    expect(await codes(text, { ...given, trust: itself })).toEqual([]);
  });
});

describe("what is no health code", () => {
  const given = { trust: nzTrust() };

  it.each([
    "",
    "hello",
    "https://example.org/?q=HC1:",
    "WIFI:S:door;T:WPA;P:secret;;",
    "{}",
    '{"isThisAVDS":false}',
    "{",
    "12345678901234567890123",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "DT1:short",
    "x".repeat(20_000),
    "王小明",
    "BEGIN:VCARD\nFN:王\nEND:VCARD",
  ])("%s", async (text) => {
    expect(await verify(text, given)).toMatchObject({
      kind: "unknown",
      isValid: false,
      reasons: [{ code: "not-a-health-code" }],
      evidence: [],
    });
  });

  it.each(["mdoc:owBjMS4wAYIB2BhYS6QBAiAB", "mdoc://x", "openid4vp://authorize?x"])(
    "%s is named and refused",
    async (text) => {
      expect(await verify(text, given)).toMatchObject({
        kind: "mdoc",
        isValid: false,
        reasons: [{ code: "not-accepted-here" }],
      });
    },
  );
});
