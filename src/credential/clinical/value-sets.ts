/**
 * Codes of COVID-19 vaccines, tests and results, as their publishers list them. What is on no list
 * is unknown, and unknown is never counted.
 */
import {
  COVID_19,
  OTHER_DISEASE,
  UNKNOWN_DISEASE,
  type Disease,
} from "../../core/evidence/disease.ts";
import type { TestResult } from "../../core/evidence/evidence.ts";

export const SNOMED = "http://snomed.info/sct";
export const LOINC = "http://loinc.org";
export const CVX = "http://hl7.org/fhir/sid/cvx";
const ATC = ["http://www.whocc.no/atc", "http://www.whocc.no/atc_ddd_index"];
const ICD = [
  "http://id.who.int/icd11/mms",
  "http://id.who.int/icd/release/11/mms",
  "http://hl7.org/fhir/sid/icd-11",
  "http://hl7.org/fhir/sid/icd-10",
];
/** FHIR's form of ISO/IDMP product numbers in the EU (Community register). */
const EU_PRODUCTS = "http://ec.europa.eu/health/documents/community-register/html";

const OIDS: ReadonlyMap<string, string> = new Map([
  ["urn:oid:2.16.840.1.113883.6.96", SNOMED],
  ["urn:oid:2.16.840.1.113883.6.1", LOINC],
  ["urn:oid:2.16.840.1.113883.12.292", CVX],
]);

const codes = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** CDC, vaccine group COVID-19 of the CVX list of 2025-09-03. */
const CVX_COVID_19 = codes(`
  207 208 210 211 212 213 217 218 219 221 225 226 227 228 229 230 300 301 302 308 309 310 311 312
  313 500 501 502 503 504 505 506 507 508 509 510 511 512 513 514 515 516 517 518 519 520 521`);
/** Numbers of that list that name no product at all. */
const CVX_NO_PRODUCT = codes("99 801 998 999");
/** The last number that list gives to a product of the United States; later ones are unknown here. */
const CVX_LAST = 333;

/** EU value set sct-vaccines-covid-19, which WHO maps its own codes to (DDCC, ICD-11 to SNOMED CT). */
const SNOMED_VACCINES = codes(`
  1119305005 1119349007 1157024006 1162643001 1187593009 28531000087107 29061000087103
  30141000087107`);

/** WHO DDCC value set of COVID-19 vaccines (ICD-11 extension codes). */
const ICD_VACCINES = codes(`
  XM68M6 XM1NL1 XM7HT3 XM8866 XM9TQ1 XM1G90 XM85P5 XM9FQ7 XM97N6 XM2YG8 XM3U61 XM5DF6 XM9QW8 XM4YL8
  XM97T2 XM6QV1 XM1AG7 XM5ZJ4 XM5QM6 XM0CX4 XM5JC5 XM3CT4 XM3PG0 XM4EC8 XM6SZ8 XM1J92 XM6AT1 XM52P3
  XM0GQ8 XM8NQ0 XM3DT5 XM1AU2 XM3SK8 XM9N08 XM9P21 XM9T65 XM0K39 XM0RV9`);

/** EU value set vaccines-covid-19-names: products with a number of the Community register. */
const EU_VACCINES = codes(`
  EU/1/20/1507 EU/1/20/1525 EU/1/20/1528 EU/1/21/1529 EU/1/21/1580 EU/1/21/1618 EU/1/21/1624`);

/** A vaccine by its ATC code: J07BX03 until 2022, J07BN since (WHO Collaborating Centre, ATC/DDD). */
export function diseaseOfAtc(code: string): Disease {
  if (/^J07(?:BX03|BN(?:0\d)?)$/.test(code)) return COVID_19;
  return /^J07[A-Z]{2}\d{2}$/.test(code) ? OTHER_DISEASE : UNKNOWN_DISEASE;
}

/** A vaccine by its ICD-11 extension code. */
export function diseaseOfIcdVaccine(code: string): Disease {
  return ICD_VACCINES.has(code.trim().toUpperCase()) ? COVID_19 : UNKNOWN_DISEASE;
}

function diseaseOfCvx(code: string): Disease {
  if (CVX_COVID_19.has(code)) return COVID_19;
  if (!/^\d{1,3}$/.test(code) || CVX_NO_PRODUCT.has(String(Number(code)))) return UNKNOWN_DISEASE;
  return Number(code) <= CVX_LAST ? OTHER_DISEASE : UNKNOWN_DISEASE;
}

/** A code with the system it comes from, as FHIR has it. */
export interface Coding {
  system?: string | undefined;
  code?: string | undefined;
}

/** A system's URL without version, and without a slash at its end; an OID stands for its URL. */
export function systemOf({ system = "" }: Coding): string {
  const written = (system.split("|")[0] ?? "").replace(/^https:/, "http:").replace(/\/$/, "");
  if (written.startsWith(`${SNOMED}/`)) return SNOMED;
  return OIDS.get(written) ?? written;
}

function diseaseOfVaccineCode(coding: Coding): Disease {
  const { code } = coding;
  const system = systemOf(coding);
  if (code === undefined) return UNKNOWN_DISEASE;
  if (system === CVX) return diseaseOfCvx(code);
  if (system === SNOMED) return SNOMED_VACCINES.has(code) ? COVID_19 : UNKNOWN_DISEASE;
  if (ATC.includes(system)) return diseaseOfAtc(code);
  if (ICD.includes(system)) return diseaseOfIcdVaccine(code);
  if (system === EU_PRODUCTS) return EU_VACCINES.has(code) ? COVID_19 : UNKNOWN_DISEASE;
  return UNKNOWN_DISEASE;
}

