/**
 * The SMART Health Card, `shc:/`: a JWS whose digits stand for characters, deflated, signed with
 * ES256 by a key the issuer publishes (spec.smarthealth.cards, versions 1.0 to 1.4).
 */
import { createHash, type X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Reason } from "../../../core/reason.ts";
import { verifySignature } from "../../codecs/cose.ts";
import { holderOfBundle, HealthBundle } from "./fhir-bundle.ts";
import { evidenceOfBundle } from "./fhir-evidence.ts";
import { inflate } from "../../codecs/inflate.ts";
import { LAST_SECOND } from "../../../base/dates.ts";
import { parseJson } from "../../../base/json.ts";
import {
  malformed,
  reason,
  invalid,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { thumbprintOf } from "../../trust/jwk.ts";
import {
  basisOf,
  revocationProblems,
  findSigner,
  validityProblems,
  type Signer,
} from "../signed.ts";
import type { FoundKey } from "../../trust/trust.ts";

export const SMART_HEALTH_CARD_PREFIX = "shc:/";

const KIND = "smart-health-card";

/** A pair of digits is a character's code less 45: every character of a JWS fits into 00 to 77. */
const FIRST_CHARACTER = 45;
const LAST_PAIR = 77;

/** A card in one code, or one part of a card in several. */
export type CardText = { jws: string } | { part: number; of: number; jws: string };

/** More parts than the largest card needs; the specification has since given parts up. */
export const MAX_PARTS = 16;

/** Reads the digits of `shc:/…` or `shc:/2/3/…`; undefined where they are none. */
export function decodeCardText(text: string): CardText | undefined {
  const match = /^shc:\/(?:([1-9]\d?)\/([1-9]\d?)\/)?((?:\d\d)+)$/.exec(text);
  if (match === null) return undefined;
  const [, part, of, digits = ""] = match;
  let jws = "";
  for (let index = 0; index < digits.length; index += 2) {
    const pair = Number(digits.slice(index, index + 2));
    if (pair > LAST_PAIR) return undefined;
    jws += String.fromCharCode(pair + FIRST_CHARACTER);
  }
  if (part === undefined || of === undefined) return { jws };
  if (Number(part) > Number(of) || Number(of) > MAX_PARTS) return undefined;
  return { part: Number(part), of: Number(of), jws };
}

const Header = z.object({
  alg: z.literal("ES256"),
  zip: z.literal("DEF"),
  kid: z.string().min(1),
  // No extension is understood here, and an empty list is not allowed (RFC 7515 §4.1.11).
  crit: z.undefined().optional(),
});
const Payload = z.looseObject({
  iss: z.string().max(500).refine(isIssuer),
  nbf: z.number().min(0).max(LAST_SECOND),
  exp: z.number().min(0).max(LAST_SECOND).optional(),
  vc: z.looseObject({
    type: z.array(z.string()).refine((types) => types.includes(HEALTH_CARD_TYPE)),
    credentialSubject: z.looseObject({
      // Resources are read as R4 has them (§ Modeling content: "4.0.*" is R4).
      fhirVersion: z.string().regex(/^4\.\d/),
      fhirBundle: HealthBundle,
    }),
    // Revocation ids are base64url, at most 24 characters (§ Revocation).
    rid: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,24}$/)
      .optional(),
  }),
});
type Payload = z.infer<typeof Payload>;

