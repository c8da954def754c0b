/** EU certificates: each fault by its own name, several at once, and what a good one says. */
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import {
  parseRule,
  RuleSet,
  type BusinessRule,
} from "../../../../../src/credential/formats/eu-dcc/business-rules.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { revocationHash } from "../../../../../src/credential/formats/eu-dcc/eu-dcc.ts";
import type { RevocationList } from "../../../../../src/credential/trust/revocation.ts";
import type { TrustSet } from "../../../../../src/credential/trust/trust.ts";
import { seconds } from "../../makers.ts";
import { dccTrust } from "./samples.ts";
import { dccText } from "./samples.ts";
import { dccPayload } from "./samples.ts";
import { PERSON } from "./samples.ts";
import { RECOVERY } from "./samples.ts";
import { TEST } from "./samples.ts";
import { VACCINATION } from "./samples.ts";
import { instant, NOW, verifierOf } from "../../passes.ts";
import { passKey } from "../health-pass/samples.ts";

interface Given {
  trust?: TrustSet;
  revocations?: RevocationList[];
  rules?: RuleSet;
  at?: number;
}

async function verify(text: string, given: Given = {}) {
  const { at = NOW, trust = dccTrust(), ...rest } = given;
  return verifierOf({ trust, ...rest }).code(Buffer.from(text), text, instant(at));
}

const codes = async (text: string, given: Given = {}) =>
  (await verify(text, given)).reasons.map(({ code }) => code);

const good = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));

describe("a good certificate", () => {
  it("of a vaccination gives doses, product, holder and dates", async () => {
    const credential = await verify(good);
    expect(credential).toMatchObject({
      kind: "eu-dcc",
      holds: true,
      reasons: [],
      issuer: "AT",
      holder: { maskedName: "M********* ********", birthYear: 1998 },
      issuedAtMs: NOW - 3_600_000,
      validUntilMs: NOW + 86_400_000,
      basis: "trust-list",
    });
    expect(credential.evidence).toMatchObject([
      {
        kind: "vaccination",
        doses: 2,
        dosesNeeded: 2,
        lastDoseAtMs: Date.parse("2026-01-10"),
        product: "EU/1/20/1528",
        trust: "verified",
      },
    ]);
  });

  it.each([
    ["LP6464-4", "260415000", { kind: "nucleic-acid-test", result: "negative" }],
    ["LP217198-3", "260373001", { kind: "antigen-test", result: "positive" }],
  ])("of a test %s with result %s", async (tt, tr, evidence) => {
    const credential = await verify(dccText(dccPayload({ ...PERSON, t: [{ ...TEST, tt, tr }] })));
    expect(credential.evidence).toMatchObject([
      { ...evidence, sampledAtMs: Date.parse("2026-05-01T12:34:56Z") },
    ]);
  });

  it.each([
    [
      "spelling of a kind and result",
      { tt: "LP6464-4 ", tr: " 260415000", tg: "840539006 " },
      { kind: "nucleic-acid-test", disease: "covid-19", result: "negative" },
    ],
    ["kind", { tt: "a test" }, { kind: "other-test", result: "negative", test: "a test" }],
    ["result", { tr: "NEGATIVO" }, { kind: "nucleic-acid-test", result: "unknown" }],
    ["name of a member", { tr: "constructor" }, { result: "unknown" }],
    ["name of a prototype", { tr: "__proto__" }, { result: "unknown" }],
    ["disease", { tg: "6142004" }, { kind: "nucleic-acid-test", disease: "snomed:6142004" }],
    ["text for a disease", { tg: "flu" }, { kind: "nucleic-acid-test", disease: "unknown" }],
  ])("of another %s says so", async (_name, change, evidence) => {
    const credential = await verify(
      dccText(dccPayload({ ...PERSON, t: [{ ...TEST, ...change }] })),
    );
    expect(credential).toMatchObject({ holds: true, evidence: [evidence] });
  });

  it("of a recovery gives its three dates", async () => {
    const credential = await verify(dccText(dccPayload({ ...PERSON, r: [RECOVERY] })));
    expect(credential.evidence).toMatchObject([
      {
        kind: "recovery",
        firstPositiveAtMs: Date.parse("2026-02-20"),
        fromMs: Date.parse("2026-03-03"),
        untilMs: Date.parse("2026-08-19"),
      },
    ]);
  });
});

