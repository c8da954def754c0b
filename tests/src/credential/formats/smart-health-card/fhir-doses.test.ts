/** What a health card's immunizations come to: of which disease, and how many doses. */
import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../../../src/core/evidence/evidence.ts";
import { HealthBundle } from "../../../../../src/credential/formats/smart-health-card/fhir-bundle.ts";
import { evidenceOfBundle } from "../../../../../src/credential/formats/smart-health-card/fhir-evidence.ts";
import { instant, NOW } from "../../passes.ts";

const SNOMED = "http://snomed.info/sct";
const CVX = "http://hl7.org/fhir/sid/cvx";
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

const immunization = (occurrenceDateTime: string | undefined, vaccineCode: object, more = {}) => ({
  resourceType: "Immunization",
  status: "completed",
  vaccineCode,
  occurrenceDateTime,
  ...more,
});
const pfizer = coded(CVX, "208");
const flu = coded(CVX, "150");

/** `covid-19 2` for two doses, one a disease. */
const counted = (...resources: object[]): string[] =>
  evidenceOf(...resources).flatMap((piece) =>
    piece.kind === "vaccination" ? [`${piece.disease} ${piece.doses}`] : [],
  );

describe("what a vaccine is against", () => {
  it.each<[string, object, string]>([
    ["CVX of COVID-19", pfizer, "covid-19"],
    ["CVX of a non-US product", coded(CVX, "511"), "covid-19"],
    ["CVX of 2023", coded(CVX, "312"), "covid-19"],
    ["CVX of influenza", flu, "other"],
    ["CVX of yellow fever", coded(CVX, "37"), "other"],
    ["CVX of HPV", coded(CVX, "165"), "other"],
    ["CVX with a zero before", coded(CVX, "08"), "other"],
    ["CVX beyond the list", coded(CVX, "399"), "unknown"],
    ["CVX for nothing given", coded(CVX, "998"), "unknown"],
    ["CVX for unknown", coded(CVX, "999"), "unknown"],
    ["CVX by its OID", coded("urn:oid:2.16.840.1.113883.12.292", "207"), "covid-19"],
    ["SNOMED CT of mRNA vaccines", coded(SNOMED, "1119349007"), "covid-19"],
    ["SNOMED CT with an edition", coded(`${SNOMED}/900000000000207008`, "1119305005"), "covid-19"],
    ["another SNOMED CT concept", coded(SNOMED, "836374004"), "unknown"],
    ["ATC of COVID-19", coded("http://www.whocc.no/atc", "J07BX03"), "covid-19"],
    ["ATC of COVID-19 since 2022", coded("http://www.whocc.no/atc", "J07BN01"), "covid-19"],
    ["ATC of influenza", coded("http://www.whocc.no/atc", "J07BB02"), "other"],
    ["ICD-11 of a product", coded("http://id.who.int/icd11/mms", "XM7HT3"), "covid-19"],
    ["ICD-11 of another product", coded("http://id.who.int/icd11/mms", "XM3418"), "unknown"],
    [
      "a number of the Community register",
      coded("https://ec.europa.eu/health/documents/community-register/html/", "EU/1/20/1528"),
      "covid-19",
    ],
    ["a number of no known system", coded("https://example.org/vaccines", "208"), "unknown"],
    ["no code", {}, "unknown"],
    [
      "two codes of one product",
      { coding: [...pfizer.coding, ...coded(SNOMED, "1119349007").coding] },
      "covid-19",
    ],
    [
      "one that is known beside one that is not",
      { coding: [...coded("https://example.org", "x").coding, ...pfizer.coding] },
      "covid-19",
    ],
    ["two that contradict", { coding: [...pfizer.coding, ...flu.coding] }, "unknown"],
  ])("by %s", (_name, vaccineCode, disease) => {
    expect(counted(immunization("2026-01-01", vaccineCode))).toEqual([`${disease} 1`]);
  });

  it("is what the immunization says where its code is unknown, unless the code says otherwise", () => {
    const against = (code: string) => ({
      protocolApplied: [{ targetDisease: [coded(SNOMED, code)], doseNumberPositiveInt: 3 }],
    });
    const own = coded("https://example.org", "x");
    expect(counted(immunization("2026-01-01", own, against("840539006")))).toEqual(["covid-19 1"]);
    expect(counted(immunization("2026-01-01", own, against("6142004")))).toEqual([
      "snomed:6142004 1",
    ]);
    expect(counted(immunization("2026-01-01", flu, against("840539006")))).toEqual(["unknown 1"]);
    expect(counted(immunization("2026-01-01", own, { protocolApplied: 7 }))).toEqual(["unknown 1"]);
  });
});

