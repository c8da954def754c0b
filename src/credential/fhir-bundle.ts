/** What a FHIR bundle in a health card says: the patient, immunizations, laboratory results. */
import { z } from "zod";
import type { Evidence, Holder, Source, TestResult, Trust } from "../core/evidence.ts";
import type { Instant } from "../core/time.ts";
import { maskName, pseudonymOfPerson } from "./identity.ts";
import { fhirTimeOf, isBirthDate } from "./moments.ts";

const Coding = z.looseObject({
  system: z.string().optional(),
  code: z.string().max(100).optional(),
});
const Concept = z.looseObject({ coding: z.array(Coding).optional() });
/** A date or time that exists. One that does not would hide the newest result, or add days to an old one. */
const time = z.string().refine((text) => !Number.isNaN(fhirTimeOf(text)));
/** What may end on a screen and in a record. */
const shown = z.string().max(200);
const Name = z.looseObject({
  use: z.string().optional(),
  text: shown.optional(),
  family: shown.optional(),
  given: z.array(shown).max(20).optional(),
});
const Patient = z.looseObject({
  resourceType: z.literal("Patient"),
  name: z.array(Name).optional(),
  birthDate: z.string().refine(isBirthDate).optional(),
});
const Immunization = z.looseObject({
  resourceType: z.literal("Immunization"),
  status: z.string(),
  vaccineCode: Concept.optional(),
  occurrenceDateTime: time.optional(),
});
const Observation = z.looseObject({
  resourceType: z.literal("Observation"),
  status: z.string(),
  code: Concept.optional(),
  valueCodeableConcept: Concept.optional(),
  effectiveDateTime: time.optional(),
  effectiveInstant: time.optional(),
  effectivePeriod: z.looseObject({ start: time.optional() }).optional(),
  issued: time.optional(),
});
type Observation = z.infer<typeof Observation>;

/** The bundle of a health card (FHIR R4), as far as it is used. */
export interface HealthBundle {
  patients: z.infer<typeof Patient>[];
  immunizations: z.infer<typeof Immunization>[];
  observations: Observation[];
}

/**
 * Reads a bundle. Only what is used is held to a shape: a place or a practitioner beside it may have any.
 */
export const HealthBundle = z
  .looseObject({
    resourceType: z.literal("Bundle"),
    entry: z.array(z.looseObject({ resource: z.looseObject({ resourceType: z.string() }) })).min(1),
  })
  .transform(({ entry }, context): HealthBundle => {
    const bundle: HealthBundle = { patients: [], immunizations: [], observations: [] };
    for (const [index, { resource }] of entry.entries()) {
      const collect = <T>(schema: z.ZodType<T>, into: T[]): void => {
        const read = schema.safeParse(resource);
        if (read.success) into.push(read.data);
        const [issue] = read.error?.issues ?? [];
        const path = ["entry", index, "resource", ...(issue?.path ?? [])];
        if (issue !== undefined) context.addIssue({ code: "custom", message: issue.message, path });
      };
      if (resource.resourceType === "Patient") collect(Patient, bundle.patients);
      if (resource.resourceType === "Immunization") collect(Immunization, bundle.immunizations);
      if (resource.resourceType === "Observation") collect(Observation, bundle.observations);
    }
    return bundle;
  });

/** Results as the COVID-19 test vocabularies use them: SNOMED CT, and LOINC's answers. */
const RESULTS: Readonly<Record<string, TestResult>> = {
  "260373001": "positive",
  "10828004": "positive",
  "260415000": "negative",
  "260385009": "negative",
  "260408008": "pending",
  "LA6576-8": "positive",
  "LA11882-0": "positive",
  "LA6577-6": "negative",
  "LA11883-8": "negative",
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

/** The patient as holder; undefined where the bundle does not name one. */
export function bundleHolder(
  { patients: [patient] }: HealthBundle,
  districtKey: Uint8Array,
): Holder | undefined {
  const names = patient?.name ?? [];
  const name = names.find(({ use }) => use === "official") ?? names[0];
  const birth = patient?.birthDate;
  if (name === undefined || birth === undefined) return undefined;
  const parts = [name.family ?? "", ...(name.given ?? [])].join(" ").trim();
  const written = parts === "" ? (name.text ?? "") : parts;
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
  const doses = bundle.immunizations
    .filter(({ status }) => status === "completed")
    .map((dose) => ({ dose, atMs: momentOf(dose.occurrenceDateTime) }))
    .filter(({ atMs }) => !Number.isNaN(atMs))
    .sort((a, b) => a.atMs - b.atMs);
  const last = doses.at(-1);
  if (last !== undefined) {
    const product = productOf(last.dose.vaccineCode);
    evidence.push({
      id: "vaccination-1",
      kind: "vaccination",
      doses: doses.length,
      lastDoseAtMs: last.atMs,
      ...(product === undefined ? {} : { product }),
      ...common,
    });
  }
  for (const [index, observation] of bundle.observations.entries()) {
    const test = testOf(observation);
    if (test === undefined) continue;
    const prefix = test.kind === "antigen-test" ? "antigen" : "nat";
    evidence.push({ id: `${prefix}-${index + 1}`, ...test, ...common });
  }
  return evidence;
}

/** FHIR writes dates to the year, month or day, and times with a zone; NaN where it is none. */
function momentOf(text = ""): number {
  return fhirTimeOf(text);
}

/** The US code where there is one, else the first with its code system's own name for it. */
function productOf(concept: z.infer<typeof Concept> | undefined): string | undefined {
  const codings = concept?.coding ?? [];
  const cvx = codings.find(({ system, code }) => system === CVX && code !== undefined);
  return cvx?.code === undefined ? codings[0]?.code : `CVX ${cvx.code}`;
}

const CVX = "http://hl7.org/fhir/sid/cvx";

/** What the laboratory stands by: a first report, or one it changed since (FHIR observation-status). */
const STANDS = ["final", "amended", "corrected"];

function testOf(observation: Observation) {
  const { effectiveDateTime, effectivePeriod, effectiveInstant, issued } = observation;
  // Of a period the beginning counts: nobody gains from an unclear time.
  const sampledAtMs = momentOf(effectiveDateTime ?? effectivePeriod?.start ?? effectiveInstant);
  const result = codesOf(observation.valueCodeableConcept)
    .map((code) => RESULTS[code])
    .find((each) => each !== undefined);
  if (Number.isNaN(sampledAtMs) || result === undefined) return undefined;
  if (!STANDS.includes(observation.status)) return undefined;
  const codes = codesOf(observation.code);
  if (codes.some((code) => ANTIGEN.has(code))) {
    return { kind: "antigen-test" as const, result, sampledAtMs };
  }
  if (codes.some((code) => NUCLEIC_ACID.has(code))) {
    const reportedAtMs = momentOf(issued);
    return {
      kind: "nucleic-acid-test" as const,
      result,
      sampledAtMs,
      ...(Number.isNaN(reportedAtMs) ? {} : { reportedAtMs }),
    };
  }
  return undefined;
}

function codesOf(concept: z.infer<typeof Concept> | undefined): string[] {
  return (concept?.coding ?? []).flatMap(({ code }) => (code === undefined ? [] : [code]));
}
