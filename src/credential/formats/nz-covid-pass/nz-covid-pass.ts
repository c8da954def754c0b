/**
 * The New Zealand COVID Pass, `NZCP:/1/`: a CWT in COSE_Sign1, in base32, signed by a key of the
 * issuer's DID document (nzcp.covid19.health.nz, version 1.0).
 */
import { z } from "zod";
import type { Evidence } from "../../../core/evidence/evidence.ts";
import type { Instant } from "../../../core/time.ts";
import { LAST_SECOND, timeOf } from "../../../base/dates.ts";
import { decodeBase32 } from "../../codecs/base32.ts";
import { decodeCbor } from "../../codecs/cbor.ts";
import { parseSign1, verifySign1 } from "../../codecs/cose.ts";
import type { CredentialFormat, SignedBy } from "../../format.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import {
  malformed,
  schemaViolation,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { hexNumber } from "../../trust/revocation-number.ts";
import type { FoundKey } from "../../trust/trust.ts";
import { verifiedStatement, verifySigned } from "../signed.ts";
import { findSigner } from "../signer.ts";

const PREFIX = "NZCP:/1/";

const SIGNED = {
  trustUse: "nz-covid-pass",
  revocation: [{ namespace: "nz-covid-pass", normalise: hexNumber(16) }],
} as const satisfies SignedBy;

/** The New Zealand COVID Pass. */
export const nzCovidPass = {
  name: "nz-covid-pass",
  kinds: ["nz-covid-pass"],
  code: {
    shapes: ["^\\s*NZCP:"],
    recognise(text) {
      if (text.startsWith(PREFIX)) return "recognised";
      return /^NZCP:/i.test(text) ? "wrong-prefix" : undefined;
    },
    verify: (text, context) => verifyNzCovidPass(text.trimEnd(), context),
  },
  signed: SIGNED,
} as const satisfies CredentialFormat;

const second = z.number().int().min(0).max(LAST_SECOND);
const Pass = z.object({
  issuer: z.string().max(300).startsWith("did:web:"),
  notBefore: second,
  expires: second,
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
function verifyNzCovidPass(text: string, context: VerificationContext): Verification {
  const [kind] = nzCovidPass.kinds;
  const bytes = decodeBase32(text.slice(PREFIX.length));
  if (bytes === undefined) return malformed(kind, "base32");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(kind, "cose");
  const claims = decodeCbor(message.payload)?.value;
  if (!(claims instanceof Map)) return malformed(kind, "claims");
  const parsed = Pass.safeParse(fieldsOf(claims));
  if (!parsed.success) {
    return schemaViolation(kind, parsed.error.issues[0]?.path.join(".") ?? "");
  }
  const pass = parsed.data;
  const { issuer, subject } = pass;
  const id = Buffer.from(pass.id).toString("hex");
  const keyId = `${issuer}#${Buffer.from(message.keyId ?? []).toString("utf8")}`;
  const name = `${subject.familyName ?? ""} ${subject.givenName}`.trim();
  return verifySigned(
    SIGNED,
    {
      kind,
      credentialId: id,
      holder: {
        pseudonym: pseudonymOfNameAndBirth(context.districtKey, name, subject.dob),
        maskedName: maskName(name),
        birthYear: Number(subject.dob.slice(0, 4)),
      },
      issuer,
      issuedAtMs: pass.notBefore * 1000,
      validUntilMs: pass.expires * 1000,
      signer: findSigner(
        context.trust.find(SIGNED.trustUse, keyId),
        keyId,
        (each) => message.algorithm === "ES256" && verifySign1(message, each),
        context.at,
      ),
      revocationNumbers: [{ namespace: "nz-covid-pass", number: id }],
      evidence: (key) => evidenceOf(pass, key, context.at),
    },
    context,
  );
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

/** The pass states that its holder meets the rules, not by what: a standing, not a vaccination. */
function evidenceOf(pass: Pass, { keyId }: FoundKey, at: Instant): Evidence[] {
  const issuedAtMs = pass.notBefore * 1000;
  return [
    {
      id: "membership-1",
      kind: "membership",
      roles: pass.types.flatMap((type) => ROLES.get(type) ?? []),
      ...verifiedStatement(keyId, issuedAtMs, at),
      validFromMs: issuedAtMs,
      validUntilMs: pass.expires * 1000,
    },
  ];
}
