/**
 * The SMART Health Card, `shc:/`: a JWS whose digits stand for characters, deflated, signed with
 * ES256 by a key the issuer publishes (spec.smarthealth.cards, versions 1.0 to 1.4).
 */
import { createHash, type X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Reason } from "../../../core/reason.ts";
import { LAST_SECOND } from "../../../base/dates.ts";
import { parseJson } from "../../../base/json.ts";
import { verifySignature } from "../../codecs/cose.ts";
import { inflate } from "../../codecs/inflate.ts";
import type { CredentialFormat, SignedBy } from "../../format.ts";
import {
  malformed,
  reason,
  schemaViolation,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { thumbprintOf } from "../../trust/jwk.ts";
import { textNumber } from "../../trust/revocation-number.ts";
import type { FoundKey } from "../../trust/trust.ts";
import { verifiedStatement, verifySigned, type RevocationLookup } from "../signed.ts";
import { findSigner, type Signer } from "../signer.ts";
import { CardPartCollector, decodeCardText, PREFIX } from "./card-text.ts";
import { HealthBundle, holderOfBundle } from "./fhir-bundle.ts";
import { evidenceOfBundle } from "./fhir-evidence.ts";

const SIGNED = {
  trustUse: "smart-health-card",
  revocation: [{ namespace: "smart-health-card", normalise: textNumber }],
} as const satisfies SignedBy;

/** A compact JWS (RFC 7515 §3.1), as files carry a card; its header is a JSON object in base64url. */
const JWS = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

/** The SMART Health Card. */
export const smartHealthCard = {
  name: "smart-health-card",
  kinds: ["smart-health-card"],
  code: {
    shapes: ["^\\s*shc:", JWS.source],
    recognise(text) {
      if (text.startsWith(PREFIX) || JWS.test(text)) return "recognised";
      return /^shc:/i.test(text) ? "wrong-prefix" : undefined;
    },
    verify: verifyCardText,
    createPartCollector: () => new CardPartCollector(),
  },
  signed: SIGNED,
} as const satisfies CredentialFormat;

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

/** Verifies a card in one code, or as a JWS. */
function verifyCardText(text: string, context: VerificationContext): Verification {
  if (!text.startsWith(PREFIX)) return verifyJws(text.trimEnd(), context);
  // A card's own makers count anything behind its digits as a fault (health-cards-dev-tools).
  const card = decodeCardText(text);
  if (card === undefined) return malformed(smartHealthCard.kinds[0], "characters");
  return verifyJws(card.jws, context);
}

function verifyJws(jws: string, context: VerificationContext): Verification {
  const [kind] = smartHealthCard.kinds;
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(jws);
  if (match === null) return malformed(kind, "jws");
  const [, head = "", body = "", signature = ""] = match;
  const header = Header.safeParse(parseJson(Buffer.from(head, "base64url")));
  if (!header.success) {
    const field = String(header.error.issues[0]?.path[0] ?? "");
    // Without `zip` the payload is not deflated, which is a damage of its own.
    return field === "zip" ? malformed(kind, "compression") : malformed(kind, "jws", field);
  }
  const bytes = inflate(Buffer.from(body, "base64url"), "raw");
  if (bytes === undefined) return malformed(kind, "compression");
  const json = parseJson(bytes);
  if (json === undefined) return malformed(kind, "json");
  const parsed = Payload.safeParse(json);
  if (!parsed.success) {
    return schemaViolation(kind, parsed.error.issues[0]?.path.join(".") ?? "");
  }
  const data = Buffer.from(`${head}.${body}`, "ascii");
  const signed = { data, signature: Buffer.from(signature, "base64url") };
  return verifyPayload(parsed.data, header.data.kid, signed, context);
}

/** What the issuer signed, and its signature. */
interface SignedData {
  data: Uint8Array;
  signature: Uint8Array;
}

function verifyPayload(
  payload: Payload,
  keyId: string,
  signed: SignedData,
  context: VerificationContext,
): Verification {
  const { iss, nbf, exp, vc } = payload;
  const bundle = vc.credentialSubject.fhirBundle;
  const candidates = context.trust.find(SIGNED.trustUse, keyId);
  const signer = signerOf(candidates, keyId, iss, signed, context);
  const issuedAtMs = Math.round(nbf * 1000);
  return verifySigned(
    SIGNED,
    {
      kind: smartHealthCard.kinds[0],
      credentialId: createHash("sha256").update(signed.data).digest("base64url"),
      holder: holderOfBundle(bundle, context.districtKey),
      issuer: iss,
      issuedAtMs,
      validUntilMs: exp === undefined ? undefined : Math.round(exp * 1000),
      signer,
      revocationNumbers: revocationNumbersOf(payload, signer, candidates),
      ...(vc.rid === undefined ? {} : { revocationParams: { rid: vc.rid } }),
      evidence: (key) =>
        evidenceOfBundle(bundle, verifiedStatement(`${iss} ${key.keyId}`, issuedAtMs, context.at)),
    },
    context,
  );
}

function signerOf(
  candidates: readonly FoundKey[],
  keyId: string,
  issuer: string,
  { data, signature }: SignedData,
  { at }: VerificationContext,
): Signer {
  const hasSigned = ({ publicKey }: FoundKey): boolean =>
    publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1" &&
    verifySignature("ES256", publicKey, data, signature);
  return findSigner(candidates, keyId, hasSigned, at, (key) => keyProblems(key, issuer));
}

/** A card that names no revocation id cannot be listed. */
function revocationNumbersOf(
  { iss, vc: { rid } }: Payload,
  { key }: Signer,
  candidates: readonly FoundKey[],
): RevocationLookup[] {
  if (key === undefined || rid === undefined) return [];
  // Which of the sets announces the issuer's revocation list does not matter: the key is the same.
  const counters = candidates
    .filter((each) => each.publicKey.equals(key.publicKey))
    .filter((each) => each.issuer === undefined || each.issuer === iss)
    .flatMap(({ crlVersion }) => crlVersion ?? []);
  const lookup = { namespace: "smart-health-card", number: `${key.keyId} ${rid}` };
  // Where only a key of another issuer announces a list, its own announcement counts.
  const counter = counters.length > 0 ? Math.max(...counters) : key.crlVersion;
  return [counter === undefined ? lookup : { ...lookup, announced: { keyId: key.keyId, counter } }];
}

/** Why a key that signed may not have: another's name, another issuer, a chain that is not its own. */
function keyProblems(key: FoundKey, issuer: string): Reason[] {
  const { keyId } = key;
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
 * verifier that starts from certificate authorities needs it to be valid now (§ Trust frameworks).
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
