/**
 * The New Zealand COVID Pass, `NZCP:/1/`: a CWT in COSE_Sign1, in base32, signed by a key of the
 * issuer's DID document (nzcp.covid19.health.nz, version 1.0).
 */
import { z } from "zod";
import type { Reason } from "../../../core/reason.ts";
import { decodeBase32 } from "../../codecs/base32.ts";
import { decodeCbor } from "../../codecs/cbor.ts";
import { parseSign1, verifySign1 } from "../../codecs/cose.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import { LAST_SECOND, timeOf } from "../../../base/dates.ts";
import {
  malformed,
  reason,
  invalid,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { basisOf, revocationProblems, findSigner, validityProblems } from "../signed.ts";
import type { FoundKey } from "../../trust/trust.ts";

export const NZ_COVID_PASS_PREFIX = "NZCP:/1/";

const KIND = "nz-covid-pass";

const Pass = z.object({
  issuer: z.string().max(300).startsWith("did:web:"),
  notBefore: z.number().int().min(0).max(LAST_SECOND),
  expires: z.number().int().min(0).max(LAST_SECOND),
  id: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 16),
  version: z.literal("1.0.0"),
  types: z.array(z.string()).refine((types) => types[0] === "VerifiableCredential"),
  contexts: z
    .array(z.string())
    .refine((all) => all[0] === "https://www.w3.org/2018/credentials/v1"),
  subject: z.object({
    givenName: z.string().min(1).max(100),
    familyName: z.string().max(100).optional(),
    dob: z.string().refine((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(timeOf(text))),
  }),
});
type Pass = z.infer<typeof Pass>;

/** What the holder is, by the types of pass there are. */
const ROLES: ReadonlyMap<string, string> = new Map([["PublicCovidPass", "public-covid-pass"]]);

/** Verifies a text that begins with `NZCP:/1/`. */
export function verifyNzCovidPass(text: string, context: VerificationContext): Verification {
  const bytes = decodeBase32(text.slice(NZ_COVID_PASS_PREFIX.length));
  if (bytes === undefined) return malformed(KIND, "base32");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(KIND, "cose");
  const claims = decodeCbor(message.payload)?.value;
  if (!(claims instanceof Map)) return malformed(KIND, "claims");
  const read = Pass.safeParse(fieldsOf(claims));
  if (!read.success) {
    const path = read.error.issues[0]?.path.join(".") ?? "";
    return invalid(KIND, reason("schema-violation", { path }));
  }
  const pass = read.data;
  const keyId = `${pass.issuer}#${Buffer.from(message.keyId ?? []).toString("utf8")}`;
  const { key, problems } = findSigner(
    context.trust.find(KIND, keyId),
    keyId,
    (each) => message.algorithm === "ES256" && verifySign1(message, each),
    context.at,
  );
  return describe(pass, key, [...problems, ...validity(pass, context)], context);
}

function fieldsOf(claims: Map<unknown, unknown>): Record<string, unknown> {
  // CWT claims (RFC 8392 §4); `vc` goes by its name.
  const credential = asMap(claims.get("vc"));
  const subject = asMap(credential.get("credentialSubject"));
  return {
    issuer: claims.get(1),
    expires: claims.get(4),
    notBefore: claims.get(5),
    id: claims.get(7),
    version: credential.get("version"),
    types: credential.get("type"),
    contexts: credential.get("@context"),
    subject: Object.fromEntries([...subject].filter(([key]) => typeof key === "string")),
  };
}

function asMap(value: unknown): Map<unknown, unknown> {
  return value instanceof Map ? value : new Map<unknown, unknown>();
}

function validity(pass: Pass, { at, revocation }: VerificationContext): Reason[] {
  const issuedAtMs = pass.notBefore * 1000;
  const validUntilMs = pass.expires * 1000;
  const id = Buffer.from(pass.id).toString("hex");
  return [
    ...validityProblems({ issuedAtMs, validUntilMs }, at, "excluded"),
    ...revocationProblems(revocation.find(KIND, id, issuedAtMs, at)),
  ];
}

function describe(
  pass: Pass,
  key: FoundKey | undefined,
  reasons: Reason[],
  { at, districtKey, revocation }: VerificationContext,
): Verification {
  const { givenName, familyName = "", dob } = pass.subject;
  const issuedAtMs = pass.notBefore * 1000;
  const validUntilMs = pass.expires * 1000;
  const name = `${familyName} ${givenName}`.trim();
  const verified: Verification = {
    kind: KIND,
    holds: reasons.length === 0 && key !== undefined,
    reasons,
    identity: Buffer.from(pass.id).toString("hex"),
    holder: {
      pseudonym: pseudonymOfNameAndBirth(districtKey, name, dob),
      maskedName: maskName(name),
      birthYear: Number(dob.slice(0, 4)),
    },
    issuedAtMs,
    validUntilMs,
    issuer: pass.issuer,
    evidence: [],
  };
  if (key === undefined) return verified;
  Object.assign(verified, basisOf(key.setAsOfMs, [KIND], { revocation, at }));
  // The pass says that its holder meets the rules, not by what: that is a standing, not a vaccination.
  const roles = pass.types.flatMap((type) => ROLES.get(type) ?? []);
  const source = { name: "code-reader", detail: key.keyId, asOfMs: issuedAtMs };
  verified.evidence = [
    {
      id: "membership-1",
      kind: "membership",
      roles,
      trust: "verified",
      source,
      observedAt: at,
      validFromMs: issuedAtMs,
      validUntilMs,
    },
  ];
  return verified;
}
