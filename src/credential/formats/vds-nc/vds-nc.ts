/**
 * The ICAO visible digital seal for non-constrained environments: JSON, signed in its canonical
 * form by a certificate it carries, which a country signing authority has issued (ICAO Technical
 * Report VDS-NC, version 1.4).
 */
import { createHash, X509Certificate } from "node:crypto";
import { z } from "zod";
import {
  COVID_19,
  UNKNOWN_DISEASE,
  diseaseOfIcd,
  type Disease,
} from "../../../core/evidence/disease.ts";
import type { Evidence, TestResult } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { canonicalJson } from "../../codecs/canonical-json.ts";
import { verifySignature } from "../../codecs/cose.ts";
import { doseEvents, timeSpanOf } from "../../clinical/dose-events.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import { isBirthDate, timeOf } from "../../../base/dates.ts";
import {
  malformed,
  reason,
  invalid,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { basisOf, isActiveAt, fewestProblems, revocationProblems } from "../signed.ts";
import type { FoundAnchor } from "../../trust/trust.ts";
import { commonDisease, diseaseOfIcdVaccine } from "../../clinical/value-sets.ts";

const KIND = "vds-nc";

/** Extended key usage of signers of health seals (ICAO Doc 9303-12). */
const HEALTH_SIGNER = "2.23.136.1.1.14.2";

/** ISO 8601, of a day or a moment that exists. */
const time = z.string().refine((text) => !Number.isNaN(timeOf(text)));
const day = time.refine((text) => !/t/i.test(text));

const Person = z.looseObject({
  n: z.string().min(1).max(100),
  // Empty where it is not known.
  dob: z
    .string()
    .refine((text) => text === "" || isBirthDate(text))
    .optional(),
  i: z.string().max(40).optional(),
});
const Vaccination = z.looseObject({
  uvci: z.string().max(100),
  pid: Person,
  ve: z
    .array(
      z.looseObject({
        des: z.string(),
        nam: z.string().max(200),
        dis: z.unknown().optional(),
        vd: z.array(z.looseObject({ dvc: day, seq: z.number().int().min(1).max(99) })).min(1),
      }),
    )
    .min(1),
});
const Test = z.looseObject({
  utci: z.string().max(100),
  pid: Person,
  dat: z.looseObject({ sc: time, ri: time.optional() }),
  tr: z.looseObject({ tc: z.string().max(200), r: z.string() }),
});
const HEADER = { v: z.literal(1), is: z.string().regex(/^[A-Z<]{3}$/) };
const Signature = z.looseObject({
  alg: z.enum(["ES256", "ES384", "ES512"]),
  cer: z.string(),
  sigvl: z.string(),
});
/** Told by the type in the header, so that a fault is named in the message it stands in. */
const AnySeal = z.object({
  data: z.looseObject({ hdr: z.looseObject({ t: z.enum(["icao.vacc", "icao.test"]) }) }),
  sig: Signature,
});
const VaccinationSeal = z.object({
  data: z.looseObject({
    hdr: z.looseObject({ t: z.literal("icao.vacc"), ...HEADER }),
    msg: Vaccination,
  }),
});
const TestSeal = z.object({
  data: z.looseObject({
    hdr: z.looseObject({ t: z.literal("icao.test"), ...HEADER }),
    msg: Test,
  }),
});

/** A seal whose every field is in order. */
interface Seal {
  issuer: string;
  person: z.infer<typeof Person>;
  /** What revocation names it by. */
  number: string;
  signature: z.infer<typeof Signature>;
  evidence: (common: Common) => Evidence[];
}

/** Whether JSON looks like a seal at all. */
export function looksLikeSeal(json: unknown): boolean {
  return typeof json === "object" && json !== null && "data" in json && "sig" in json;
}

/** Verifies a seal from its parsed JSON. */
export function verifyVdsNc(json: unknown, context: VerificationContext): Verification {
  const seal = readSeal(json);
  if ("fault" in seal) return invalid(KIND, reason("schema-violation", { path: seal.fault }));
  // What was signed is the text's own data, also where the schema knows nothing of a field.
  const signed = canonicalJson((json as { data: unknown }).data);
  const certificate = certificateOf(seal.signature.cer);
  if (signed === undefined) return malformed(KIND, "json");
  if (certificate === undefined) return malformed(KIND, "claims", "sig.cer");
  const genuine = isGenuine(seal.signature, certificate, Buffer.from(signed, "utf8"));
  const { problems, setAsOfMs } = chain(certificate, context);
  const reasons = genuine ? problems : [reason("signature-invalid"), ...problems];
  reasons.push(
    ...revocationProblems(context.revocation.find(KIND, seal.number, undefined, context.at)),
  );
  const trusted = genuine && setAsOfMs !== undefined;
  return {
    ...describe(seal, trusted ? setAsOfMs : undefined, reasons, context),
    identity: createHash("sha256").update(signed, "utf8").digest("base64url"),
  };
}

function readSeal(json: unknown): Seal | { fault: string } {
  const any = AnySeal.safeParse(json);
  if (!any.success) return faultOf(any.error);
  const signature = any.data.sig;
  if (any.data.data.hdr.t === "icao.vacc") {
    const read = VaccinationSeal.safeParse(json);
    if (!read.success) return faultOf(read.error);
    const { hdr, msg } = read.data.data;
    const evidence = (common: Common) => vaccination(msg, common);
    return { issuer: hdr.is, person: msg.pid, number: msg.uvci, signature, evidence };
  }
  const read = TestSeal.safeParse(json);
  if (!read.success) return faultOf(read.error);
  const { hdr, msg } = read.data.data;
  const evidence = (common: Common) => test(msg, common);
  return { issuer: hdr.is, person: msg.pid, number: msg.utci, signature, evidence };
}

function faultOf({ issues }: z.ZodError): { fault: string } {
  return { fault: issues[0]?.path.join(".") ?? "" };
}

/** The report says how ECDSA's numbers are meant only by its example, in DER; states write them plain. */
function isGenuine(
  { alg, sigvl }: z.infer<typeof Signature>,
  { publicKey }: X509Certificate,
  data: Uint8Array,
): boolean {
  const signature = Buffer.from(sigvl, "base64url");
  return (["ieee-p1363", "der"] as const).some((encoding) =>
    verifySignature(alg, publicKey, data, signature, encoding),
  );
}

function certificateOf(text: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(text, "base64url"));
    // The key is only read when it is asked for, and may be of no kind that exists.
    return certificate.publicKey.asymmetricKeyType === undefined ? undefined : certificate;
  } catch {
    return undefined;
  }
}

