/** Which disease a statement is about, whatever vocabulary its credential speaks. */

/** COVID-19, by whichever code. */
export const COVID_19 = "covid-19";
/** Not on any list here: never counted for a known disease. */
export const UNKNOWN_DISEASE = "unknown";
/** Known to be about another disease; which one is not kept. */
export const OTHER_DISEASE = "other";

/**
 * `covid-19`, `unknown`, `other`, or another disease by the code its credential gives it:
 * `snomed:6142004`, `icd:1E32`.
 */
export type Disease = string;

/** SNOMED CT: the disease (EU value set disease-agent-targeted), and its agent. */
const SNOMED_COVID_19 = new Set(["840539006", "840533007"]);
/** ICD-11 RA01 with its parts, and ICD-10 U07.1 and U07.2 (WHO, emergency use of codes for COVID-19). */
const ICD_COVID_19 = /^(?:RA01(?:\.[01])?|U07\.?[12])$/;

/** A disease by its SNOMED CT code. */
export function diseaseOfSnomed(code: string): Disease {
  if (SNOMED_COVID_19.has(code)) return COVID_19;
  return /^\d{6,18}$/.test(code) ? `snomed:${code}` : UNKNOWN_DISEASE;
}

/** A disease by its code in ICD-10 or ICD-11. */
export function diseaseOfIcd(code: string): Disease {
  const written = code.trim().toUpperCase();
  if (ICD_COVID_19.test(written)) return COVID_19;
  return /^[0-9A-Z]{2,4}\d?(?:\.[0-9A-Z]{1,4})?$/.test(written)
    ? `icd:${written}`
    : UNKNOWN_DISEASE;
}

/** A disease as a policy names it, e.g. `covid-19` or `snomed:6142004`; undefined where it is none. */
export function diseaseNamed(text: string): Disease | undefined {
  if (text === COVID_19) return COVID_19;
  const [system, code = ""] = text.split(":");
  const disease =
    system === "snomed" ? diseaseOfSnomed(code) : system === "icd" ? diseaseOfIcd(code) : undefined;
  return disease === UNKNOWN_DISEASE ? undefined : disease;
}
