/** What a health pass states, and how its claims are written and read (docs/operators/health-pass.md). */
import { z } from "zod";
import {
  UNKNOWN_DISEASE,
  diseaseNamed,
  diseaseOfSnomed,
  type Disease,
} from "../../../core/evidence/disease.ts";
import type { CodeColour, ReportedResult } from "../../../core/evidence/evidence.ts";
import { SECOND_MS } from "../../../core/time.ts";
import { decodeCbor } from "../../codecs/cbor.ts";
import { cleanName } from "../../pseudonym.ts";
import { LAST_SECOND } from "../../../base/dates.ts";
import { optional } from "../../../base/optional.ts";

const COLOURS: readonly CodeColour[] = ["green", "yellow", "red"];
const RESULTS: readonly ReportedResult[] = ["negative", "positive", "pending"];
const FORMS = ["live", "paper"] as const;

// CWT claims (RFC 8392 §4); the private one holds what a pass states.
const CLAIM_EXPIRES = 4;
const CLAIM_NOT_BEFORE = 5;
const CLAIM_ISSUED = 6;
const CLAIM_SERIAL = 7;
const CLAIM_CONTENT = -65537;

// Fields of the content.
const FORM = 0;
const HOLDER = 1;
const COLOUR = 2;
const NUCLEIC_ACID_TEST = 3;
const ANTIGEN_TEST = 4;
const VACCINATION = 5;
const MASKED_NAME = 6;
const OF_OTHER_DISEASES = 7;

/** What a pass states. Times are epoch ms and kept to the second. */
export interface HealthPass {
  /** A live code on a phone, or paper that counts only together with the ID card. */
  form: (typeof FORMS)[number];
  /** 16 hexadecimal digits, never given twice: what revocation names. */
  serial: string;
  issuedAtMs: number;
  /** Where it counts only from later than it was issued; read, never written. */
  notBeforeMs?: number;
  validUntilMs: number;
  holder: {
    /** HMAC-SHA-256 of the ID number under the district's key, base64url (43 characters). */
    pseudonym: string;
    /** At most 12 characters, e.g. `王**`. */
    maskedName?: string;
  };
  colour?: CodeColour;
  /** These three are about COVID-19. */
  nucleicAcidTest?: NucleicAcidTest;
  antigenTest?: AntigenTest;
  vaccination?: Vaccination;
  /** About other diseases: a unit that does not know of them leaves them out. */
  ofOtherDiseases?: readonly OtherDiseaseStatement[];
  /** Diseases of which a statement is not understood here; never written. */
  notUnderstood?: readonly Disease[];
}

interface AntigenTest {
  result: ReportedResult;
  sampledAtMs: number;
}

interface NucleicAcidTest extends AntigenTest {
  reportedAtMs?: number;
}

interface Vaccination {
  doses: number;
  dosesNeeded?: number;
  lastDoseAtMs: number;
}

/** A test or a vaccination of another disease, by its SNOMED CT code: `snomed:6142004`. */
export type OtherDiseaseStatement = { disease: Disease } & (
  | ({ kind: "nucleic-acid-test" } & NucleicAcidTest)
  | ({ kind: "antigen-test" } & AntigenTest)
  | ({ kind: "vaccination" } & Vaccination)
);

/** What an issuer decides; the validity follows from the form unless given. */
export type HealthPassContent = Omit<
  HealthPass,
  "notBeforeMs" | "validUntilMs" | "notUnderstood"
> & {
  validUntilMs?: number;
};