describe("each damage has its name", () => {
  const packed = (bytes: Uint8Array) => `HC1:${encodeBase45(deflateSync(bytes))}`;

  it.each([
    ["prefix", good.replace("HC1:", "HC2:")],
    ["prefix", good.slice(4)],
    ["base45", `${good.slice(0, -3)}::: `],
    ["base45", `${good}a`],
    ["compression", `HC1:${encodeBase45(new Uint8Array(100))}`],
    ["compression", packed(new Uint8Array(70_000))],
    ["cose", packed(encodeCbor([1, 2, 3]))],
    ["cbor", dccText(Uint8Array.of(0xff))],
    ["claims", dccText(encodeCbor(new Map([[1, "AT"]])))],
    ["claims", dccText(dccPayload(new Uint8Array(5)))],
  ])("%s", async (layer, text) => {
    const credential = await verify(text);
    expect(credential).toMatchObject({ kind: "eu-dcc", holds: false, evidence: [] });
    expect(credential.reasons).toMatchObject([{ code: "malformed", params: { layer } }]);
  });

  it.each([
    ["ver", { ...PERSON, ver: "1", v: [VACCINATION] }],
    ["nam.fnt", { ...PERSON, nam: { fn: "X" }, v: [VACCINATION] }],
    ["ver", { ...PERSON, ver: "2.0.0", v: [VACCINATION] }],
    ["ver", { ...PERSON, ver: "1.0", v: [VACCINATION] }],
    ["nam.fnt", { ...PERSON, nam: { fnt: 5, gnt: "X" }, v: [VACCINATION] }],
    ["dob", { ...PERSON, dob: "1815-08-24", v: [VACCINATION] }],
    ["dob", { ...PERSON, dob: "1990-02-30", v: [VACCINATION] }],
    ["dob", { ...PERSON, dob: "1960-99-99", v: [VACCINATION] }],
    ["dob", { ...PERSON, dob: "1990-02-30T00:00:00", v: [VACCINATION] }],
    ["dob", { ...PERSON, dob: "1968-xx-xx", v: [VACCINATION] }],
    ["v,t,r", PERSON],
    ["v,t,r", { ...PERSON, v: [] }],
    ["v.0.co", { ...PERSON, v: [{ ...VACCINATION, co: "XY" }] }],
    ["v.0.co", { ...PERSON, v: [{ ...VACCINATION, co: "at" }] }],
    ["v.0.mp", { ...PERSON, v: [{ ...VACCINATION, mp: "x".repeat(201) }] }],
    ["v.0.dt", { ...PERSON, v: [{ ...VACCINATION, dt: "10.01.2026" }] }],
    ["v.0.dt", { ...PERSON, v: [{ ...VACCINATION, dt: "2026-02-30" }] }],
    ["v.0.dt", { ...PERSON, v: [{ ...VACCINATION, dt: "0026-01-10" }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: 0, sd: 0 }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: 0 }] }],
    ["v.0.sd", { ...PERSON, v: [{ ...VACCINATION, dn: 1, sd: 0 }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: -1 }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: 1.5 }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: "2" }] }],
    ["v.0.dn", { ...PERSON, v: [{ ...VACCINATION, dn: 1e300 }] }],
    ["t.0.sc", { ...PERSON, t: [{ ...TEST, sc: "2026-04-31T12:00:00Z" }] }],
    ["t.0.sc", { ...PERSON, t: [{ ...TEST, sc: "2026-05-01T24:00:00Z" }] }],
    ["t.0.sc", { ...PERSON, t: [{ ...TEST, sc: "2026-05-01" }] }],
    ["r.0.du", { ...PERSON, r: [{ ...RECOVERY, du: "later" }] }],
    ["r.0.fr", { ...PERSON, r: [{ ...RECOVERY, fr: "2026-02-30" }] }],
    ["r.0.df", { ...PERSON, r: [{ ...RECOVERY, df: "2026-02-29" }] }],
    ["r.0.du", { ...PERSON, r: [{ ...RECOVERY, du: "2026-06-31" }] }],
    ["v,t,r", { ...PERSON, v: [VACCINATION], r: [RECOVERY] }],
    ["v,t,r", { ...PERSON, ver: "1.3.3", v: [VACCINATION], t: [TEST], r: [RECOVERY] }],
    ["v", { ...PERSON, v: [VACCINATION, { ...VACCINATION, dn: 1, dt: "2025-12-10" }] }],
    ["t", { ...PERSON, ver: "1.10.0", t: [TEST, TEST] }],
  ])("schema: %s", async (path, content) => {
    const { holds, reasons } = await verify(dccText(dccPayload(content)));
    expect(holds).toBe(false);
    expect(reasons).toEqual([{ code: "schema-violation", params: { path } }]);
  });

  it.each([
    ["a birth date of a year alone", { dob: "1963" }],
    ["an unknown day of birth", { dob: "1963-00" }],
    ["no birth date", { dob: "" }],
    ["a birth date with a time", { dob: "1978-01-26T00:00:00" }],
    ["empty groups beside the filled one", { t: [], r: null }],
    ["an unknown month and day of birth", { dob: "1963-00-00" }],
    ["standardised names outside their pattern", { nam: { fnt: "Straße-x y", gnt: "Ä" } }],
    ["a forename of emoji", { nam: { ...PERSON.nam, gn: "😀😃" } }],
    ["long names", { nam: { ...PERSON.nam, fn: "x".repeat(300) } }],
    ["a manufacturer with ten digits", { v: [{ ...VACCINATION, ma: "ORG-1000030215" }] }],
    ["a manufacturer of no directory", { v: [{ ...VACCINATION, ma: "ORG-99999999" }] }],
    ["12 of 12 doses", { v: [{ ...VACCINATION, dn: 12, sd: 12 }] }],
    ["a long issuer", { v: [{ ...VACCINATION, is: "x".repeat(300), ci: "y".repeat(300) }] }],
    ["Kosovo", { v: [{ ...VACCINATION, co: "XK" }] }],
    ["Greece by the EU's letters", { v: [{ ...VACCINATION, co: "EL" }] }],
    ["an organisation", { v: [{ ...VACCINATION, co: "UNHCR" }] }],
    ["a new device", { v: null, t: [{ ...TEST, ma: "5000" }] }],
    ["a centre with a long name", { v: null, t: [{ ...TEST, tc: "x".repeat(300) }] }],
    ["null for what is left out", { v: null, t: [{ ...TEST, nm: null, ma: null, tc: null }] }],
    ["an offset of one digit", { v: null, t: [{ ...TEST, sc: "2026-05-01T10:00:00+0" }] }],
    ["two vaccinations in 1.0.0", { ver: "1.0.0", v: [VACCINATION, VACCINATION] }],
    ["two vaccinations in 1.2.1", { ver: "1.2.1", v: [VACCINATION, VACCINATION] }],
    ["several kinds in 1.2.1", { ver: "1.2.1", r: [RECOVERY] }],
    [
      "a blank, a tab and a no-break space",
      { v: [{ ...VACCINATION, co: "AT ", ma: "\u00a0ORG-1\t" }] },
    ],
    ["no forename", { nam: { fn: "X", fnt: "X" } }],
    ["no surname", { nam: { gn: "X", gnt: "X" } }],
  ])("takes %s", async (_name, change) => {
    expect(await codes(dccText(dccPayload({ ...PERSON, v: [VACCINATION], ...change })))).toEqual(
      [],
    );
  });
});

