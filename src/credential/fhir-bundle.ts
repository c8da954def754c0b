/** What a FHIR bundle in a health card says: the patient, immunizations, laboratory results. */
import { z } from "zod";
import type { Evidence, Holder, Source, TestResult, Trust } from "../core/evidence.ts";
import type { Instant } from "../core/time.ts";
import { maskName, pseudonymOfPerson } from "./identity.ts";

const Coding = z.looseObject({ system: z.string().optional(), code: z.string().optional() });
const Concept = z.looseObject({ coding: z.array(Coding).optional() });
const Resource = z.looseObject({
  resourceType: z.string(),
  name: z
    .array(z.looseObject({ family: z.string().optional(), given: z.array(z.string()).optional() }))
    .optional(),
  birthDate: z.string().optional(),
  status: z.string().optional(),
  vaccineCode: Concept.optional(),
  occurrenceDateTime: z.string().optional(),
  code: Concept.optional(),
  valueCodeableConcept: Concept.optional(),
  effectiveDateTime: z.string().optional(),
});
type Resource = z.infer<typeof Resource>;

/** The bundle of a health card (FHIR R4), as far as it is used. */
export const HealthBundle = z.looseObject({
  resourceType: z.literal("Bundle"),
  entry: z.array(z.looseObject({ resource: Resource })).min(1),
});
export type HealthBundle = z.infer<typeof HealthBundle>;

/** SNOMED CT results as the COVID-19 test vocabularies use them. */
const RESULTS: Readonly<Record<string, TestResult>> = {
  "260373001": "positive",
  "10828004": "positive",
  "260415000": "negative",
  "260385009": "negative",
  "260408008": "pending",
};

/** LOINC codes of tests for SARS-CoV-2 antigen. */
const ANTIGEN = new Set(["94558-4", "95209-3", "96119-3", "97097-0"]);
/** LOINC codes of tests for SARS-CoV-2 RNA. */
const NUCLEIC_ACID = new Set([
  "94306-8",
  "94309-2",
  "94314-2",
  "94316-7",
  "94500-6",
  "94502-2",
  "94533-7",
  "94534-5",
  "94559-2",
  "94565-9",
  "94640-0",
  "94759-8",
  "94845-5",
  "95406-5",
  "95409-9",
  "95425-5",
  "95608-6",
  "96123-5",
]);

function resources(bundle: HealthBundle, type: string): Resource[] {
  return bundle.entry.map(({ resource }) => resource).filter((each) => each.resourceType === type);
}

/** The patient as holder; undefined where the bundle does not name one. */
export function bundleHolder(bundle: HealthBundle, districtKey: Uint8Array): Holder | undefined {
  const [patient] = resources(bundle, "Patient");
  const [name] = patient?.name ?? [];
  const birth = patient?.birthDate;
  if (name === undefined || birth === undefined) return undefined;
  const written = [name.family ?? "", ...(name.given ?? [])].join(" ").trim();
  const year = Number(birth.slice(0, 4));
  return {
    pseudonym: pseudonymOfPerson(districtKey, written, birth),
    maskedName: maskName(written),
    ...(year > 0 ? { birthYear: year } : {}),
  };
}

/** Vaccinations as one statement, each test with a known code and result as its own. */
export function bundleEvidence(
  bundle: HealthBundle,
  common: { trust: Trust; source: Source; observedAt: Instant },
): Evidence[] {
  const evidence: Evidence[] = [];
  const doses = resources(bundle, "Immunization")
    .filter(({ status }) => status === "completed")
    .map((dose) => ({ dose, atMs: Date.parse(dose.occurrenceDateTime ?? "") }))
    .filter(({ atMs }) => !Number.isNaN(atMs))
    .sort((a, b) => a.atMs - b.atMs);
  const last = doses.at(-1);
  if (last !== undefined) {
    const product = codesOf(last.dose.vaccineCode)[0];
    evidence.push({
      id: "vaccination-1",
      kind: "vaccination",
      doses: doses.length,
      lastDoseAtMs: last.atMs,
      ...(product === undefined ? {} : { product: `CVX ${product}` }),
      ...common,
    });
  }
  for (const [index, observation] of resources(bundle, "Observation").entries()) {
    const test = testOf(observation);
    if (test === undefined) continue;
    const prefix = test.kind === "antigen-test" ? "antigen" : "nat";
    evidence.push({ id: `${prefix}-${index + 1}`, ...test, ...common });
  }
  return evidence;
}

function testOf(observation: Resource) {
  const sampledAtMs = Date.parse(observation.effectiveDateTime ?? "");
  const result = codesOf(observation.valueCodeableConcept)
    .map((code) => RESULTS[code])
    .find((each) => each !== undefined);
  if (Number.isNaN(sampledAtMs) || result === undefined) return undefined;
  // Only a final report says what the laboratory stands by.
  if (observation.status !== "final") return undefined;
  const codes = codesOf(observation.code);
  if (codes.some((code) => ANTIGEN.has(code))) {
    return { kind: "antigen-test" as const, result, sampledAtMs };
  }
  if (codes.some((code) => NUCLEIC_ACID.has(code))) {
    return { kind: "nucleic-acid-test" as const, result, sampledAtMs };
  }
  return undefined;
}

function codesOf(concept: z.infer<typeof Concept> | undefined): string[] {
  return (concept?.coding ?? []).flatMap(({ code }) => (code === undefined ? [] : [code]));
}
