/** What a health card's laboratory results come to. */
import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../../../src/core/evidence/evidence.ts";
import { HealthBundle } from "../../../../../src/credential/formats/smart-health-card/fhir-bundle.ts";
import { evidenceOfBundle } from "../../../../../src/credential/formats/smart-health-card/fhir-evidence.ts";
import { instant, NOW } from "../../passes.ts";

const SNOMED = "http://snomed.info/sct";
const LOINC = "http://loinc.org";
const coded = (system: string, ...codes: string[]) => ({
  coding: codes.map((code) => ({ system, code })),
});

function evidenceOf(...resources: object[]): Evidence[] {
  const entry = resources.map((resource) => ({ resource }));
  return evidenceOfBundle(HealthBundle.parse({ resourceType: "Bundle", entry }), {
    trust: "verified",
    source: { name: "code-reader", asOfMs: NOW - 1_000 },
    observedAt: instant(NOW),
  });
}

const observation = (more: object) => ({
  resourceType: "Observation",
  status: "final",
  code: coded(LOINC, "94500-6"),
  effectiveDateTime: "2026-05-01T10:00:00Z",
  valueCodeableConcept: coded(SNOMED, "260415000"),
  ...more,
});
const valued = (...codes: string[]) => ({ valueCodeableConcept: coded(SNOMED, ...codes) });
/** `nucleic-acid-test covid-19 negative`, one a test. */
const tested = (more: object): string[] =>
  evidenceOf(observation(more)).map((piece) =>
    "result" in piece && "disease" in piece
      ? `${piece.kind} ${piece.disease} ${piece.result}`
      : piece.kind,
  );
const NAT = "nucleic-acid-test covid-19";
const none = { valueCodeableConcept: undefined };

