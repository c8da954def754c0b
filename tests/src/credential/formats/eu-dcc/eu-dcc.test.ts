/** EU certificates: what a good one states, and each damage by its name. */
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { PERSON, RECOVERY, TEST, VACCINATION, dccPayload, dccText } from "./samples.ts";
import { NOW } from "../../passes.ts";

import { codes, good, verify } from "./verify.ts";

describe("a good certificate", () => {
  it("of a vaccination gives doses, product, holder and dates", async () => {
    const credential = await verify(good);
    expect(credential).toMatchObject({
      kind: "eu-dcc",
      isValid: true,
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
    expect(credential).toMatchObject({ isValid: true, evidence: [evidence] });
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
    expect(credential).toMatchObject({ kind: "eu-dcc", isValid: false, evidence: [] });
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
    const { isValid, reasons } = await verify(dccText(dccPayload(content)));
    expect(isValid).toBe(false);
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
