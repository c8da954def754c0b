/** The health pass: its document, its size, its boundaries, and what must never hold. */
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { create } from "qrcode";
import { describe, expect, it } from "vitest";
import { decodeBase45, encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../../../src/credential/codecs/cose.ts";
import { claimsOf } from "../../../../../src/credential/formats/health-pass/health-pass-content.ts";
import {
  createIssuerKey,
  issueHealthPass,
  LIVE_LIFETIME_MS,
  PAPER_LIFETIME_MS,
  type HealthPassContent,
} from "../../../../../src/credential/formats/health-pass/health-pass.ts";
import { inflate } from "../../../../../src/credential/codecs/inflate.ts";
import {
  publicIssuerFile,
  trustOfIssuers,
} from "../../../../../src/credential/formats/health-pass/issuer-key.ts";
import { readRevocationFile } from "../../../../../src/credential/trust/revocation-files.ts";
import { readTrustFile } from "../../../../../src/credential/trust/trust-files.ts";
import { pseudonymOf } from "../../../../../src/credential/pseudonym.ts";
import { DISTRICT_KEY, instant, NOW, verifierOf } from "../../passes.ts";
import { passContent, passKey } from "./samples.ts";

interface DocumentVector {
  name: string;
  text: string;
  at: string;
  holds: boolean;
  reasons: string[];
  evidence: string[];
}

const document = readFileSync("docs/operators/health-pass.md", "utf8");

function block(label: string): string {
  const text = new RegExp(`\`\`\`json ${label}\\n([\\s\\S]*?)\\n\`\`\``).exec(document)?.[1];
  if (text === undefined) throw new Error(`docs/operators/health-pass.md has no block "${label}"`);
  return text;
}

describe("the document", () => {
  const vectors = JSON.parse(block("vectors")) as DocumentVector[];
  const verifier = verifierOf({
    trust: readTrustFile(block("issuers"), 0),
    revocations: readRevocationFile(Buffer.from(block("revocations")), 0),
  });

  it.each(vectors)("$name: verifies as written", async ({ text, at, holds, reasons, evidence }) => {
    const credential = await verifier.code(Buffer.from(text), text, instant(Date.parse(at)));
    expect(credential.reasons.map(({ code }) => code)).toEqual(reasons);
    expect(credential.isValid).toBe(holds);
    expect(credential.evidence.map(({ kind }) => kind)).toEqual(evidence);
  });

  it("its keys and its first pass come from the seed it names", () => {
    const seed = Uint8Array.from({ length: 32 }, (_each, index) => index);
    const districtKey = Uint8Array.from({ length: 32 }, (_each, index) => 0x40 + index);
    const span = {
      issuer: "Example district",
      notBeforeMs: Date.parse("2026-01-01T00:00:00Z"),
      notAfterMs: Date.parse("2027-01-01T00:00:00Z"),
    };
    const eddsa = createIssuerKey({ ...span, seed });
    const es256 = createIssuerKey({ ...span, seed, algorithm: "ES256" });
    expect(publicIssuerFile([eddsa, es256], span.notBeforeMs)).toEqual(
      JSON.parse(block("issuers")),
    );
    const issuedAtMs = Date.parse("2026-05-02T00:00:00Z");
    const text = issueHealthPass(eddsa, {
      form: "live",
      serial: "0123456789abcdef",
      issuedAtMs,
      holder: { pseudonym: pseudonymOf(districtKey, "11010519491231002X"), maskedName: "王**" },
      colour: "green",
      nucleicAcidTest: {
        result: "negative",
        sampledAtMs: Date.parse("2026-05-01T00:00:00Z"),
        reportedAtMs: Date.parse("2026-05-01T06:00:00Z"),
      },
      antigenTest: { result: "negative", sampledAtMs: Date.parse("2026-05-01T22:00:00Z") },
      vaccination: { doses: 3, dosesNeeded: 3, lastDoseAtMs: Date.parse("2025-12-01T00:00:00Z") },
    });
    expect(text).toBe(vectors[0]?.text);
  });
});

describe("size", () => {
  it.each(["EdDSA", "ES256"] as const)(
    "a full live pass (%s) fits version 10 at level M",
    (algorithm) => {
      const content = passContent();
      content.holder.maskedName = "欧***";
      const text = issueHealthPass(passKey(algorithm), content);
      expect(text).toMatch(/^[0-9A-Z $%*+./:-]+$/);
      expect(text.length).toBeLessThanOrEqual(311);
      expect(create(text, { errorCorrectionLevel: "M" }).version).toBeLessThanOrEqual(10);
    },
  );
});

describe("what was issued is what is read", () => {
  it("gives every field back, kept to the second", async () => {
    const content = passContent();
    const credential = await shown(content, NOW);
    expect(credential).toMatchObject({
      kind: "health-pass-live",
      isValid: true,
      reasons: [],
      holder: content.holder,
      issuedAtMs: NOW,
      validUntilMs: NOW + LIVE_LIFETIME_MS,
      issuer: "Fengxian district",
      basis: "trust-list",
      basisAsOfMs: NOW,
    });
    expect(credential.supportingDocument).toBeUndefined();
    expect(credential.evidence).toMatchObject([
      { kind: "code-colour", colour: "green", trust: "verified" },
      { kind: "nucleic-acid-test", ...content.nucleicAcidTest },
      { kind: "antigen-test", ...content.antigenTest },
      { kind: "vaccination", ...content.vaccination },
    ]);
  });

  it("what it says is of COVID-19, and of another disease only where it says so", async () => {
    const flu = { disease: "snomed:6142004" };
    const test = { result: "negative" as const, sampledAtMs: NOW - 3_600_000 };
    const credential = await shown(
      {
        ...passContent(),
        ofOtherDiseases: [
          { ...flu, kind: "nucleic-acid-test", ...test, reportedAtMs: NOW },
          { ...flu, kind: "antigen-test", ...test },
          { ...flu, kind: "vaccination", doses: 1, dosesNeeded: 1, lastDoseAtMs: NOW - 86_400_000 },
        ],
      },
      NOW,
    );
    const diseases = credential.evidence.map((piece) =>
      "disease" in piece ? `${piece.kind} ${piece.disease}` : piece.kind,
    );
    expect(diseases).toEqual([
      "code-colour",
      "nucleic-acid-test covid-19",
      "antigen-test covid-19",
      "vaccination covid-19",
      "nucleic-acid-test snomed:6142004",
      "antigen-test snomed:6142004",
      "vaccination snomed:6142004",
    ]);
    expect(credential.evidence.at(-1)).toMatchObject({ doses: 1, dosesNeeded: 1 });
  });

  it.each<[string, unknown, string[]]>([
    ["a result to come", [[6142004, 3, 9, 1_777_000_000]], ["snomed:6142004 unknown"]],
    ["a kind to come", [[6142004, 12, 0]], ["snomed:6142004 unknown"]],
    ["a text for a disease", [["flu", 3, 0, 1_777_000_000]], ["unknown unknown"]],
    ["an empty one", [[]], ["unknown unknown"]],
    ["a text for all", "flu", ["unknown unknown"]],
    [
      "what is understood beside it",
      [[6142004, 3, 0, 1_777_000_000], "flu"],
      ["snomed:6142004 negative", "unknown unknown"],
    ],
    ["twenty-one", Array.from({ length: 21 }, () => [7, 3, 0, 1]), ["unknown unknown"]],
  ])(
    "what it says of other diseases and is not understood is unknown: %s",
    async (_name, said, expected) => {
      const key = passKey("EdDSA");
      const claims = claimsOf({ ...passContent(), validUntilMs: NOW + 60_000 });
      (claims.get(-65537) as Map<number, unknown>).set(7, said);
      const keyId = Buffer.from(key.keyId, "hex");
      const message = signSign1("EdDSA", keyId, key.privateKey, encodeCbor(claims));
      const text = `DS1:${encodeBase45(deflateRawSync(message))}`;
      const credential = await verifierOf({}).code(Buffer.from(text), text, instant(NOW));
      expect(credential.isValid).toBe(true);
      const others = credential.evidence
        .slice(4)
        .flatMap((each) =>
          "result" in each && "disease" in each && each.disease !== "covid-19"
            ? [`${each.disease} ${each.result}`]
            : [],
        );
      expect(others.slice(-expected.length)).toEqual(expected);
    },
  );

  it.each(["covid-19", "snomed:840539006", "icd:1E32", "influenza", "snomed:99999999999999999"])(
    "a statement of another disease cannot be one of %s",
    (disease) => {
      const ofOtherDiseases = [
        { disease, kind: "vaccination" as const, doses: 1, lastDoseAtMs: NOW },
      ];
      expect(() =>
        issueHealthPass(passKey("EdDSA"), { ...passContent(), ofOtherDiseases }),
      ).toThrow(RangeError);
    },
  );

  it("a paper pass counts only together with the ID card and lives 180 days", async () => {
    const content = { ...passContent(), form: "paper" as const };
    const last = await shown(content, NOW + PAPER_LIFETIME_MS - 1);
    expect(last).toMatchObject({
      kind: "health-pass-paper",
      isValid: true,
      supportingDocument: "id-card",
    });
    const over = await shown(content, NOW + PAPER_LIFETIME_MS);
    expect(over.reasons.map(({ code }) => code)).toEqual(["expired"]);
  });

  it("the holder is matched by the number on the card, which the code does not contain", async () => {
    const text = issueHealthPass(passKey("EdDSA"), passContent());
    const credential = await shown(passContent(), NOW);
    expect(credential.holder?.pseudonym).toBe(pseudonymOf(DISTRICT_KEY, " 11010519491231002x"));
    expect(text).not.toContain("1101051949");
  });

  it("an EdDSA key signs the same content to the same text", () => {
    const issue = () => issueHealthPass(passKey("EdDSA"), passContent());
    expect(issue()).toBe(issue());
  });
});

describe("time and keys", () => {
  it.each([
    ["holds at its first moment", NOW, []],
    ["holds 1 ms before its end", NOW + LIVE_LIFETIME_MS - 1, []],
    ["is too old at its end", NOW + LIVE_LIFETIME_MS, ["live-code-too-old", "expired"]],
    ["is taken 5 min ahead of the unit's clock", NOW - 300_000, []],
    ["is not yet valid 5 min and 1 ms ahead", NOW - 300_001, ["not-yet-valid"]],
  ])("%s", async (_name, at, reasons) => {
    const credential = await shown(passContent(), at);
    expect(credential.reasons.map(({ code }) => code)).toEqual(reasons);
    expect(credential.isValid).toBe(reasons.length === 0);
  });

  it("a live code that ran out says from when it is, for the words on the screen", async () => {
    const { reasons } = await shown(passContent(), NOW + LIVE_LIFETIME_MS + 5);
    expect(reasons[0]?.params).toEqual({
      issuedAtMs: NOW,
      ageMs: LIVE_LIFETIME_MS + 5,
      maxAgeMinutes: 30,
    });
  });

  it("keys rotate: both hold while both are in force, the old one not after its end", async () => {
    const day = 86_400_000;
    const old = createIssuerKey({ issuer: "d", notBeforeMs: NOW - day, notAfterMs: NOW + day });
    const fresh = createIssuerKey({ issuer: "d", notBeforeMs: NOW, notAfterMs: NOW + 9 * day });
    const verifier = verifierOf({ trust: trustOfIssuers([old, fresh], NOW) });
    const byOld = issueHealthPass(old, passContent());
    const byNew = issueHealthPass(fresh, passContent());
    for (const text of [byOld, byNew]) {
      expect((await verifier.code(Buffer.from(text), text, instant(NOW))).isValid).toBe(true);
    }
    const late = await verifier.code(Buffer.from(byOld), byOld, instant(NOW + day + 1));
    expect(late.reasons.map(({ code }) => code)).toEqual([
      "issuer-expired",
      "live-code-too-old",
      "expired",
    ]);
  });

  it("refuses to issue what outlives its key", () => {
    const key = createIssuerKey({ issuer: "d", notBeforeMs: NOW, notAfterMs: NOW + 60_000 });
    expect(() => issueHealthPass(key, passContent())).toThrow(RangeError);
  });

  it("a pass of an unknown key says so and gives no evidence", async () => {
    const stranger = createIssuerKey({ issuer: "x", notBeforeMs: 0, notAfterMs: NOW * 2 });
    const text = issueHealthPass(stranger, passContent());
    const credential = await verifierOf({}).code(Buffer.from(text), text, instant(NOW));
    expect(credential).toMatchObject({ isValid: false, evidence: [] });
    expect(credential.reasons[0]).toEqual({
      code: "issuer-unknown",
      params: { keyId: stranger.keyId },
    });
  });
});

describe("the showing", () => {
  it("is recognised when the same code comes again, and differs for the next code and unit", async () => {
    const text = issueHealthPass(passKey("EdDSA"), passContent());
    const next = issueHealthPass(passKey("EdDSA"), {
      ...passContent(),
      serial: "00000000000000ff",
    });
    const unit = verifierOf({});
    const other = verifierOf({ unitKey: new Uint8Array(32).fill(9) });
    const reference = async (verifier: typeof unit, shownText: string) =>
      (await verifier.code(Buffer.from(shownText), shownText, instant(NOW))).reference;
    expect(await reference(unit, text)).toBe(await reference(unit, text));
    expect(await reference(unit, text)).not.toBe(await reference(unit, next));
    expect(await reference(unit, text)).not.toBe(await reference(other, text));
  });
});

describe("the same pass in another packing", () => {
  it("is recognised by its serial", async () => {
    const text = issueHealthPass(passKey("EdDSA"), passContent());
    const message =
      inflate(decodeBase45(text.slice(4)) ?? new Uint8Array(), "raw") ?? new Uint8Array();
    // Two stored blocks instead of one (RFC 1951 §3.2.4) unpack to the same bytes.
    const packed = Buffer.concat([
      stored(message.subarray(0, 9), 0),
      stored(message.subarray(9), 1),
    ]);
    const other = `DS1:${encodeBase45(packed)}`;
    const verifier = verifierOf({});
    const first = await verifier.code(Buffer.from(text), text, instant(NOW));
    const again = await verifier.code(Buffer.from(other), other, instant(NOW));
    expect(other).not.toBe(text);
    expect(again).toEqual(first);
  });
});

function stored(bytes: Uint8Array, last: 0 | 1): Buffer {
  const head = Buffer.alloc(5);
  head[0] = last;
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(~bytes.length & 0xff_ff, 3);
  return Buffer.concat([head, bytes]);
}

async function shown(content: HealthPassContent, at: number) {
  const text = issueHealthPass(passKey("EdDSA"), content);
  return verifierOf({}).code(Buffer.from(text), text, instant(at));
}
