/**
 * The ICAO visible digital seal for non-constrained environments: JSON, signed in its canonical
 * form by a certificate it carries, which a country signing authority has issued (ICAO Technical
 * Report VDS-NC, version 1.4).
 */
import { createHash, X509Certificate } from "node:crypto";
import { canonicalJson } from "../../../base/canonical-json.ts";
import { parseJson } from "../../../base/json.ts";
import { verifySignature } from "../../codecs/cose.ts";
import type { CredentialFormat, SignedBy } from "../../format.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import {
  malformed,
  schemaViolation,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { textNumber } from "../../trust/revocation-number.ts";
import { verifiedStatement, verifySigned } from "../signed.ts";
import { certificateSigner } from "../signer.ts";
import { evidenceOfSeal } from "./vds-nc-evidence.ts";
import { parseSeal, type Seal } from "./vds-nc-schema.ts";

const SIGNED = {
  revocation: [{ namespace: "vds-nc", normalise: textNumber }],
} as const satisfies SignedBy;

/** The ICAO visible digital seal. */
export const vdsNc = {
  name: "vds-nc",
  kinds: ["vds-nc"],
  code: {
    // JSON with its data and their signature.
    shapes: ['^\\{(?=[^]*"data"\\s*:)(?=[^]*"sig"\\s*:)'],
    recognise: (text) => (isSealed(jsonIn(text)) ? "recognised" : undefined),
    verify: (text, context) => verifyVdsNc(jsonIn(text), context),
  },
  signed: SIGNED,
} as const satisfies CredentialFormat;

/** Extended key usage of signers of health seals (ICAO Doc 9303-12). */
const HEALTH_SIGNER = "2.23.136.1.1.14.2";

/** Seals nest less than ten deep. */
const DEEPEST = 32;

/** Most texts are no JSON: they are not even tried. */
function jsonIn(text: string): unknown {
  return text.startsWith("{") ? parseJson(text.trimEnd()) : undefined;
}

function isSealed(json: unknown): json is { data: unknown } {
  return typeof json === "object" && json !== null && "data" in json && "sig" in json;
}

/** Verifies a seal from its parsed JSON. */
function verifyVdsNc(json: unknown, context: VerificationContext): Verification {
  const [kind] = vdsNc.kinds;
  if (!isSealed(json)) return malformed(kind, "json");
  const seal = parseSeal(json);
  if ("errorPath" in seal) return schemaViolation(kind, seal.errorPath);
  // What was signed is the text's own data, also where the schema knows nothing of a field.
  const signed = canonicalBytes(json.data);
  if (signed === undefined) return malformed(kind, "json");
  const certificate = certificateOf(seal.signature.cer);
  if (certificate === undefined) return malformed(kind, "claims", "sig.cer");
  const hasSigned = isGenuine(seal.signature, certificate, signed);
  const { issuer, person, number } = seal;
  const { n: name, dob = "" } = person;
  const year = Number(dob.slice(0, 4));
  return verifySigned(
    SIGNED,
    {
      kind,
      credentialId: createHash("sha256").update(signed).digest("base64url"),
      holder: {
        pseudonym: pseudonymOfNameAndBirth(context.districtKey, name.replaceAll(/\s+/g, " "), dob),
        maskedName: maskName(name),
        ...(year > 0 ? { birthYear: year } : {}),
      },
      issuer,
      signer: certificateSigner(certificate, hasSigned, HEALTH_SIGNER, context),
      revocationNumbers: [{ namespace: "vds-nc", number }],
      evidence: () => evidenceOfSeal(seal, verifiedStatement(issuer, undefined, context.at)),
    },
    context,
  );
}

/** The canonical text (RFC 8785) in UTF-8; undefined where the data nest too deeply. */
function canonicalBytes(data: unknown): Buffer | undefined {
  try {
    return Buffer.from(canonicalJson(data, DEEPEST), "utf8");
  } catch {
    return undefined;
  }
}

/** The report says how ECDSA's numbers are meant only by its example, in DER; states write them plain. */
function isGenuine(
  { alg, sigvl }: Seal["signature"],
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