/** Whether an authority trusted here issued the signer's certificate, and whether both are in force. */
function chain(
  certificate: X509Certificate,
  { at, trust }: VerificationContext,
): { problems: Reason[]; setAsOfMs?: number } {
  // An authority may stand here several times: renewed under the same key, or in two sets.
  const found = trust
    .anchorsFor(certificate)
    .filter(
      (anchor) =>
        isSame(anchor.certificate, certificate) || issued(anchor.certificate, certificate),
    )
    .map((anchor) => ({
      problems: spanProblems(certificate, anchor, at.wallMs),
      setAsOfMs: anchor.setAsOfMs,
    }));
  if (found.length === 0) {
    return { problems: [reason("issuer-unknown", { issuer: oneLine(certificate.issuer) })] };
  }
  const { problems, setAsOfMs } = fewestProblems(found);
  const usages = certificate.keyUsage ?? [];
  if (usages.length > 0 && !usages.includes(HEALTH_SIGNER)) {
    problems.push(reason("issuer-not-allowed", { keyUsage: usages.join(" ") }));
  }
  return { problems, setAsOfMs };
}

/** Signer and authority must both be in force, and the set the authority stands in. */
function spanProblems(certificate: X509Certificate, anchor: FoundAnchor, atMs: number): Reason[] {
  const notBeforeMs = certificate.validFromDate.getTime();
  const notAfterMs = certificate.validToDate.getTime();
  const both = isActiveAt({ notBeforeMs, notAfterMs }, atMs) && isActiveAt(anchor, atMs);
  return both ? [] : [reason("issuer-expired", { notAfterMs })];
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}

function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  // A signer's own certificate must never pass for an authority.
  if (!authority.ca || authority.subject !== certificate.issuer) return false;
  return certificate.verify(authority.publicKey);
}

const oneLine = (name: string): string => name.replaceAll("\n", ", ");

