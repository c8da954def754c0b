/** EU certificates: who may sign them, when they are valid, and how they are revoked. */
import { describe, expect, it } from "vitest";
import { revocationHash } from "../../../../../src/credential/formats/eu-dcc/eu-dcc.ts";
import { seconds } from "../../makers.ts";
import { PERSON, RECOVERY, TEST, VACCINATION, dccPayload, dccText, dccTrust } from "./samples.ts";
import { NOW } from "../../passes.ts";
import { passKey } from "../health-pass/samples.ts";

import { codes, good } from "./verify.ts";

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
  it.each<[string, unknown, string[]]>([
    ["that begins within the tolerance of clocks", seconds(NOW) + 300, []],
    ["that begins later", seconds(NOW) + 301, ["not-yet-valid"]],
    ["that is no time", "tomorrow", ["schema-violation"]],
  ])("a claim 5 (not before) %s counts", async (_name, notBefore, expected) => {
    const payload = dccPayload({ ...PERSON, v: [VACCINATION] }, { 5: notBefore });
    expect(await codes(dccText(payload))).toEqual(expected);
  });

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