/** The claims of a pass, to be encoded and signed. */
export function claimsOf(pass: HealthPass): Map<number, unknown> {
  const { holder, colour, nucleicAcidTest, antigenTest, vaccination, ofOtherDiseases } = pass;
  const pseudonym = bytesOf(holder.pseudonym, "base64url", 32, "a pseudonym");
  const content = new Map<number, unknown>([
    [FORM, FORMS.indexOf(pass.form)],
    [HOLDER, pseudonym],
  ]);
  if (colour !== undefined) content.set(COLOUR, COLOURS.indexOf(colour));
  if (nucleicAcidTest !== undefined) content.set(NUCLEIC_ACID_TEST, testFields(nucleicAcidTest));
  if (antigenTest !== undefined) content.set(ANTIGEN_TEST, testFields(antigenTest));
  if (vaccination !== undefined) content.set(VACCINATION, doseFields(vaccination));
  if (ofOtherDiseases !== undefined) {
    content.set(OF_OTHER_DISEASES, ofOtherDiseases.map(otherFields));
  }
  if (holder.maskedName !== undefined) content.set(MASKED_NAME, holder.maskedName);
  return new Map<number, unknown>([
    [CLAIM_EXPIRES, seconds(pass.validUntilMs)],
    [CLAIM_ISSUED, seconds(pass.issuedAtMs)],
    [CLAIM_SERIAL, bytesOf(pass.serial, "hex", 8, "a serial")],
    [CLAIM_CONTENT, content],
  ]);
}

function testFields({ result, sampledAtMs, reportedAtMs }: NucleicAcidTest): number[] {
  const test = [RESULTS.indexOf(result), seconds(sampledAtMs)];
  return reportedAtMs === undefined ? test : [...test, seconds(reportedAtMs)];
}

function doseFields({ doses, dosesNeeded = 0, lastDoseAtMs }: Vaccination): number[] {
  return [doses, dosesNeeded, seconds(lastDoseAtMs)];
}

function otherFields(statement: OtherDiseaseStatement): number[] {
  const [system, code] = statement.disease.split(":");
  const known = system === "snomed" && diseaseNamed(statement.disease) === statement.disease;
  if (!known || !Number.isSafeInteger(Number(code))) {
    throw new RangeError(`expected another disease's SNOMED CT code, not "${statement.disease}"`);
  }
  const about = Number(code);
  switch (statement.kind) {
    case "nucleic-acid-test":
      return [about, NUCLEIC_ACID_TEST, ...testFields(statement)];
    case "antigen-test":
      return [about, ANTIGEN_TEST, ...testFields(statement)];
    case "vaccination":
      return [about, VACCINATION, ...doseFields(statement)];
  }
}

function bytesOf(
  text: string,
  encoding: "hex" | "base64url",
  length: number,
  what: string,
): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, encoding));
  if (bytes.length !== length || Buffer.from(bytes).toString(encoding) !== text) {
    throw new RangeError(`${what} is ${length} bytes in ${encoding}, not "${text}"`);
  }
  return bytes;
}

const seconds = (ms: number): number => Math.floor(ms / SECOND_MS);

const code = <T>(values: readonly T[]) =>
  z
    .number()
    .int()
    .min(0)
    .max(values.length - 1)
    .transform((index) => values[index] as T);
const time = z
  .number()
  .int()
  .min(0)
  .max(LAST_SECOND)
  .transform((value) => value * SECOND_MS);
const exactly = (length: number) =>
  z.instanceof(Uint8Array).refine((bytes) => bytes.length === length);
const count = z.number().int().min(0).max(99);

const TestFields = z.union([z.tuple([code(RESULTS), time, time]), z.tuple([code(RESULTS), time])]);
const AntigenFields = z.tuple([code(RESULTS), time]);
const DoseFields = z.tuple([count, count, time]);

const Claims = z.object({
  expires: time,
  notBefore: time.optional(),
  issued: time,
  serial: exactly(8),
});
const Content = z.object({
  form: code(FORMS),
  holder: exactly(32),
  colour: code(COLOURS).optional(),
  nucleicAcidTest: TestFields.optional(),
  antigenTest: AntigenFields.optional(),
  vaccination: DoseFields.optional(),
  maskedName: z.string().max(12).optional(),
  ofOtherDiseases: z.unknown(),
});

/** More than anybody was tested for; what comes behind is not understood. */
const MOST_STATEMENTS = 20;
const Fields = z.array(z.number().int().min(0)).min(1);