/** What a vaccine is against, by all the codes it goes by; unknown where they contradict. */
export function diseaseOfVaccine(codings: readonly Coding[]): Disease {
  return commonDisease(codings.map(diseaseOfVaccineCode));
}

/** The disease that all statements of one thing agree on; unknown where they differ or none knows. */
export function commonDisease(diseases: readonly Disease[]): Disease {
  const known = new Set(diseases.filter((each) => each !== UNKNOWN_DISEASE));
  const [one] = known;
  return one !== undefined && known.size === 1 ? one : UNKNOWN_DISEASE;
}

/** LOINC codes of tests for SARS-CoV-2 antigen (loinc.org/sars-cov-2-and-covid-19). */
const ANTIGEN = codes("94558-4 95209-3 96119-3 97097-0");

/**
 * LOINC codes of tests for SARS-CoV-2 RNA, from the same list; the last lines count cycles or copies
 * (WHO DDCC, lab test types), so that their results are no plain negatives.
 */
const NUCLEIC_ACID = codes(`
  94306-8 94307-6 94308-4 94309-2 94310-0 94314-2 94315-9 94316-7 94500-6 94502-2 94531-1 94532-9
  94533-7 94534-5 94559-2 94565-9 94639-2 94640-0 94641-8 94647-5 94660-8 94756-4 94757-2 94758-0
  94759-8 94760-6 94765-5 94766-3 94767-1 94822-4 94845-5 95406-5 95409-9 95424-8 95425-5 95608-6
  95609-4 95823-1 95824-9 95826-4 96091-4 96120-1 96121-9 96122-7 96123-5 96448-6 96763-8 96765-3
  96797-6 96829-7 96897-4 96957-6 96958-4 96986-5 97098-8 98131-6 98132-4 98493-0 98494-8
  94311-8 94312-6 94313-4 94509-7 94510-5 94511-3 94642-6 94643-4 94644-2 94645-9 94646-7 94745-7
  94746-5 94819-0 95521-1 95522-9 96764-6 96898-2 96899-0 96900-6 97104-4`);

/** LOINC codes of tests for an immune answer: they show no present infection. */
const IMMUNITY = codes(`
  94507-1 94508-9 94547-7 94562-6 94563-4 94564-2 94761-4 94762-2 94768-9 95125-1 95411-5 95416-4
  95542-7 95825-6 95970-0 95971-8 96603-6 98069-8 99596-9 99597-7 99772-6 94503-0 94504-8 94505-5
  94506-3 94661-6 94769-7 95410-7 95427-1 95428-9 95429-7`);

/** Which kind of test it is, by all the codes it goes by. */
export function kindOfTest(
  codings: readonly Coding[],
): "nucleic-acid-test" | "antigen-test" | "immunity" | undefined {
  // A LOINC code is like no code of another system: it counts under whatever name of the system.
  const kinds = new Set(
    codings.flatMap(({ code = "" }) => {
      if (ANTIGEN.has(code)) return ["antigen-test" as const];
      if (NUCLEIC_ACID.has(code)) return ["nucleic-acid-test" as const];
      return IMMUNITY.has(code) ? ["immunity" as const] : [];
    }),
  );
  const [kind] = kinds;
  return kinds.size === 1 ? kind : undefined;
}

/**
 * Results of the HL7 value set "Qualitative lab result findings": SNOMED CT, and LOINC's answers.
 * What is not here is not understood; so are presumptive, reactive and borderline results, which
 * stand in that value set and are neither positive nor negative. Weakly positive is a positive
 * (SNOMED CT: a child of 10828004).
 */
const RESULTS: Readonly<Record<string, TestResult>> = {
  "260373001": "positive",
  "10828004": "positive",
  "52101004": "positive",
  "260408008": "positive",
  "260415000": "negative",
  "260385009": "negative",
  "131194007": "negative",
  "LA6576-8": "positive",
  "LA11882-0": "positive",
  "LA18996-1": "positive",
  "LA6577-6": "negative",
  "LA11883-8": "negative",
};

/** A result by all the codes it goes by; undefined where no code is of a known vocabulary. */
export function resultOf(codings: readonly Coding[]): TestResult | undefined {
  const results = new Set(
    codings.flatMap((coding): TestResult[] => {
      const { code } = coding;
      if (code === undefined) return [];
      // So is a SNOMED CT id; an issuer's own code next to it repeats the same.
      const result = Object.hasOwn(RESULTS, code) ? RESULTS[code] : undefined;
      if (result !== undefined) return [result];
      return [LOINC, SNOMED].includes(systemOf(coding)) ? ["unknown"] : [];
    }),
  );
  const [result] = results;
  return results.size > 1 ? "unknown" : result;
}

/** Interpretations (HL7 v3) that go with a negative result. */
export const NEGATIVE_INTERPRETATIONS: ReadonlySet<string> = new Set([
  ...codes("NEG ND N NR"),
  // As their names are written where there is no code.
  "NEGATIVE",
  "NOT DETECTED",
  "NORMAL",
  "NON-REACTIVE",
]);