describe("the signer", () => {
  it("is unknown by another key id, though the signature is good", async () => {
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }), "ffffffffffffffff");
    expect(await codes(text)).toEqual(["issuer-unknown"]);
  });

  it("is found among several keys with the same short id", async () => {
    const [key] = dccTrust().keys;
    const [other] = dccTrust({ publicKey: passKey("ES256").publicKey }).keys;
    if (key === undefined || other === undefined) throw new Error("no key");
    const both = { asOfMs: NOW, keys: [other, key], anchors: [] };
    expect(await codes(good, { trust: both })).toEqual([]);
    expect(await codes(good, { trust: { ...both, keys: [other] } })).toEqual(["signature-invalid"]);
  });

  it.each([
    ["1 ms before its certificate", NOW + 1, "issuer-expired"],
    ["at its certificate's first moment", NOW, undefined],
  ])("%s", async (_name, notBeforeMs, expected) => {
    const found = await codes(good, { trust: dccTrust({ notBeforeMs }) });
    expect(found).toEqual(expected === undefined ? [] : [expected]);
  });

  it.each([
    ["at its certificate's last moment", NOW, undefined],
    ["1 ms after its certificate", NOW - 1, "issuer-expired"],
  ])("%s", async (_name, notAfterMs, expected) => {
    const found = await codes(good, { trust: dccTrust({ notAfterMs }) });
    expect(found).toEqual(expected === undefined ? [] : [expected]);
  });

  it.each([
    ["1.3.6.1.4.1.1847.2021.1.1", "t"],
    ["1.3.6.1.4.1.1847.2021.1.2", "v"],
    ["1.3.6.1.4.1.1847.2021.1.3", "r"],
    ["1.3.6.1.4.1.0.1847.2021.1.1", "t"],
    ["1.3.6.1.4.1.0.1847.2021.1.2", "v"],
    ["1.3.6.1.4.1.0.1847.2021.1.3", "r"],
  ])("with key usage %s may sign %s and nothing else", async (usage, allowed) => {
    const entries = { v: [VACCINATION], t: [TEST], r: [RECOVERY] };
    for (const [kind, entry] of Object.entries(entries)) {
      const text = dccText(dccPayload({ ...PERSON, [kind]: entry }));
      const found = await codes(text, { trust: dccTrust({ keyUsages: [usage] }) });
      expect(found).toEqual(kind === allowed ? [] : ["issuer-not-allowed"]);
    }
  });

  it("with usages that are none of health may sign all", async () => {
    const trust = dccTrust({ keyUsages: ["1.3.6.1.5.5.7.3.2"] });
    expect(await codes(good, { trust })).toEqual([]);
  });
});

