/** What passes and the directory say of a person: tests and doses, each of its disease. */
import { COVID_19, type Disease } from "../../src/core/evidence/disease.ts";
import type {
  HealthPassContent,
  OtherDiseaseStatement,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import type { PassFields } from "./people-schema.ts";
import { momentMs } from "./values.ts";

type NucleicAcidTestFields = NonNullable<PassFields["nucleicAcidTest"]>;
type AntigenTestFields = NonNullable<PassFields["antigenTest"]>;
type VaccinationFields = NonNullable<PassFields["vaccination"]>;
type Statements = Pick<
  HealthPassContent,
  "nucleicAcidTest" | "antigenTest" | "vaccination" | "ofOtherDiseases"
>;

/** What a pass says, under the keys of COVID-19 or under that of other diseases. */
export function statementsOf(fields: PassFields, now: number): Statements {
  const { nucleicAcidTest, antigenTest, vaccination } = fields;
  const said: Statements = {};
  const others: OtherDiseaseStatement[] = [];
  if (nucleicAcidTest !== undefined) {
    const { disease, ...test } = testOf(nucleicAcidTest, now);
    if (disease === undefined) said.nucleicAcidTest = test;
    else others.push({ disease, kind: "nucleic-acid-test", ...test });
  }
  if (antigenTest !== undefined) {
    const { disease, ...test } = testOf(antigenTest, now);
    if (disease === undefined) said.antigenTest = test;
    else others.push({ disease, kind: "antigen-test", ...test });
  }
  if (vaccination !== undefined) {
    const { disease, ...doses } = vaccinationOf(vaccination, now);
    if (disease === undefined) said.vaccination = doses;
    else others.push({ disease, kind: "vaccination", ...doses });
  }
  return others.length === 0 ? said : { ...said, ofOtherDiseases: others };
}

interface SaidTest {
  disease?: Disease;
  result: NucleicAcidTestFields["result"];
  sampledAtMs: number;
  reportedAtMs?: number;
}

/** A test as a directory has it. */
export function testOf(test: NucleicAcidTestFields | AntigenTestFields, now: number): SaidTest {
  const said: SaidTest = { result: test.result, sampledAtMs: momentMs(test.sampled, now) };
  if ("reported" in test && test.reported !== undefined) {
    said.reportedAtMs = momentMs(test.reported, now);
  }
  return { ...ofAnother(test.disease), ...said };
}

interface SaidDoses {
  disease?: Disease;
  doses: number;
  dosesNeeded?: number;
  lastDoseAtMs: number;
}

/** Doses as a directory has them. */
export function vaccinationOf(fields: VaccinationFields, now: number): SaidDoses {
  const { doses, dosesNeeded, lastDose } = fields;
  const said = { ...ofAnother(fields.disease), doses, lastDoseAtMs: momentMs(lastDose, now) };
  return dosesNeeded === undefined ? said : { ...said, dosesNeeded };
}

/** COVID-19 is what goes without saying. */
function ofAnother(disease: Disease | undefined): { disease?: Disease } {
  return disease === undefined || disease === COVID_19 ? {} : { disease };
}