function describe(
  { issuer, person, evidence }: Seal,
  setAsOfMs: number | undefined,
  reasons: Reason[],
  { at, districtKey, revocation }: VerificationContext,
): Verification {
  const { n: name, dob = "" } = person;
  const year = Number(dob.slice(0, 4));
  const verified: Verification = {
    kind: KIND,
    holds: reasons.length === 0 && setAsOfMs !== undefined,
    reasons,
    holder: {
      pseudonym: pseudonymOfNameAndBirth(districtKey, name.replaceAll(/\s+/g, " "), dob),
      maskedName: maskName(name),
      ...(year > 0 ? { birthYear: year } : {}),
    },
    issuer,
    evidence: [],
  };
  if (setAsOfMs === undefined) return verified;
  Object.assign(verified, basisOf(setAsOfMs, [KIND], { revocation, at }));
  verified.evidence = evidence({
    trust: "verified",
    source: { name: "code-reader", detail: issuer },
    observedAt: at,
  });
  return verified;
}

type Common = Pick<Evidence, "trust" | "source" | "observedAt">;

/**
 * The highest dose number that is believed: published certificates go up to 12
 * (dcc-quality-assurance), and what lies far beyond is a slip of somebody's pen.
 */
const HIGHEST_DOSE_NUMBER = 12;

function vaccination({ ve }: z.infer<typeof Vaccination>, common: Common): Evidence[] {
  const doses = ve.flatMap((each) =>
    each.vd.flatMap(({ dvc, seq }) => {
      const span = timeSpanOf(dvc);
      return span === undefined ? [] : [{ disease: diseaseOf(each), nam: each.nam, seq, ...span }];
    }),
  );
  const diseases = [...new Set(doses.map(({ disease }) => disease))];
  return diseases.flatMap((disease, index): Evidence[] => {
    const events = doseEvents(doses.filter((dose) => dose.disease === disease));
    const last = events.at(-1);
    if (last === undefined) return [];
    // `seq` is the number of the dose (VDS-NC, table of proof of vaccination): the third dose comes
    // after two others, also where they stand in another seal. It is no count of what stands here.
    const numbers = events
      .map((event) => Math.min(...event.map(({ seq }) => seq)))
      .filter((seq) => seq <= HIGHEST_DOSE_NUMBER);
    const [{ fromMs, nam }] = last;
    return [
      {
        id: `vaccination-${index + 1}`,
        kind: "vaccination",
        disease,
        doses: Math.max(events.length, ...numbers),
        lastDoseAtMs: fromMs,
        ...(nam === "" ? {} : { product: nam }),
        ...common,
      },
    ];
  });
}

/** What the seal says it is against, together with what its vaccine is against. */
function diseaseOf({ des, dis }: { des: string; dis?: unknown }): Disease {
  const said = typeof dis === "string" ? diseaseOfIcd(dis) : UNKNOWN_DISEASE;
  return commonDisease([said, diseaseOfIcdVaccine(des)]);
}

const RESULTS: ReadonlyMap<string, TestResult> = new Map([
  ["negative", "negative"],
  ["normal", "negative"],
  ["positive", "positive"],
  ["abnormal", "positive"],
]);

function test({ dat, tr }: z.infer<typeof Test>, common: Common): Evidence[] {
  const type = tr.tc.trim().toLowerCase();
  // An immune answer is no infection, and none is no absence of one.
  if (type.startsWith("antibod")) return [];
  const result = RESULTS.get(tr.r.trim().toLowerCase()) ?? "unknown";
  const span = timeSpanOf(dat.sc);
  const reportedAtMs = timeOf(dat.ri ?? "");
  const tested = {
    // A proof of testing is one of COVID-19 (VDS-NC, proof of testing); it has no field to say so.
    disease: COVID_19,
    result: span !== undefined || result === "positive" ? result : ("unknown" as const),
    sampledAtMs: span?.fromMs ?? common.observedAt.wallMs,
    // Of a day the sample may have been taken until its end.
    ...(span === undefined || span.untilMs === span.fromMs ? {} : { sampledUntilMs: span.untilMs }),
  };
  if (type === "antigen") return [{ id: "antigen-1", kind: "antigen-test", ...tested, ...common }];
  if (!type.startsWith("molecular")) {
    const named = type === "" ? {} : { test: tr.tc.trim() };
    return [{ id: "test-1", kind: "other-test", ...tested, ...named, ...common }];
  }
  return [
    {
      id: "nat-1",
      kind: "nucleic-acid-test",
      ...tested,
      ...(Number.isNaN(reportedAtMs) ? {} : { reportedAtMs }),
      ...common,
    },
  ];
}