/** An https URL without query, fragment or a slash at its end (§ Determining keys associated with an issuer). */
function isIssuer(url: string): boolean {
  return /^https:\/\/[^/?#]/.test(url) && !/[?#]/.test(url) && !url.endsWith("/");
}

const HEALTH_CARD_TYPE = "https://smarthealth.cards#health-card";

/** Verifies a card as one compact JWS. */
export function verifySmartHealthCard(jws: string, context: VerificationContext): Verification {
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(jws);
  if (match === null) return malformed(KIND, "jws");
  const [, head = "", body = "", signature = ""] = match;
  const header = Header.safeParse(parseJson(Buffer.from(head, "base64url")));
  if (!header.success) {
    const field = String(header.error.issues[0]?.path[0] ?? "");
    // Without `zip` the payload is not deflated, which is a damage of its own.
    return field === "zip" ? malformed(KIND, "compression") : malformed(KIND, "jws", field);
  }
  const bytes = inflate(Buffer.from(body, "base64url"), "raw");
  if (bytes === undefined) return malformed(KIND, "compression");
  const json = parseJson(bytes);
  if (json === undefined) return malformed(KIND, "json");
  const payload = Payload.safeParse(json);
  if (!payload.success) {
    const path = payload.error.issues[0]?.path.join(".") ?? "";
    return invalid(KIND, reason("schema-violation", { path }));
  }
  const data = Buffer.from(`${head}.${body}`, "ascii");
  const signed = { data, signature: Buffer.from(signature, "base64url") };
  const { key, problems } = signer(header.data.kid, payload.data.iss, signed, context);
  const reasons = [...problems, ...validity(payload.data, key, context)];
  const identity = createHash("sha256").update(data).digest("base64url");
  return describe({ payload: payload.data, identity }, key, reasons, context);
}

function signer(
  keyId: string,
  issuer: string,
  signed: { data: Uint8Array; signature: Uint8Array },
  { trust, at }: VerificationContext,
): Signer {
  const candidates = trust.find(KIND, keyId);
  const hasSigned = ({ publicKey }: FoundKey): boolean =>
    publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1" &&
    verifySignature("ES256", publicKey, signed.data, signed.signature);
  const found = findSigner(candidates, keyId, hasSigned, at, (key) => notFor(key, keyId, issuer));
  if (found.key === undefined) return found;
  // Which of the sets announces the issuer's revocation list does not matter: the key is the same.
  const announced = candidates
    .filter((each) => each.publicKey.equals(found.key?.publicKey ?? each.publicKey))
    .filter((each) => each.issuer === undefined || each.issuer === issuer)
    .flatMap(({ crlVersion }) => crlVersion ?? []);
  if (announced.length > 0) found.key = { ...found.key, crlVersion: Math.max(...announced) };
  return found;
}

/** Why a key that signed may not have: another's name, another issuer, a chain that is not its own. */
function notFor(key: FoundKey, keyId: string, issuer: string): Reason[] {
  const problems: Reason[] = [];
  // A key goes by its own thumbprint and by no other name (§ Generating cryptographic keys).
  const thumbprint = thumbprintOf(key.publicKey);
  if (thumbprint !== keyId) problems.push(reason("issuer-not-allowed", { keyId, thumbprint }));
  if (key.issuer !== undefined && key.issuer !== issuer) {
    problems.push(reason("issuer-not-allowed", { keyId, issuer }));
  }
  if (key.chain !== undefined) {
    const problem = chainProblem(key.chain, key, issuer);
    if (problem !== undefined) problems.push(reason(problem, { keyId }));
  }
  return problems;
}

/**
 * A key's own certificate chain: for this key and issuer, each certificate signed by the next. The
 * chain's dates do not count: what makes a key trusted here is that the issuer's key set, which has an
 * age and an end of its own, lists it. The chain is a second statement about whose it is; only a
 * verifier that starts from certificate authorities needs it to be in force (§ Trust frameworks).
 */
function chainProblem(
  chain: readonly X509Certificate[],
  key: FoundKey,
  issuer: string,
): "issuer-not-allowed" | undefined {
  const [own] = chain;
  if (own === undefined || !own.publicKey.equals(key.publicKey)) return "issuer-not-allowed";
  const names = (own.subjectAltName ?? "").split(", ");
  if (!names.includes(`URI:${issuer}`)) return "issuer-not-allowed";
  for (const [index, certificate] of chain.entries()) {
    const next = chain[index + 1];
    if (next !== undefined && !isIssuedBy(certificate, next)) return "issuer-not-allowed";
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.issuer === authority.subject && certificate.verify(authority.publicKey);
}

function validity(
  { nbf, exp, vc }: Payload,
  key: FoundKey | undefined,
  { at, revocation }: VerificationContext,
): Reason[] {
  const issuedAtMs = nbf * 1000;
  const validUntilMs = exp === undefined ? undefined : exp * 1000;
  const reasons = validityProblems({ issuedAtMs, validUntilMs }, at, "excluded");
  // A card without a revocation id cannot be on a list.
  if (key === undefined || vc.rid === undefined) return reasons;
  const hit = revocation.find(KIND, `${key.keyId} ${vc.rid}`, issuedAtMs, at);
  reasons.push(...revocationProblems(hit, { rid: vc.rid }));
  const counter = revocation.counterOf(KIND, key.keyId) ?? 0;
  if (key.crlVersion !== undefined && counter < key.crlVersion) {
    // The issuer announces a newer list than the one here, or none is here: what it says is not known.
    reasons.push({ code: "trust-list-too-old", params: { counter, announced: key.crlVersion } });
  }
  return reasons;
}

function describe(
  { payload, identity }: { payload: Payload; identity: string },
  key: FoundKey | undefined,
  reasons: Reason[],
  { at, districtKey, revocation }: VerificationContext,
): Verification {
  const { iss, nbf, exp, vc } = payload;
  const bundle = vc.credentialSubject.fhirBundle;
  const holder = holderOfBundle(bundle, districtKey);
  const verified: Verification = {
    kind: KIND,
    holds: reasons.length === 0 && key !== undefined,
    reasons,
    identity,
    issuedAtMs: Math.round(nbf * 1000),
    issuer: iss,
    evidence: [],
  };
  if (holder !== undefined) verified.holder = holder;
  if (exp !== undefined) verified.validUntilMs = Math.round(exp * 1000);
  if (key === undefined) return verified;
  Object.assign(verified, basisOf(key.setAsOfMs, [KIND], { revocation, at }));
  const source = {
    name: "code-reader",
    detail: `${iss} ${key.keyId}`,
    asOfMs: Math.round(nbf * 1000),
  };
  verified.evidence = evidenceOfBundle(bundle, { trust: "verified", source, observedAt: at });
  return verified;
}