describe("time and revocation", () => {
  it.each([
    ["at its end", NOW + 86_400_000, []],
    ["1 ms after its end", NOW + 86_400_001, ["issuer-expired", "expired"]],
    ["when it was issued", NOW - 3_600_000, []],
    ["on a clock that is 5 minutes behind", NOW - 3_900_000, []],
    ["1 ms before that", NOW - 3_900_001, ["not-yet-valid"]],
  ])("%s", async (_name, at, expected) => {
    expect(await codes(good, { at })).toEqual(expected);
  });

  it("several faults are all reported", async () => {
    const text = dccText(
      dccPayload({ ...PERSON, dob: "1815-01-01", v: [VACCINATION] }, { 4: seconds(NOW) - 60 }),
    );
    const trust = dccTrust({ keyUsages: ["1.3.6.1.4.1.1847.2021.1.1"], notAfterMs: NOW - 1 });
    expect(await codes(text, { trust })).toEqual([
      "issuer-expired",
      "issuer-not-allowed",
      "schema-violation",
      "expired",
    ]);
  });

  it.each([
    ["eu-dcc-uci", revocationHash(VACCINATION.ci)],
    ["eu-dcc-country-uci", revocationHash(`AT${VACCINATION.ci}`)],
  ] as const)("is called back by %s", async (namespace, hash) => {
    const entries = new Map([[hash, { verdict: "revoked" as const }]]);
    const revocations = [{ namespace, asOfMs: NOW, entries }];
    expect(await codes(good, { revocations })).toEqual(["revoked"]);
  });
});

