/** Hostile input: whatever is shown, verification ends soon, keeps its memory, and never holds. */
import fc from "fast-check";
import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../src/credential/codecs/base45.ts";
import { issueHealthPass } from "../../../src/credential/formats/health-pass/health-pass.ts";
import { trustOfIssuers } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { SEAL_DATA, SEAL_NOW, sealText, sealTrust } from "./formats/vds-nc/samples.ts";
import { nzPayload, nzText, nzTrust } from "./formats/nz-covid-pass/samples.ts";
import { cardJws, cardPayload, cardText, cardTrust } from "./formats/smart-health-card/samples.ts";
import { PERSON, VACCINATION, dccPayload, dccText, dccTrust } from "./formats/eu-dcc/samples.ts";
import { instant, NOW, verifierOf } from "./passes.ts";
import { passContent, passKey } from "./formats/health-pass/samples.ts";

/** One verification may not take longer than this, even on a loaded machine. */
const MAX_MS = 5_000;

const FORMATS = [
  {
    name: "health pass",
    text: issueHealthPass(passKey("EdDSA"), passContent()),
    trust: trustOfIssuers([passKey("EdDSA")], NOW),
    at: NOW,
  },
  {
    name: "EU certificate",
    text: dccText(dccPayload({ ...PERSON, v: [VACCINATION] })),
    trust: dccTrust(),
    at: NOW,
  },
  {
    name: "SMART Health Card",
    text: cardText(await cardJws(cardPayload())),
    trust: cardTrust(),
    at: NOW,
  },
  { name: "NZ pass", text: nzText(nzPayload()), trust: nzTrust(), at: NOW },
  { name: "ICAO seal", text: sealText(SEAL_DATA), trust: sealTrust(), at: SEAL_NOW },
];

async function show(verifier: ReturnType<typeof verifierOf>, text: string, at: number) {
  const started = performance.now();
  const credential = await verifier.code(Buffer.from(text, "utf8"), text, instant(at));
  expect(performance.now() - started).toBeLessThan(MAX_MS);
  expect(credential.isValid).toBe(credential.reasons.length === 0);
  return credential;
}