describe("a result", () => {
  it.each<[string, object, string]>([
    ["not detected", valued("260415000"), "negative"],
    ["negative", valued("260385009"), "negative"],
    ["non-reactive", valued("131194007"), "negative"],
    ["detected", valued("260373001"), "positive"],
    ["positive", valued("10828004"), "positive"],
    ["weakly positive", valued("260408008"), "positive"],
    ["presumptive positive", valued("720735008"), "unknown"],
    ["reactive", valued("11214006"), "unknown"],
    ["inconclusive", valued("419984006"), "unknown"],
    ["a concept that is on no list", valued("125154007"), "unknown"],
    ["LOINC's negative", { valueCodeableConcept: coded(LOINC, "LA6577-6") }, "negative"],
    ["LOINC's borderline", { valueCodeableConcept: coded(LOINC, "LA4259-3") }, "unknown"],
    ["LOINC's strong positive", { valueCodeableConcept: coded(LOINC, "LA18996-1") }, "positive"],
    [
      "negative beside a laboratory's own code",
      {
        valueCodeableConcept: {
          coding: [
            { system: "https://lab.example", code: "NEG" },
            { system: SNOMED, code: "260415000" },
          ],
        },
      },
      "negative",
    ],
    [
      "a laboratory's own code alone",
      { valueCodeableConcept: coded("https://lab.example", "NEG") },
      "unknown",
    ],
    ["two codes that contradict", valued("260415000", "260373001"), "unknown"],
    ["negative beside a concept that is on no list", valued("260415000", "125154007"), "unknown"],
    [
      "negative, interpreted as positive",
      {
        interpretation: [
          coded("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS"),
        ],
      },
      "unknown",
    ],
    [
      "negative, interpreted so",
      {
        interpretation: [
          coded("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "NEG"),
        ],
      },
      "negative",
    ],
    ["negative, interpreted in a wrong shape", { interpretation: "NEG" }, "negative"],
    ["negative, interpreted as positive in a wrong shape", { interpretation: "POS" }, "unknown"],
    ["negative, and one interpretation", { interpretation: coded("x", "POS") }, "unknown"],
    ["negative, interpreted by a text", { interpretation: [{ text: "Positive" }] }, "unknown"],
    [
      "negative, interpreted so by a text",
      { interpretation: [{ text: "Not detected" }] },
      "negative",
    ],
    ["negative, interpreted in small letters", { interpretation: [coded("x", "neg")] }, "negative"],
    ["negative, interpreted by nothing that can be read", { interpretation: 7 }, "unknown"],
    ["negative, and a text", { valueString: "positive" }, "unknown"],
    [
      "negative, and a reason why there is none",
      { dataAbsentReason: coded("x", "error") },
      "unknown",
    ],
    [
      "negative, and a part that is positive",
      { component: [{ code: coded(LOINC, "94502-2"), ...valued("260373001") }] },
      "unknown",
    ],
    [
      "negative, and a part of which nothing is said",
      { component: [{ code: coded(LOINC, "94502-2") }] },
      "unknown",
    ],
    [
      "negative in all its parts",
      { component: [{ code: coded(LOINC, "94502-2"), ...valued("260415000") }] },
      "negative",
    ],
    [
      "negative, and a part that is no test",
      { component: [{ code: coded(LOINC, "31208-2"), valueString: "swab" }] },
      "negative",
    ],
    ["a text", { ...none, valueString: "positive" }, "unknown"],
    ["a number", { ...none, valueQuantity: { value: 17.2 } }, "unknown"],
    ["true", { ...none, valueBoolean: true }, "unknown"],
    ["text without a code", { valueCodeableConcept: { text: "positive" } }, "unknown"],
    ["nothing", none, "unknown"],
    [
      "a reason why there is none",
      {
        ...none,
        dataAbsentReason: coded(
          "http://terminology.hl7.org/CodeSystem/data-absent-reason",
          "error",
        ),
      },
      "unknown",
    ],
    ["a preliminary positive", { status: "preliminary", ...valued("260373001") }, "unknown"],
    ["a preliminary negative", { status: "preliminary" }, "pending"],
    ["registered", { status: "registered", ...none }, "pending"],
    ["a status nobody knows", { status: "unknown", ...valued("260373001") }, "unknown"],
    ["amended", { status: "amended", ...valued("260373001") }, "positive"],
  ])("%s", (_name, more, result) => {
    expect(tested(more)).toEqual([`${NAT} ${result}`]);
  });

  it.each(["entered-in-error", "cancelled"])("%s is none", (status) => {
    expect(tested({ status, ...valued("260373001") })).toEqual([]);
  });
});

describe("a test", () => {
  it.each<[string, string[], string[]]>([
    ["of RNA", ["94500-6"], [`${NAT} negative`]],
    ["of a gene in saliva", ["96448-6"], [`${NAT} negative`]],
    ["of antigen", ["97097-0"], ["antigen-test covid-19 negative"]],
    ["of antibodies", ["94563-4"], []],
    ["of a panel with influenza", ["97099-6"], ["other-test unknown negative"]],
    ["of something else", ["718-7"], ["other-test unknown negative"]],
    ["of two kinds at once", ["94500-6", "97097-0"], ["other-test unknown negative"]],
    ["of no code", [], ["other-test unknown negative"]],
  ])("%s", (_name, codes, expected) => {
    expect(tested({ code: coded(LOINC, ...codes) })).toEqual(expected);
  });

  const haemoglobin = { code: coded(LOINC, "718-7"), ...none, valueQuantity: { value: 14.1 } };
  it.each<[string, object, string[]]>([
    ["a number of something else", haemoglobin, []],
    [
      "a number of the virus under a code that is on no list",
      { ...haemoglobin, code: { text: "SARS-CoV-2 load" } },
      ["other-test unknown unknown"],
    ],
    [
      "the heading of a panel of something else",
      { ...haemoglobin, valueQuantity: undefined, hasMember: [] },
      [],
    ],
    [
      "nothing at all",
      { ...haemoglobin, valueQuantity: undefined },
      ["other-test unknown unknown"],
    ],
    [
      "words under a code that is on no list",
      { ...haemoglobin, valueQuantity: undefined, valueString: "detected" },
      ["other-test unknown unknown"],
    ],
    [
      "cycles until the virus shows",
      { code: coded(LOINC, "94745-7"), ...none, valueQuantity: { value: 21 } },
      [`${NAT} unknown`],
    ],
  ])("that says %s", (_name, more, expected) => {
    expect(tested(more)).toEqual(expected);
  });

  it("of many other kinds fills no record", () => {
    const many = Array.from({ length: 60 }, (_each, index) =>
      observation({
        code: coded(LOINC, `${index}-0`),
        ...(index === 7 ? valued("260373001") : {}),
      }),
    );
    const evidence = evidenceOf(...many, observation({}));
    expect(evidence).toHaveLength(9);
    expect(evidence.slice(0, 2)).toMatchObject([
      { kind: "nucleic-acid-test", result: "negative" },
      { kind: "other-test", result: "positive", test: "7-0" },
    ]);
  });

  it("positive under a code that is on no list stays a positive", () => {
    expect(tested({ code: coded(LOINC, "97099-6"), ...valued("260373001") })).toEqual([
      "other-test unknown positive",
    ]);
  });

  it.each<[string, object, object]>([
    [
      "a day",
      { effectiveDateTime: "2026-05-01" },
      {
        sampledAtMs: Date.parse("2026-05-01"),
        sampledUntilMs: Date.parse("2026-05-01T23:59:59.999Z"),
        result: "negative",
      },
    ],
    [
      "a period",
      {
        effectiveDateTime: undefined,
        effectivePeriod: { start: "2026-05-01T08:00:00Z", end: "2026-05-01T09:00:00Z" },
      },
      {
        sampledAtMs: Date.parse("2026-05-01T08:00Z"),
        sampledUntilMs: Date.parse("2026-05-01T09:00Z"),
      },
    ],
    [
      "nothing, but a report",
      { effectiveDateTime: undefined, issued: "2026-05-01T12:00:00Z" },
      { sampledAtMs: Date.parse("2026-05-01T12:00Z"), result: "unknown" },
    ],
    [
      "nothing at all",
      { effectiveDateTime: undefined },
      { sampledAtMs: NOW - 1_000, result: "unknown" },
    ],
    [
      "nothing, positive",
      { effectiveDateTime: undefined, ...valued("260373001") },
      { sampledAtMs: NOW - 1_000, result: "positive" },
    ],
  ])("whose time is %s", (_name, more, expected) => {
    expect(evidenceOf(observation(more))).toMatchObject([expected]);
  });
});
