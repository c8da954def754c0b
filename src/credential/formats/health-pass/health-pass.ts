/**
 * The health pass, `DS1:`: a CWT in COSE_Sign1, deflated, in base45. docs/health-pass.md describes it
 * byte for byte; the names of its fields are there.
 */
import { deflateRawSync } from "node:zlib";
import { COVID_19 } from "../../../core/evidence/disease.ts";
import type { Evidence } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { DAY_MS, MINUTE_MS, type Instant } from "../../../core/time.ts";
import { decodeTrimmedBase45, encodeBase45 } from "../../codecs/base45.ts";
import { encodeCbor } from "../../codecs/cbor.ts";
import { parseSign1, signSign1, verifySign1 } from "../../codecs/cose.ts";
import { inflate } from "../../codecs/inflate.ts";
import type { CredentialFormat, SignedBy } from "../../format.ts";
import {
  malformed,
  schemaViolation,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import type { IssuerKey } from "./issuer-key.ts";
import { hexNumber } from "../../trust/revocation-number.ts";
import type { FoundKey } from "../../trust/trust.ts";
import { verifiedStatement, verifySigned } from "../signed.ts";
import { findSigner } from "../signer.ts";
import {
  claimsOf,
  parsePass,
  type HealthPass,
  type HealthPassContent,
} from "./health-pass-content.ts";

export type {
  HealthPass,
  HealthPassContent,
  OtherDiseaseStatement,
} from "./health-pass-content.ts";
export { createIssuerKey, trustOfIssuers, type IssuerKey } from "./issuer-key.ts";

export const HEALTH_PASS_PREFIX = "DS1:";

const SIGNED = {
  trustUse: "health-pass",
  revocation: [{ namespace: "health-pass", normalise: hexNumber(8) }],
} as const satisfies SignedBy;

/** The health pass of this system, live on a phone or on paper. */
export const healthPass = {
  name: "health-pass",
  kinds: ["health-pass-live", "health-pass-paper"],
  code: {
    shapes: ["^\\s*DS\\w?:"],
    recognise(text) {
      if (text.startsWith(HEALTH_PASS_PREFIX)) return "recognised";
      return /^DS\w?:/i.test(text) ? "wrong-prefix" : undefined;
    },
    verify: verifyHealthPass,
  },
  signed: SIGNED,
} as const satisfies CredentialFormat;

/** How long a pass lives unless its issuer sets less: a live code on a phone, and a paper one. */
export const LIVE_LIFETIME_MS = 30 * MINUTE_MS;
export const PAPER_LIFETIME_MS = 180 * DAY_MS;

/** Issues a pass: the text of its code. With an EdDSA key the same content gives the same text. */
export function issueHealthPass(key: IssuerKey, content: HealthPassContent): string {
  const lifetimeMs = content.form === "live" ? LIVE_LIFETIME_MS : PAPER_LIFETIME_MS;
  const pass: HealthPass = {
    ...content,
    validUntilMs: content.validUntilMs ?? content.issuedAtMs + lifetimeMs,
  };
  if (pass.issuedAtMs < key.notBeforeMs || pass.validUntilMs > key.notAfterMs) {
    const span = [key.notBeforeMs, key.notAfterMs].map((ms) => new Date(ms).toISOString());
    throw new RangeError(
      `key ${key.keyId} signs from ${span.join(" until ")}; the pass goes beyond`,
    );
  }
  const payload = encodeCbor(claimsOf(pass));
  const keyId = Buffer.from(key.keyId, "hex");
  const message = signSign1(key.algorithm, new Uint8Array(keyId), key.privateKey, payload);
  return HEALTH_PASS_PREFIX + encodeBase45(deflateRawSync(message, { level: 9 }));
}

/** Verifies a text that begins with `DS1:`. */
function verifyHealthPass(text: string, context: VerificationContext): Verification {
  const [live] = healthPass.kinds;
  const packed = decodeTrimmedBase45(text.slice(HEALTH_PASS_PREFIX.length));
  if (packed === undefined) return malformed(live, "base45");
  const bytes = inflate(packed, "raw");
  if (bytes === undefined) return malformed(live, "compression");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(live, "cose");
  const parsed = parsePass(message.payload);
  if ("errorPath" in parsed) return schemaViolation(live, parsed.errorPath);
  const { pass } = parsed;
  const keyId = Buffer.from(message.keyId ?? []).toString("hex");
  const signer = findSigner(
    context.trust.find(SIGNED.trustUse, keyId),
    keyId,
    (each) => verifySign1(message, each),
    context.at,
  );
  const { serial, holder, issuedAtMs, notBeforeMs, validUntilMs } = pass;
  return verifySigned(
    SIGNED,
    {
      kind: pass.form === "live" ? live : "health-pass-paper",
      credentialId: serial,
      holder,
      issuer: signer.key && (signer.key.issuer ?? signer.key.keyId),
      issuedAtMs,
      notBeforeMs,
      validUntilMs,
      ...(pass.form === "paper" ? { supportingDocument: "id-card" } : {}),
      signer,
      problems: ageProblems(pass, context.at),
      revocationNumbers: [{ namespace: "health-pass", number: serial }],
      revocationParams: { issuedAtMs },
      evidence: (key) => evidenceOf(pass, key, context.at),
    },
    context,
  );
}

/** A live code that ran out is to be refreshed, not renewed: its reason has the times for that. */
function ageProblems(
  { form, issuedAtMs, validUntilMs }: HealthPass,
  { wallMs }: Instant,
): Reason[] {
  if (form !== "live" || wallMs < validUntilMs) return [];
  const maxAgeMinutes = Math.round((validUntilMs - issuedAtMs) / MINUTE_MS);
  const params = { issuedAtMs, ageMs: wallMs - issuedAtMs, maxAgeMinutes };
  return [{ code: "live-code-too-old", params }];
}

function evidenceOf(pass: HealthPass, key: FoundKey, at: Instant): Evidence[] {
  const { colour, nucleicAcidTest, antigenTest, vaccination } = pass;
  const { ofOtherDiseases = [], notUnderstood = [] } = pass;
  const common = {
    ...verifiedStatement(`${key.issuer ?? "issuer"} ${key.keyId}`, pass.issuedAtMs, at),
    validUntilMs: pass.validUntilMs,
  };
  // The format defines it so: these three are about COVID-19 (docs/health-pass.md).
  const disease = COVID_19;
  const evidence: Evidence[] = [];
  if (colour !== undefined) {
    evidence.push({ id: "colour-1", kind: "code-colour", colour, ...common });
  }
  if (nucleicAcidTest !== undefined) {
    const kind = "nucleic-acid-test";
    evidence.push({ id: "nat-1", kind, disease, ...nucleicAcidTest, ...common });
  }
  if (antigenTest !== undefined) {
    evidence.push({ id: "antigen-1", kind: "antigen-test", disease, ...antigenTest, ...common });
  }
  if (vaccination !== undefined) {
    evidence.push({ id: "vaccination-1", kind: "vaccination", disease, ...vaccination, ...common });
  }
  for (const [index, statement] of ofOtherDiseases.entries()) {
    evidence.push({ id: `other-${index + 1}`, ...statement, ...common });
  }
  for (const [index, about] of notUnderstood.entries()) {
    // As new as the pass: an older statement of that disease must not hide it.
    const unread = { disease: about, result: "unknown", sampledAtMs: pass.issuedAtMs } as const;
    evidence.push({ id: `unread-${index + 1}`, kind: "other-test", ...unread, ...common });
  }
  return evidence;
}
