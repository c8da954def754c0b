/** What an EU certificate states, in the core's terms, and how it comes out under business rules. */
import {
  COVID_19,
  OTHER_DISEASE,
  UNKNOWN_DISEASE,
  diseaseOfSnomed,
  type Disease,
} from "../../../core/evidence/disease.ts";
import type { Evidence, TestResult } from "../../../core/evidence/evidence.ts";
import type { HealthCertificate, ParsedCertificate } from "./eu-dcc-schema.ts";
import { timeOf } from "../../../base/dates.ts";
import type { VerificationContext } from "../../verification.ts";
import type { FoundKey } from "../../trust/trust.ts";
import { diseaseOfAtc } from "../../clinical/value-sets.ts";

// LOINC and SNOMED CT codes of the eHealth Network's value sets.
const NUCLEIC_ACID_AMPLIFICATION = "LP6464-4";
const RAPID_ANTIGEN = "LP217198-3";
const RESULTS: ReadonlyMap<string, TestResult> = new Map([
  ["260415000", "negative"],
  ["260373001", "positive"],
]);

/** Evidence of a certificate whose signature and schema are in order. */
export function evidenceOfCertificate(
  read: ParsedCertificate,
  key: FoundKey,
  { at, rules }: Pick<VerificationContext, "at" | "rules">,
): Evidence[] {
  const { certificate, issuer, issuedAtMs, validUntilMs } = read;
  if (certificate === undefined) return [];
  const common = {
    trust: "verified" as const,
    source: {
      name: "code-reader",
      detail: `${issuer ?? "issuer"} ${key.keyId}`,
      ...(issuedAtMs === undefined ? {} : { asOfMs: issuedAtMs }),
    },
    observedAt: at,
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
  };
  const statements = [
    ...vaccinations(certificate),
    ...tests(certificate),
    ...recoveries(certificate),
  ].map((statement): Evidence => ({ ...statement, ...common }));
  const outcomes = (rules?.evaluate(read, key.keyId, at.wallMs) ?? []).map(
    (outcome, index): Evidence => ({
      id: `rules-${index + 1}`,
      kind: "business-rules",
      ...outcome,
      ...common,
      // The rules have a date of their own, apart from the certificate's.
      source: { name: "business-rules", detail: key.keyId, asOfMs: rules?.asOfMs ?? 0 },
    }),
  );
  return [...statements, ...outcomes];
}

type Statement = Evidence extends infer Each
  ? Each extends Evidence
    ? Omit<Each, "trust" | "source" | "observedAt" | "validFromMs" | "validUntilMs">
    : never
  : never;

function vaccinations({ v }: HealthCertificate): Statement[] {
  return (v ?? []).map((entry, index) => ({
    id: `vaccination-${index + 1}`,
    kind: "vaccination",
    disease: diseaseVaccinated(entry),
    doses: entry.dn,
    dosesNeeded: entry.sd,
    lastDoseAtMs: timeOf(entry.dt),
    product: entry.mp,
  }));
}

/** What the entry says, unless its vaccine is one against something else. */
function diseaseVaccinated({ tg, vp }: { tg: string; vp: string }): Disease {
  const disease = diseaseOfSnomed(tg.trim());
  return diseaseOfAtc(vp.trim()) === OTHER_DISEASE && disease === COVID_19
    ? UNKNOWN_DISEASE
    : disease;
}

function tests({ t }: HealthCertificate): Statement[] {
  return (t ?? []).map((entry, index): Statement => {
    const tested = {
      disease: diseaseOfSnomed(entry.tg.trim()),
      // A result that no value set has is a result all the same, and not a negative one.
      result: RESULTS.get(entry.tr.trim()) ?? "unknown",
      sampledAtMs: timeOf(entry.sc),
    };
    const test = entry.tt.trim();
    if (test === NUCLEIC_ACID_AMPLIFICATION) {
      return { id: `nat-${index + 1}`, kind: "nucleic-acid-test", ...tested };
    }
    if (test === RAPID_ANTIGEN) {
      return { id: `antigen-${index + 1}`, kind: "antigen-test", ...tested };
    }
    const named = test === "" ? {} : { test };
    return { id: `test-${index + 1}`, kind: "other-test", ...tested, ...named };
  });
}

function recoveries({ r }: HealthCertificate): Statement[] {
  return (r ?? []).map((entry, index) => ({
    id: `recovery-${index + 1}`,
    kind: "recovery",
    disease: diseaseOfSnomed(entry.tg.trim()),
    firstPositiveAtMs: timeOf(entry.fr),
    fromMs: timeOf(entry.df),
    untilMs: timeOf(entry.du),
  }));
}
