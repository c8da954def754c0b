/** Reads the FHIR bundle of a health card: the patient, immunizations, laboratory results. */
import { z } from "zod";
import type { Holder } from "../../../core/evidence/evidence.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import { fhirTimeOf, isBirthDate } from "../../../base/dates.ts";

const Coding = z.looseObject({
  system: z.string().optional(),
  code: z.string().max(100).optional(),
  display: z.unknown().optional(),
});
export const Concept = z.looseObject({
  coding: z.array(Coding).optional(),
  text: z.unknown().optional(),
});
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
  // Read where it is needed: a bundle is not refused over it.
  protocolApplied: z.unknown().optional(),
});
export type Immunization = z.infer<typeof Immunization>;
const Observation = z.looseObject({
  resourceType: z.literal("Observation"),
  status: z.string(),
  code: Concept.optional(),
  valueCodeableConcept: Concept.optional(),
  effectiveDateTime: time.optional(),
  effectiveInstant: time.optional(),
  effectivePeriod: z.looseObject({ start: time.optional(), end: time.optional() }).optional(),
  issued: time.optional(),
  interpretation: z.unknown().optional(),
});
export type Observation = z.infer<typeof Observation>;

/** The bundle of a health card (FHIR R4), as far as it is used. */
export interface HealthBundle {
  patients: z.infer<typeof Patient>[];
  immunizations: Immunization[];
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

/** The patient as holder; undefined where the bundle does not name one. */
export function holderOfBundle(
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
    pseudonym: pseudonymOfNameAndBirth(districtKey, written, birth),
    maskedName: maskName(written),
    ...(year > 0 ? { birthYear: year } : {}),
  };
}