describe.each(FORMATS)("$name", ({ text, trust, at }) => {
  const verifier = verifierOf({ trust });

  it("holds as it is", async () => {
    expect((await show(verifier, text, at)).isValid).toBe(true);
  });

  it("does not hold cut off anywhere", async () => {
    for (let length = 0; length < text.length; length++) {
      expect((await show(verifier, text.slice(0, length), at)).isValid).toBe(false);
    }
  });

  it("does not hold with any one character changed, unless it still says the same", async () => {
    const original = await show(verifier, text, at);
    for (let index = 0; index < text.length; index++) {
      for (const other of ["A", "0", "7"]) {
        if (text[index] === other) continue;
        const changed = text.slice(0, index) + other + text.slice(index + 1);
        const credential = await show(verifier, changed, at);
        // The last bits of base64, or a bit DEFLATE never reads, may be anything; what was signed may not.
        const said = credential.isValid ? credential.evidence : original.evidence;
        expect(said).toEqual(original.evidence);
      }
    }
  });

  it("does not hold with anything put in or left out", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.nat(20),
        fc.string({ maxLength: 20 }),
        async (start, removed, added) => {
          const changed = text.slice(0, start) + added + text.slice(start + removed);
          if (changed === text) return;
          const credential = await show(verifier, changed, at);
          const original = await show(verifier, text, at);
          const said = credential.isValid ? credential.evidence : original.evidence;
          expect(said).toEqual(original.evidence);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("made to hurt", () => {
  const everything = { asOfMs: NOW, keys: FORMATS.flatMap(({ trust }) => trust.keys), anchors: [] };
  const verifier = verifierOf({ trust: everything });
  const inDcc = (bytes: Uint8Array) => `HC1:${encodeBase45(deflateSync(bytes))}`;
  const inPass = (bytes: Uint8Array) => `DS1:${encodeBase45(deflateRawSync(bytes))}`;
  const nested = (depth: number) => Uint8Array.from({ length: depth }, () => 0x81);
  const endless = (depth: number) => Uint8Array.from({ length: depth }, () => 0x9f);

  it.each([
    [
      "a zip bomb of 500 MB in an EU certificate",
      inDcc(new Uint8Array(500_000_000)).slice(0, 16_000),
    ],
    ["a zip bomb that is whole", inDcc(new Uint8Array(5_000_000))],
    ["a raw zip bomb", inPass(new Uint8Array(5_000_000))],
    ["a thousand opened arrays", inDcc(nested(1_000))],
    ["sixty thousand opened arrays", inPass(nested(60_000))],
    ["sixty thousand endless arrays", inDcc(endless(60_000))],
    ["tags within tags", inDcc(Uint8Array.from({ length: 60_000 }, () => 0xd2))],
    ["an array of 2^64 − 1", inDcc(Uint8Array.of(0x9b, 255, 255, 255, 255, 255, 255, 255, 255))],
    ["a string of 2^63 bytes", inDcc(Uint8Array.of(0x5b, 127, 255, 255, 255, 255, 255, 255, 255))],
    ["an endless string", inPass(Uint8Array.of(0x5f, 0x41, 0x00))],
    ["nested claims", dccText(nested(60_000))],
    ["the deepest JSON", "[".repeat(16_000)],
    [
      "deep JSON that looks like a seal",
      `{"sig":{},"data":${"[".repeat(8_000)}${"]".repeat(8_000)}}`,
    ],
    ["a proto in a seal", '{"data":{"__proto__":{"hdr":1}},"sig":{"constructor":1}}'],
    ["digits without end", `shc:/${"56".repeat(8_000)}`],
    ["a JWS of dots", `shc:/${"01".repeat(8_000)}`],
    ["a token too long", `DT1:${"A1".repeat(40)}`],
    ["lone surrogates", "\uD800\uDFFF\uD800".repeat(100)],
    ["zeros", "\0".repeat(1_000)],
  ])("%s", async (_name, text) => {
    expect((await show(verifier, text, NOW)).isValid).toBe(false);
  });

  it.each([
    ["an issuer of fifty thousand letters", { iss: `https://${"a".repeat(50_000)}/` }],
    ["an issuer of fifty thousand slashes", { iss: `https://a${"/".repeat(50_000)}` }],
    ["an issuer of nothing but its scheme", { iss: "https://" }],
  ])("a health card that nobody signed, with %s, in no time", async (_name, changes) => {
    const text = cardText(await cardJws(cardPayload(changes), { kid: "nobody" }));
    expect(text.length).toBeLessThan(3_000);
    const started = performance.now();
    const { reasons } = await show(verifier, text, NOW);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(reasons).toMatchObject([{ code: "schema-violation", params: { path: "iss" } }]);
  });

  it("nobody fills a record with what a code says of itself", async () => {
    const long = "x".repeat(8_000);
    const texts = [
      cardText(await cardJws(cardPayload(), { kid: "x".repeat(3_000) })),
      dccText(dccPayload({ ...PERSON, v: [VACCINATION] }), "ab".repeat(10_000)),
      nzText(nzPayload({ 1: `did:web:${long.slice(0, 290)}` })),
      nzText(nzPayload({ 1: `did:web:${long}` })),
      await cardJws(cardPayload({ vc: cardOf({ family: long }) }), { kid: "nobody" }),
    ];
    for (const text of texts) {
      const credential = await show(verifier, text, NOW);
      expect(credential.kind).not.toBe("unknown");
      expect(credential.isValid).toBe(false);
      expect(JSON.stringify(credential).length).toBeLessThan(2_000);
    }
  });

  it("a seal whose certificate holds no key is told so, wherever a bit was turned", async () => {
    const seals = verifierOf({ trust: sealTrust() });
    const { data, sig } = JSON.parse(sealText(SEAL_DATA)) as {
      data: unknown;
      sig: { cer: string };
    };
    const der = Buffer.from(sig.cer, "base64url");
    for (let index = 0; index < der.length; index++) {
      const changed = Buffer.from(der);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const text = JSON.stringify({ data, sig: { ...sig, cer: changed.toString("base64url") } });
      expect(await show(seals, text, SEAL_NOW)).toMatchObject({ kind: "vds-nc", isValid: false });
    }
  });

  const wrong = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
    fc.string(),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(fc.integer(), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3 }),
  );

  it("properly signed claims of wrong types", async () => {
    const fields = Object.keys({ ...PERSON, ...VACCINATION });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), wrong, async (field, value) => {
        const content =
          field in PERSON
            ? { ...PERSON, v: [VACCINATION], [field]: value }
            : { ...PERSON, v: [{ ...VACCINATION, [field]: value }] };
        let text: string;
        try {
          text = dccText(dccPayload(content));
        } catch {
          return;
        }
        const credential = await show(verifier, text, NOW);
        // Some strings and small numbers are right for some fields; what was signed then holds.
        const isDose = ["dn", "sd"].includes(field) && ["number", "bigint"].includes(typeof value);
        const mayFit = typeof value === "string" || isDose;
        expect(credential.isValid && !mayFit).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("properly signed passes with a claim of a wrong type or time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 4, 7), wrong, async (claim, value) => {
        let bytes: Uint8Array;
        try {
          bytes = nzPayload({ [claim]: value });
        } catch {
          return;
        }
        expect((await show(verifier, nzText(bytes), NOW)).isValid).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("any text behind any prefix", async () => {
    const prefix = fc.constantFrom(
      "DS1:",
      "HC1:",
      "shc:/",
      "shc:/1/2/",
      "NZCP:/1/",
      "DT1:",
      "{",
      "",
    );
    const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    const dense = fc.string({ unit: fc.constantFrom(...alphabet.split("")), maxLength: 600 });
    await fc.assert(
      fc.asyncProperty(
        prefix,
        fc.oneof(fc.string({ maxLength: 600 }), dense),
        async (head, tail) => {
          expect((await show(verifier, head + tail, NOW)).isValid).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("any bytes behind the layers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        for (const text of [inDcc(bytes), inPass(bytes), dccText(bytes), nzText(bytes)]) {
          expect((await show(verifier, text, NOW)).isValid).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("any JSON in a card or a seal", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (json) => {
        const card = cardText(await cardJws(json));
        const seal = JSON.stringify({ data: json, sig: json });
        for (const text of [card, seal])
          expect((await show(verifier, text, NOW)).isValid).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("does not grow over ten thousand hostile codes", async () => {
    const texts = [inDcc(nested(5_000)), inPass(new Uint8Array(60_000)), "shc:/1/9/5676"];
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 10_000; round++) {
      const text = texts[round % texts.length] ?? "";
      await verifier.code(new Uint8Array(), text, instant(NOW, round * 10));
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64_000_000);
  });

  it("a CBOR map with a key given twice is refused", async () => {
    const twice = Uint8Array.of(0xa2, 0x01, 0x61, 0x41, 0x01, 0x61, 0x42);
    const { reasons } = await show(verifier, dccText(twice), NOW);
    expect(reasons).toMatchObject([{ code: "malformed", params: { layer: "cbor" } }]);
  });
});

/** What a health card is about, with one name. */
function cardOf(name: object): object {
  const patient = { resourceType: "Patient", name: [name], birthDate: "1951-01-20" };
  return {
    type: ["https://smarthealth.cards#health-card"],
    credentialSubject: {
      fhirVersion: "4.0.1",
      fhirBundle: { resourceType: "Bundle", entry: [{ resource: patient }] },
    },
  };
}
