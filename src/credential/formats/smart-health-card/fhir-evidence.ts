/** What the immunizations and laboratory results of a FHIR bundle come to, in the core's terms. */
import { z } from "zod";
import {
  COVID_19,
  UNKNOWN_DISEASE,
  diseaseOfSnomed,
  type Disease,
} from "../../../core/evidence/disease.ts";
import type {
  Evidence,
  EvidenceOf,
  Source,
  TestResult,
  Trust,
} from "../../../core/evidence/evidence.ts";
import type { Instant } from "../../../core/time.ts";
import { doseEvents, timeSpanOf, type TimeSpan } from "../../clinical/dose-events.ts";
import { Concept, type HealthBundle, type Immunization, type Observation } from "./fhir-bundle.ts";
import {
  CVX,
  NEGATIVE_INTERPRETATIONS,
  SNOMED,
  commonDisease,
  diseaseOfVaccine,
  kindOfTest,
  resultOf,
  systemOf,
  type Coding,
} from "../../clinical/value-sets.ts";

interface Common {
  trust: Trust;
  source: Source;
  observedAt: Instant;
}

/** One statement for each disease that was vaccinated against, and one for each test. */
export function evidenceOfBundle(bundle: HealthBundle, common: Common): Evidence[] {
  const vaccinations = vaccinationsOf(bundle.immunizations, common);
  const tests = bundle.observations.flatMap((observation, index): TestEvidence[] => {
    const test = testOf(observation, common);
    return test === undefined
      ? []
      : [{ id: `${PREFIXES[test.kind]}-${index + 1}`, ...test, ...common }];
  });
  const known = tests.filter(({ kind }) => kind !== "other-test");
  const others = tests.filter(({ kind }) => kind === "other-test");
  return [...vaccinations, ...known, ...weightiest(others)];
}

type TestEvidence = EvidenceOf<"nucleic-acid-test" | "antigen-test" | "other-test">;

/** A card with a whole laboratory on it would fill records with what no rule asks for. */
const OTHER_TESTS_KEPT = 8;

/** What speaks against its holder first, and of that the newest. */
function weightiest(tests: readonly TestEvidence[]): TestEvidence[] {
  const weight = ({ result }: TestEvidence): number =>
    result === "positive" || result === "unknown" ? 1 : 0;
  const newest = ({ sampledAtMs, sampledUntilMs }: TestEvidence): number =>
    sampledUntilMs ?? sampledAtMs;
  return [...tests]
    .sort((a, b) => weight(b) - weight(a) || newest(b) - newest(a))
    .slice(0, OTHER_TESTS_KEPT);
}

const PREFIXES = { "nucleic-acid-test": "nat", "antigen-test": "antigen", "other-test": "test" };

type Dose = TimeSpan & { disease: Disease; product?: string };

function vaccinationsOf(immunizations: readonly Immunization[], common: Common): Evidence[] {
  const doses = immunizations
    .filter(({ status }) => status === "completed")
    .map((immunization) => doseOf(immunization, common));
  const diseases = [...new Set(doses.map(({ disease }) => disease))];
  return diseases.flatMap((disease, index): Evidence[] => {
    const events = doseEvents(doses.filter((dose) => dose.disease === disease));
    const last = events.at(-1);
    if (last === undefined) return [];
    const [{ fromMs, untilMs, day }] = last;
    const product = productOf(last);
    return [
      {
        id: `vaccination-${index + 1}`,
        kind: "vaccination",
        disease,
        doses: events.length,
        lastDoseAtMs: fromMs,
        // Of a year or a month the dose may have been on any day.
        ...(day === undefined && untilMs > fromMs ? { lastDoseUntilMs: untilMs } : {}),
        ...(product === undefined ? {} : { product }),
        ...common,
      },
    ];
  });
}

function doseOf(immunization: Immunization, { source, observedAt }: Common): Dose {
  const codings = immunization.vaccineCode?.coding ?? [];
  const span = timeSpanOf(immunization.occurrenceDateTime);
  const product = nameOfProduct(codings);
  const named = product === undefined ? {} : { product };
  if (span === undefined) {
    // A dose without a known date cannot be distinguished from another dose.
    const asOfMs = source.asOfMs ?? observedAt.wallMs;
    return { disease: UNKNOWN_DISEASE, fromMs: asOfMs, untilMs: asOfMs, ...named };
  }
  const disease = commonDisease([diseaseOfVaccine(codings), targetOf(immunization)]);
  return { disease, ...span, ...named };
}

const Protocols = z.array(z.looseObject({ targetDisease: z.array(Concept).optional() }));

/** The disease that the immunization itself names as its target. */
function targetOf({ protocolApplied }: Immunization): Disease {
  const protocols = Protocols.safeParse(protocolApplied).data ?? [];
  const targets = protocols.flatMap(({ targetDisease }) => targetDisease ?? []);
  const codings = targets.flatMap(({ coding }) => coding ?? []);
  return commonDisease(
    codings.map((coding) =>
      systemOf(coding) === SNOMED ? diseaseOfSnomed(coding.code ?? "") : UNKNOWN_DISEASE,
    ),
  );
}

/** The US code where there is one, else the first with its code system's own name for it. */
function nameOfProduct(codings: readonly Coding[]): string | undefined {
  const cvx = codings.find((each) => systemOf(each) === CVX && each.code !== undefined);
  const named = cvx?.code === undefined ? codings[0]?.code : `CVX ${cvx.code}`;
  return named === undefined || named === "" ? undefined : named;
}

function productOf(event: readonly Dose[]): string | undefined {
  const products = event.flatMap(({ product }) => product ?? []);
  return products.find((product) => product.startsWith("CVX ")) ?? products[0];
}