describe("business rules", () => {
  const rule = (changes: Record<string, unknown>): BusinessRule => {
    const read = parseRule({
      Identifier: "VR-XX-0001",
      Type: "Acceptance",
      Country: "XX",
      Version: "1.0.0",
      SchemaVersion: "1.0.0",
      Engine: "CERTLOGIC",
      EngineVersion: "0.7.5",
      CertificateType: "Vaccination",
      ValidFrom: "2021-01-01T00:00:00Z",
      ValidTo: "2030-01-01T00:00:00Z",
      AffectedFields: ["v.0.dn"],
      Logic: { ">=": [{ var: "payload.v.0.dn" }, { var: "payload.v.0.sd" }] },
      ...changes,
    });
    if (read === undefined) throw new Error("not a rule");
    return read;
  };
  const outcome = async (rules: BusinessRule[], text = good) => {
    const book = new RuleSet(rules, { agents: ["840539006"] }, ["XX"], NOW);
    const credential = await verify(text, { rules: book });
    return credential.evidence.find(({ kind }) => kind === "business-rules");
  };
  const never = { Logic: { "===": [1, 2] } };

  it.each([
    ["a rule that is met passes", [rule({})], { result: "passed", failed: [], open: [] }],
    ["a rule that is not met fails", [rule(never)], { result: "failed", failed: ["VR-XX-0001"] }],
    ["a rule that cannot be run is open", [rule({ Logic: { nope: [] } })], { result: "open" }],
    ["no rule at all is open", [], { result: "open", failed: [], open: [] }],
    [
      "value sets and the clock are there",
      [
        rule({
          Logic: {
            and: [
              { in: [{ var: "payload.v.0.tg" }, { var: "external.valueSets.agents" }] },
              {
                before: [
                  { plusTime: [{ var: "payload.v.0.dt" }, 0, "day"] },
                  { plusTime: [{ var: "external.validationClock" }, 0, "day"] },
                ],
              },
            ],
          },
        }),
      ],
      { result: "passed" },
    ],
    [
      "a rule that asks whether there is a vaccination at all, as published ones do",
      [
        rule({
          Logic: {
            if: [
              { var: "payload.v.0" },
              { ">=": [{ var: "payload.v.0.dn" }, { var: "payload.v.0.sd" }] },
              false,
            ],
          },
        }),
      ],
      { result: "passed", open: [] },
    ],
    ["a rule of another country does not count", [rule({ Country: "YY" })], { result: "open" }],
    ["a rule for tests does not count", [rule({ CertificateType: "Test" })], { result: "open" }],
    [
      "a rule out of date does not count",
      [rule({ ValidTo: "2022-01-01T00:00:00Z" })],
      { result: "open" },
    ],
    [
      "the newest version counts",
      [rule({ ...never, Version: "1.0.9" }), rule({ Version: "1.0.10" })],
      { result: "passed" },
    ],
    [
      "the issuer's invalidation rules count too",
      [rule({}), rule({ ...never, Identifier: "IR-AT-0001", Type: "Invalidation", Country: "AT" })],
      { result: "failed", failed: ["IR-AT-0001"] },
    ],
    [
      "a rule for another engine is open, not passed over",
      [rule({}), rule({ Identifier: "VR-XX-0002", Engine: "OTHER" })],
      { result: "open", open: ["VR-XX-0002"] },
    ],
    ["a rule of a region does not count in the country", [rule({ Region: "N" })], { open: [] }],
  ])("%s", async (_name, rules, expected) => {
    expect(await outcome(rules)).toMatchObject({ rulesOf: "XX", ...expected });
  });

  it("are asked about what stands in the certificate, however its members are called", async () => {
    const names = JSON.parse('{"__proto__":{"dn":9},"constructor":1,"hasOwnProperty":1}') as object;
    const text = dccText(dccPayload({ ...PERSON, v: [{ ...VACCINATION, ...names }], ...names }));
    const reads = rule({ Logic: { "===": [{ var: "payload.v.0.dn" }, 2] } });
    expect(await outcome([reads], text)).toMatchObject({ result: "passed" });
    expect(({} as Record<string, unknown>)["dn"]).toBeUndefined();
  });

  it("of a region count there, beside the country's", async () => {
    const rules = [
      rule({}),
      rule({ ...never, Identifier: "VR-XX-0002", Region: "N" }),
      rule({ ...never, Identifier: "VR-XX-0003", Region: "S" }),
      rule({
        Identifier: "VR-XX-0004",
        Logic: { "===": [{ var: "external.countryCode" }, "XX"] },
      }),
    ];
    const book = new RuleSet(rules, {}, ["XX-N", "XX"], NOW);
    const { evidence } = await verify(good, { rules: book });
    expect(evidence.filter(({ kind }) => kind === "business-rules")).toMatchObject([
      { rulesOf: "XX-N", result: "failed", failed: ["VR-XX-0002"] },
      { rulesOf: "XX", result: "passed" },
    ]);
  });

  it("of the country in the certificate count as the issuer's where it names none", async () => {
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }, { 1: undefined }));
    const withdrawn = { ...never, Identifier: "IR-AT-0001", Type: "Invalidation", Country: "AT" };
    expect(await outcome([rule({}), rule(withdrawn)], text)).toMatchObject({
      result: "failed",
      failed: ["IR-AT-0001"],
    });
  });

  it.each([
    ["AT", ["IR-AT-0001"]],
    ["at", ["IR-AT-0001"]],
    ["CNAM", ["IR-AT-0001"]],
    ["CH BAG", ["IR-AT-0001"]],
    ["", ["IR-AT-0001"]],
    ["EL", ["IR-AT-0001", "IR-EL-0001"]],
    ["FR", []],
  ])("of the issuer are found though it calls itself %j", async (iss, failed) => {
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }, { 1: iss }));
    const withdrawn = ["AT", "EL"].map((Country) =>
      rule({ ...never, Identifier: `IR-${Country}-0001`, Type: "Invalidation", Country }),
    );
    expect(await outcome([rule({}), ...withdrawn], text)).toMatchObject({ failed });
  });

  it("see codes without the blanks around them", async () => {
    const v = [{ ...VACCINATION, mp: "\u00a0EU/1/20/1528 " }];
    const text = dccText(dccPayload({ ...PERSON, v }));
    const asks = rule({ Logic: { "===": [{ var: "payload.v.0.mp" }, "EU/1/20/1528"] } });
    expect(await outcome([asks], text)).toMatchObject({ result: "passed" });
  });

  it("carry the date of the rules, not the certificate's", async () => {
    expect((await outcome([rule({})]))?.source).toMatchObject({
      name: "business-rules",
      asOfMs: NOW,
    });
  });

  it("are not evaluated where the schema is broken", async () => {
    const text = dccText(dccPayload({ ...PERSON, dob: "1815-01-01", v: [VACCINATION] }));
    expect(await outcome([rule({})], text)).toBeUndefined();
  });
});
