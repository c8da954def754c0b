/**
 * The health pass, `DS1:`: a CWT in COSE_Sign1, deflated, in base45. docs/operators/health-pass.md describes it
 * byte for byte; the names of its fields are there.
 */
import { deflateRawSync } from "node:zlib";
import { COVID_19 } from "../../../core/evidence/disease.ts";
import type { Evidence } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { decodeTrimmedBase45, encodeBase45 } from "../../codecs/base45.ts";
import { encodeCbor } from "../../codecs/cbor.ts";
import { parseSign1, signSign1, verifySign1 } from "../../codecs/cose.ts";
import {
  claimsOf,
  parsePass,
  type HealthPass,
  type HealthPassContent,
} from "./health-pass-content.ts";
import { inflate } from "../../codecs/inflate.ts";
import type { IssuerKey } from "../../trust/issuer-key.ts";
import {
  malformed,
  reason,
  invalid,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { basisOf, revocationProblems, findSigner, validityProblems } from "../signed.ts";
import type { FoundKey } from "../../trust/trust.ts";

export type {
  HealthPass,
  HealthPassContent,
  OtherDiseaseStatement,
} from "./health-pass-content.ts";
export { createIssuerKey, trustOfIssuers, type IssuerKey } from "../../trust/issuer-key.ts";

export const HEALTH_PASS_PREFIX = "DS1:";

/** How long a pass lives unless its issuer says less: a live code on a phone, and a paper one. */
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
export function verifyHealthPass(text: string, context: VerificationContext): Verification {
  const kind = "health-pass-live";
  const packed = decodeTrimmedBase45(text.slice(HEALTH_PASS_PREFIX.length));
  if (packed === undefined) return malformed(kind, "base45");
  const bytes = inflate(packed, "raw");
  if (bytes === undefined) return malformed(kind, "compression");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(kind, "cose");
  const read = parsePass(message.payload);
  if ("fault" in read) return invalid(kind, reason("schema-violation", { path: read.fault }));
  const { pass } = read;
  const keyId = Buffer.from(message.keyId ?? []).toString("hex");
  const { key, problems } = findSigner(
    context.trust.find("health-pass", keyId),
    keyId,
    (each) => verifySign1(message, each),
    context.at,
  );
  return describe(pass, key, [...problems, ...validity(pass, context)], context);
}

function validity(pass: HealthPass, { at, revocation }: VerificationContext): Reason[] {
  const { issuedAtMs, validUntilMs, serial } = pass;
  const isOver = pass.form === "live" && at.wallMs >= validUntilMs;
  return [
    ...(isOver ? [tooOld(pass, at.wallMs)] : []),
    ...validityProblems({ issuedAtMs, validUntilMs }, at, "excluded"),
    ...revocationProblems(revocation.find("health-pass", serial, issuedAtMs, at), { issuedAtMs }),
  ];
}

/** A live code that ran out is told to be refreshed, with its time, rather than to be renewed. */
function tooOld({ issuedAtMs, validUntilMs }: HealthPass, atMs: number): Reason {
  const maxAgeMinutes = Math.round((validUntilMs - issuedAtMs) / MINUTE_MS);
  const params = { issuedAtMs, ageMs: atMs - issuedAtMs, maxAgeMinutes };
  return { code: "live-code-too-old", params };
}

function describe(
  pass: HealthPass,
  key: FoundKey | undefined,
  reasons: Reason[],
  { at, revocation }: VerificationContext,
): Verification {
  const holds = reasons.length === 0 && key !== undefined;
  const verified: Verification = {
    kind: pass.form === "live" ? "health-pass-live" : "health-pass-paper",
    holds,
    reasons,
    identity: pass.serial,
    holder: pass.holder,
    issuedAtMs: pass.issuedAtMs,
    validUntilMs: pass.validUntilMs,
    // What nobody trusted has signed is not evidence of anything.
    evidence: key === undefined ? [] : evidenceOf(pass, key, at),
  };
  if (pass.form === "paper") verified.needsAlongside = "id-card";
  if (key !== undefined) {
    verified.issuer = key.issuer ?? key.keyId;
    Object.assign(verified, basisOf(key.setAsOfMs, ["health-pass"], { revocation, at }));
  }
  return verified;
}

function evidenceOf(pass: HealthPass, key: FoundKey, at: VerificationContext["at"]): Evidence[] {
  const common = {
    trust: "verified" as const,
    source: {
      name: "code-reader",
      detail: `${key.issuer ?? "issuer"} ${key.keyId}`,
      asOfMs: pass.issuedAtMs,
    },
    observedAt: at,
    validUntilMs: pass.validUntilMs,
  };
  const evidence: Evidence[] = [];
  const { colour, nucleicAcidTest, antigenTest, vaccination, ofOtherDiseases = [] } = pass;
  const { notUnderstood = [] } = pass;
  // The format says so: these three are about COVID-19 (docs/operators/health-pass.md).
  const disease = COVID_19;
  if (colour !== undefined) {
    evidence.push({ id: "colour-1", kind: "code-colour", colour, ...common });
  }
  if (nucleicAcidTest !== undefined) {
    evidence.push({
      id: "nat-1",
      kind: "nucleic-acid-test",
      disease,
      ...nucleicAcidTest,
      ...common,
    });
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