/** What the laboratory stands by: a first report, or one it changed since (FHIR observation-status). */
const STANDS = ["final", "amended", "corrected"];
/** Taken back, or never made (FHIR observation-status): the record itself states that there is none. */
const WITHDRAWN = ["entered-in-error", "cancelled"];

function testOf(observation: Observation, common: Common) {
  if (WITHDRAWN.includes(observation.status)) return undefined;
  const codings = observation.code?.coding ?? [];
  const kind = kindOfTest(codings);
  // An immune answer is no infection, and none is no absence of one.
  if (kind === "immunity") return undefined;
  if (kind === undefined && isMeasurement(observation)) return undefined;
  const tested = { ...timesOf(observation, resultOfObservation(observation), common) };
  if (kind === "antigen-test") return { kind, disease: COVID_19, ...tested };
  if (kind === "nucleic-acid-test") {
    const reported = timeSpanOf(observation.issued);
    const times = reported === undefined ? {} : { reportedAtMs: reported.fromMs };
    return { kind, disease: COVID_19, ...tested, ...times };
  }
  const test = codings.find(({ code }) => code !== undefined && code !== "")?.code;
  const named = test === undefined ? {} : { test };
  return { kind: "other-test" as const, disease: UNKNOWN_DISEASE, ...tested, ...named };
}

/**
 * A number under a code that is of nothing here, such as haemoglobin, and the heading of a panel: a
 * measurement, and no finding of an infection. What names the virus is none of these.
 */
function isMeasurement(observation: Observation): boolean {
  const { code } = observation;
  const names = [code?.text, ...(code?.coding ?? []).map(({ display }) => display)];
  if (names.some((name) => typeof name === "string" && /sars|cov|corona/i.test(name))) return false;
  const values = valuesOf(observation);
  if (values.length === 0) return "hasMember" in observation && !("component" in observation);
  return values.every((key) => MEASURED.includes(key));
}

const MEASURED = ["valueQuantity", "valueInteger", "valueRange", "valueRatio", "valueSampledData"];

function valuesOf(observation: Observation): string[] {
  return Object.entries(observation).flatMap(([key, value]) =>
    key.startsWith("value") && value !== undefined ? [key] : [],
  );
}

/** When the sample was taken. A good result of an unknown time is no good result. */
function timesOf(
  { effectiveDateTime, effectivePeriod, effectiveInstant, issued }: Observation,
  result: TestResult,
  { source, observedAt }: Common,
): { result: TestResult; sampledAtMs: number; sampledUntilMs?: number } {
  // Of a period the beginning counts: an unclear time gives no advantage.
  const begin = timeSpanOf(effectiveDateTime ?? effectivePeriod?.start ?? effectiveInstant);
  if (begin === undefined) {
    const latestMs = timeSpanOf(issued)?.untilMs ?? source.asOfMs ?? observedAt.wallMs;
    return { result: result === "positive" ? result : "unknown", sampledAtMs: latestMs };
  }
  const end = effectiveDateTime === undefined ? timeSpanOf(effectivePeriod?.end) : undefined;
  const untilMs = Math.max(begin.untilMs, end?.untilMs ?? begin.untilMs);
  const sampled = { result, sampledAtMs: begin.fromMs };
  return untilMs > begin.fromMs ? { ...sampled, sampledUntilMs: untilMs } : sampled;
}

function resultOfObservation(observation: Observation): TestResult {
  const coded = resultOf(observation.valueCodeableConcept?.coding ?? []);
  const hasValue = valuesOf(observation).length > 0;
  const result = coded ?? (hasValue ? "unknown" : undefined);
  const stands = STANDS.includes(observation.status);
  if (result === undefined) return stands ? "unknown" : "pending";
  // A result that is not final is no evidence, neither for the person nor against.
  if (!stands) return result === "negative" ? "pending" : "unknown";
  return result === "negative" && isContradicted(observation) ? "unknown" : result;
}

/** Whether the observation states something that is not negative, besides its negative value. */
function isContradicted(observation: Observation): boolean {
  const { interpretation, component, dataAbsentReason } = observation;
  if (valuesOf(observation).length > 1 || dataAbsentReason !== undefined) return true;
  const said = interpretation === undefined ? ["NEG"] : wordsOf(interpretation);
  // What stands there and has no word that can be read is not understood.
  if (said.length === 0 || said.some((word) => !isNegativeWord(word))) return true;
  if (component === undefined) return false;
  const parts = z.array(Component).safeParse(component);
  return !parts.success || parts.data.some(speaksAgainst);
}

const Component = z.looseObject({
  code: Concept.optional(),
  valueCodeableConcept: Concept.optional(),
});

/** A part of an observation, such as one gene, that was found, or whose result is unknown. */
function speaksAgainst({ code, valueCodeableConcept }: z.infer<typeof Component>): boolean {
  const result = resultOf(valueCodeableConcept?.coding ?? []);
  const isOfVirus = kindOfTest(code?.coding ?? []) !== undefined;
  return result === "positive" || (isOfVirus && result !== "negative");
}

/** The codes of an interpretation, and its text where it has no code; whatever its shape. */
function wordsOf(said: unknown): string[] {
  if (typeof said === "string") return [said];
  if (Array.isArray(said)) return said.flatMap(wordsOf);
  const { data } = Concept.safeParse(said);
  const coded = (data?.coding ?? []).flatMap(({ code }) => code ?? []);
  return coded.length > 0 ? coded : wordsOf(data?.text ?? []);
}

const isNegativeWord = (word: string): boolean =>
  NEGATIVE_INTERPRETATIONS.has(word.trim().toUpperCase());
