/**
 * The ICAO visible digital seal for non-constrained environments: JSON, signed in its canonical
 * form by a certificate it carries, which a country signing authority has issued (ICAO Technical
 * Report VDS-NC, version 1.4).
 */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Evidence, TestResult } from "../core/evidence.ts";
import type { Reason } from "../core/reason.ts";
import { canonicalJson } from "./canonical-json.ts";
import { verifySignature } from "./cose.ts";
import { maskName, pseudonymOfPerson } from "./identity.ts";
import { malformed, reason, refused, type Verified, type VerifyContext } from "./outcome.ts";

const KIND = "vds-nc";

/** Extended key usage of signers of health seals (ICAO Doc 9303-12). */
const HEALTH_SIGNER = "2.23.136.1.1.14.2";

const Person = z.looseObject({
  n: z.string().min(1).max(100),
  dob: z.string().max(10).optional(),
  i: z.string().max(40).optional(),
});
const Vaccination = z.looseObject({
  uvci: z.string().max(100),
  pid: Person,
  ve: z
    .array(
      z.looseObject({
        des: z.string(),
        nam: z.string(),
        vd: z
          .array(z.looseObject({ dvc: z.iso.date(), seq: z.number().int().min(1).max(99) }))
          .min(1),
      }),
    )
    .min(1),
});
const Test = z.looseObject({
  utci: z.string().max(100),
  pid: Person,
  dat: z.looseObject({ sc: z.string(), ri: z.string().optional() }),
  tr: z.looseObject({ tc: z.string(), r: z.string() }),
});
const Header = z.looseObject({ v: z.literal(1), is: z.string().regex(/^[A-Z<]{3}$/) });
const Signature = z.looseObject({
  alg: z.enum(["ES256", "ES384"]),
  cer: z.string(),
  sigvl: z.string(),
});
const Seal = z.object({
  data: z.union([
    z.looseObject({ hdr: Header.extend({ t: z.literal("icao.vacc") }), msg: Vaccination }),
    z.looseObject({ hdr: Header.extend({ t: z.literal("icao.test") }), msg: Test }),
  ]),
  sig: Signature,
});
type Seal = z.infer<typeof Seal>;

/** Whether JSON looks like a seal at all. */
export function looksLikeSeal(json: unknown): boolean {
  return typeof json === "object" && json !== null && "data" in json && "sig" in json;
}

/** Verifies a seal from its parsed JSON. */
export function verifyVdsNc(json: unknown, context: VerifyContext): Verified {
  const read = Seal.safeParse(json);
  if (!read.success) {
    const path = read.error.issues[0]?.path.join(".") ?? "";
    return refused(KIND, reason("schema-violation", { path }));
  }
  const { data, sig } = read.data;
  // What was signed is the text's own data, also where the schema knows nothing of a field.
  const signed = canonicalJson((json as { data: unknown }).data);
  const certificate = certificateOf(sig.cer);
  if (signed === undefined) return malformed(KIND, "json");
  if (certificate === undefined) return malformed(KIND, "claims", "sig.cer");
  const genuine = verifySignature(
    sig.alg,
    certificate.publicKey,
    Buffer.from(signed, "utf8"),
    Buffer.from(sig.sigvl, "base64url"),
  );
  const { problems, setAsOfMs } = chain(certificate, context);
  const reasons = genuine ? problems : [reason("signature-invalid"), ...problems];
  const number = data.hdr.t === "icao.vacc" ? String(data.msg["uvci"]) : String(data.msg["utci"]);
  const hit = context.revocation.find(KIND, number);
  if (hit !== undefined) reasons.push(reason(hit.verdict));
  const trusted = genuine && setAsOfMs !== undefined;
  return describe(read.data, trusted ? setAsOfMs : undefined, reasons, context);
}

function certificateOf(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(text, "base64url"));
  } catch {
    return undefined;
  }
}