/** Reads the claims of a pass; the path to the first fault where they are none. */
export function parsePass(payload: Uint8Array): { pass: HealthPass } | { errorPath: string } {
  const claims = decodeCbor(payload)?.value;
  if (!(claims instanceof Map)) return { errorPath: "claims" };
  const content: unknown = claims.get(CLAIM_CONTENT);
  if (!(content instanceof Map)) return { errorPath: "content" };
  const outer = Claims.safeParse({
    expires: claims.get(CLAIM_EXPIRES),
    notBefore: claims.get(CLAIM_NOT_BEFORE),
    issued: claims.get(CLAIM_ISSUED),
    serial: claims.get(CLAIM_SERIAL),
  });
  const inner = Content.safeParse({
    form: content.get(FORM),
    holder: content.get(HOLDER),
    colour: content.get(COLOUR),
    nucleicAcidTest: content.get(NUCLEIC_ACID_TEST),
    antigenTest: content.get(ANTIGEN_TEST),
    vaccination: content.get(VACCINATION),
    maskedName: content.get(MASKED_NAME),
    ofOtherDiseases: content.get(OF_OTHER_DISEASES),
  });
  if (!outer.success || !inner.success) {
    const issue = outer.error?.issues[0] ?? inner.error?.issues[0];
    return { errorPath: issue?.path.join(".") ?? "claims" };
  }
  return { pass: passOf(outer.data, inner.data) };
}

function passOf(claims: z.infer<typeof Claims>, content: z.infer<typeof Content>): HealthPass {
  const { form, colour, nucleicAcidTest, antigenTest, vaccination, maskedName } = content;
  const pass: HealthPass = {
    form,
    serial: Buffer.from(claims.serial).toString("hex"),
    issuedAtMs: claims.issued,
    ...optional({ notBeforeMs: claims.notBefore }),
    validUntilMs: claims.expires,
    holder: { pseudonym: Buffer.from(content.holder).toString("base64url") },
  };
  if (maskedName !== undefined) pass.holder.maskedName = cleanName(maskedName);
  if (colour !== undefined) pass.colour = colour;
  if (nucleicAcidTest !== undefined) pass.nucleicAcidTest = testOf(nucleicAcidTest);
  if (antigenTest !== undefined) pass.antigenTest = testOf(antigenTest);
  if (vaccination !== undefined) pass.vaccination = dosesOf(vaccination);
  addOthers(pass, content.ofOtherDiseases);
  return pass;
}

/** Reads statements of other diseases; one that is not understood does not refuse the pass. */
function addOthers(pass: HealthPass, written: unknown): void {
  if (written === undefined) return;
  const listed: unknown[] = Array.isArray(written) ? written : [written];
  const statements = listed.slice(0, MOST_STATEMENTS).map((each) => {
    const { data = [] } = Fields.safeParse(each);
    return otherOf(data) ?? diseaseOfSnomed(String(data[0] ?? ""));
  });
  const others = statements.filter((each) => typeof each !== "string");
  const unread = statements.filter((each) => typeof each === "string");
  if (listed.length > MOST_STATEMENTS) unread.push(UNKNOWN_DISEASE);
  if (others.length > 0) pass.ofOtherDiseases = others;
  if (unread.length > 0) pass.notUnderstood = [...new Set(unread)];
}

function testOf(fields: z.infer<typeof TestFields>): NucleicAcidTest {
  const [result, sampledAtMs, reportedAtMs] = fields;
  return { result, sampledAtMs, ...(reportedAtMs === undefined ? {} : { reportedAtMs }) };
}

function dosesOf([doses, dosesNeeded, lastDoseAtMs]: z.infer<typeof DoseFields>): Vaccination {
  return { doses, lastDoseAtMs, ...(dosesNeeded > 0 ? { dosesNeeded } : {}) };
}

/** A statement of another disease; undefined where a later version of the format has another kind. */
function otherOf([about, field, ...fields]: number[]): OtherDiseaseStatement | undefined {
  const disease = diseaseOfSnomed(String(about));
  if (field === NUCLEIC_ACID_TEST) {
    const { data } = TestFields.safeParse(fields);
    return data === undefined ? undefined : { disease, kind: "nucleic-acid-test", ...testOf(data) };
  }
  if (field === ANTIGEN_TEST) {
    const { data } = AntigenFields.safeParse(fields);
    return data === undefined ? undefined : { disease, kind: "antigen-test", ...testOf(data) };
  }
  if (field === VACCINATION) {
    const { data } = DoseFields.safeParse(fields);
    return data === undefined ? undefined : { disease, kind: "vaccination", ...dosesOf(data) };
  }
  return undefined;
}