describe("doses are events", () => {
  it.each<[string, object[], string[]]>([
    [
      "influenza only",
      [immunization("2026-01-01", flu), immunization("2026-02-01", flu)],
      ["other 2"],
    ],
    [
      "yellow fever and HPV",
      [immunization("2026-01-01", coded(CVX, "37")), immunization("2026-02-01", coded(CVX, "165"))],
      ["other 2"],
    ],
    [
      "COVID-19 and influenza",
      [immunization("2026-01-01", pfizer), immunization("2026-02-01", flu)],
      ["covid-19 1", "other 1"],
    ],
    [
      "two days",
      [immunization("2026-01-01", pfizer), immunization("2026-01-02", pfizer)],
      ["covid-19 2"],
    ],
    [
      "one day twice",
      [immunization("2026-01-01", pfizer), immunization("2026-01-01", pfizer)],
      ["covid-19 1"],
    ],
    [
      "one day by two vocabularies",
      [immunization("2026-01-01", pfizer), immunization("2026-01-01", coded(SNOMED, "1119349007"))],
      ["covid-19 1"],
    ],
    [
      "one day with two products of one disease",
      [immunization("2026-01-01", pfizer), immunization("2026-01-01", coded(CVX, "207"))],
      ["covid-19 1"],
    ],
    [
      "a lot number in one only",
      [immunization("2026-01-01", pfizer, { lotNumber: "A1" }), immunization("2026-01-01", pfizer)],
      ["covid-19 1"],
    ],
    [
      "two lot numbers on one day",
      [
        immunization("2026-01-01", pfizer, { lotNumber: "A1" }),
        immunization("2026-01-01", pfizer, { lotNumber: "B2" }),
      ],
      ["covid-19 1"],
    ],
    [
      "a day and a time of it",
      [immunization("2026-01-01", pfizer), immunization("2026-01-01T20:15:00-08:00", pfizer)],
      ["covid-19 1"],
    ],
    [
      "a day and a time of it in UTC",
      [immunization("2026-01-01", pfizer), immunization("2026-01-02T04:15:00Z", pfizer)],
      ["covid-19 1"],
    ],
    [
      "a day and a time of the next day there",
      [immunization("2026-01-01", pfizer), immunization("2026-01-02T09:00:00+08:00", pfizer)],
      ["covid-19 2"],
    ],
    [
      "one moment in two zones",
      [
        immunization("2026-01-01T20:15:00-08:00", pfizer),
        immunization("2026-01-02T04:15:00Z", pfizer),
      ],
      ["covid-19 1"],
    ],
    [
      "two times of one day",
      [immunization("2026-01-01T10:00:00Z", pfizer), immunization("2026-01-01T10:30:00Z", pfizer)],
      ["covid-19 1"],
    ],
    [
      "a month and a day of it",
      [immunization("2026-01", pfizer), immunization("2026-01-20", pfizer)],
      ["covid-19 1"],
    ],
    [
      "a month and a day of the next",
      [immunization("2026-01", pfizer), immunization("2026-02-01", pfizer)],
      ["covid-19 2"],
    ],
    [
      "a year, and two days of it",
      [
        immunization("2026", pfizer),
        immunization("2026-01-20", pfizer),
        immunization("2026-02-17", pfizer),
      ],
      ["covid-19 2"],
    ],
    [
      "a month, and two days around it",
      [
        immunization("2026-02", pfizer),
        immunization("2026-01-31", pfizer),
        immunization("2026-03-01", pfizer),
      ],
      ["covid-19 3"],
    ],
    [
      "two days, and a time in UTC that can be of either",
      [
        immunization("2026-01-01T23:30:00Z", pfizer),
        immunization("2026-01-01", pfizer),
        immunization("2026-01-02", pfizer),
      ],
      ["covid-19 2"],
    ],
    [
      "three reports of two doses",
      [
        immunization("2026-01-01", pfizer),
        immunization("2026-02-01", pfizer),
        immunization("2026-02-01", pfizer),
      ],
      ["covid-19 2"],
    ],
    [
      "one that was not given and one by mistake",
      [
        immunization("2026-01-01", pfizer, { status: "not-done" }),
        immunization("2026-02-01", pfizer, { status: "entered-in-error" }),
      ],
      [],
    ],
    [
      "a dose of no known day",
      [
        immunization(undefined, pfizer, { occurrenceString: "last year" }),
        immunization("2026-02-01", pfizer),
      ],
      ["unknown 1", "covid-19 1"],
    ],
  ])("%s", (_name, resources, expected) => {
    expect(counted(...resources)).toEqual(expected);
  });

  it("with the last one's day, its product, and how exactly it is known", () => {
    expect(
      evidenceOf(
        immunization("2026-02-01", coded(SNOMED, "1119349007")),
        immunization("2026-02-01T10:00:00+08:00", pfizer),
        immunization("2026-01-01", pfizer),
      ),
    ).toMatchObject([
      { doses: 2, product: "CVX 208", lastDoseAtMs: Date.parse("2026-02-01T02:00:00Z") },
    ]);
    expect(evidenceOf(immunization("2026-02", pfizer))).toMatchObject([
      {
        lastDoseAtMs: Date.parse("2026-02-01"),
        lastDoseUntilMs: Date.parse("2026-02-28"),
      },
    ]);
  });
});