/** Whether an authority trusted here issued the signer's certificate, and whether both are in force. */
function chain(
  certificate: X509Certificate,
  { at, trust }: VerifyContext,
): { problems: Reason[]; setAsOfMs?: number } {
  const found = trust
    .anchorsFor(certificate)
    .find(
      (anchor) =>
        isSame(anchor.certificate, certificate) || issued(anchor.certificate, certificate),
    );
  if (found === undefined) {
    return { problems: [reason("issuer-unknown", { issuer: oneLine(certificate.issuer) })] };
  }
  const problems: Reason[] = [];
  if (![certificate, found.certificate].every((each) => isInForce(each, at.wallMs))) {
    problems.push(reason("issuer-expired", { notAfterMs: certificate.validToDate.getTime() }));
  }
  const usages = certificate.keyUsage ?? [];
  if (usages.length > 0 && !usages.includes(HEALTH_SIGNER)) {
    problems.push(reason("issuer-not-allowed", { keyUsage: usages.join(" ") }));
  }
  return { problems, setAsOfMs: found.setAsOfMs };
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}

function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  // A signer's own certificate must never pass for an authority.
  if (!authority.ca || authority.subject !== certificate.issuer) return false;
  return certificate.verify(authority.publicKey);
}

function isInForce(certificate: X509Certificate, atMs: number): boolean {
  return atMs >= certificate.validFromDate.getTime() && atMs <= certificate.validToDate.getTime();
}

const oneLine = (name: string): string => name.replaceAll("\n", ", ");

function describe(
  seal: Seal,
  setAsOfMs: number | undefined,
  reasons: Reason[],
  { at, districtKey, revocation }: VerifyContext,
): Verified {
  const { hdr, msg } = seal.data;
  const { n: name, dob = "" } = msg.pid;
  const year = Number(dob.slice(0, 4));
  const verified: Verified = {
    kind: KIND,
    holds: reasons.length === 0 && setAsOfMs !== undefined,
    reasons,
    holder: {
      pseudonym: pseudonymOfPerson(districtKey, name.replaceAll(/\s+/g, " "), dob),
      maskedName: maskName(name),
      ...(year > 0 ? { birthYear: year } : {}),
    },
    issuer: hdr.is,
    evidence: [],
  };
  if (setAsOfMs === undefined) return verified;
  verified.basis = "trust-list";
  verified.basisAsOfMs = Math.min(setAsOfMs, revocation.asOfMs(KIND) ?? Infinity);
  const common = {
    trust: "verified" as const,
    source: { name: "code-reader", detail: hdr.is },
    observedAt: at,
  };
  const { data } = seal;
  verified.evidence =
    data.hdr.t === "icao.vacc"
      ? vaccination(data.msg as z.infer<typeof Vaccination>, common)
      : test(data.msg as z.infer<typeof Test>, common);
  return verified;
}

type Common = Pick<Evidence, "trust" | "source" | "observedAt">;

function vaccination({ ve }: z.infer<typeof Vaccination>, common: Common): Evidence[] {
  const doses = ve
    .flatMap(({ nam, vd }) => vd.map(({ dvc, seq }) => ({ nam, seq, atMs: Date.parse(dvc) })))
    .sort((a, b) => a.atMs - b.atMs);
  const last = doses.at(-1);
  if (last === undefined) return [];
  return [
    {
      id: "vaccination-1",
      kind: "vaccination",
      doses: Math.max(doses.length, ...doses.map(({ seq }) => seq)),
      lastDoseAtMs: last.atMs,
      product: last.nam,
      ...common,
    },
  ];
}

const RESULTS: Readonly<Record<string, TestResult>> = {
  negative: "negative",
  normal: "negative",
  positive: "positive",
  abnormal: "positive",
};

function test({ dat, tr }: z.infer<typeof Test>, common: Common): Evidence[] {
  const result = RESULTS[tr.r.toLowerCase()];
  const sampledAtMs = Date.parse(dat.sc);
  const reportedAtMs = Date.parse(dat.ri ?? "");
  if (result === undefined || Number.isNaN(sampledAtMs)) return [];
  const type = tr.tc.toLowerCase();
  if (type === "antigen") {
    return [{ id: "antigen-1", kind: "antigen-test", result, sampledAtMs, ...common }];
  }
  if (!type.startsWith("molecular")) return [];
  return [
    {
      id: "nat-1",
      kind: "nucleic-acid-test",
      result,
      sampledAtMs,
      ...(Number.isNaN(reportedAtMs) ? {} : { reportedAtMs }),
      ...common,
    },
  ];
}
