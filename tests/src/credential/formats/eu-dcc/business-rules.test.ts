/** Business rules on EU certificates: whose count, what they see, and how they come out. */
import { describe, expect, it } from "vitest";
import {
  parseRule,
  RuleSet,
  type BusinessRule,
} from "../../../../../src/credential/formats/eu-dcc/business-rules.ts";
import { PERSON, VACCINATION, dccPayload, dccText } from "./samples.ts";
import { NOW } from "../../passes.ts";

import { good, verify } from "./verify.ts";

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
