/**
 * The EU Digital COVID Certificate, `HC1:`: base45, zlib, COSE, CWT; signer by key id, the signer's
 * certificate by its validity and extended key usage (eHealth Network, Technical Specifications for
 * EU Digital COVID Certificates, volumes 1 and 3).
 */
import { createHash } from "node:crypto";
import type { Holder } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { decodeTrimmedBase45 } from "../../codecs/base45.ts";
import { decodeCbor } from "../../codecs/cbor.ts";
import { parseSign1, verifySign1, type Sign1 } from "../../codecs/cose.ts";
import { evidenceOfCertificate } from "./eu-dcc-evidence.ts";
import {
  entryKinds,
  issuersOf,
  parseCertificate,
  type HealthCertificate,
  type ParsedCertificate,
} from "./eu-dcc-schema.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import { inflate } from "../../codecs/inflate.ts";
import {
  malformed,
  reason,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import type { RevocationHit } from "../../trust/revocation.ts";
import {
  basisOf,
  revocationProblems,
  findSigner,
  validityProblems,
  type Signer,
} from "../signed.ts";
import type { FoundKey } from "../../trust/trust.ts";

export const EU_DCC_PREFIX = "HC1:";

const KIND = "eu-dcc";

/** Both names at the schema's longest, and a space: no more goes into a record. */
const LONGEST_NAME = 161;

const REVOCATION_NAMESPACES = ["eu-dcc-uci", "eu-dcc-country-uci", "eu-dcc-signature"] as const;

// Extended key usages by the kind of entry; the second column was used before the first was registered.
const KEY_USAGES = {
  t: ["1.3.6.1.4.1.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.1"],
  v: ["1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"],
  r: ["1.3.6.1.4.1.1847.2021.1.3", "1.3.6.1.4.1.0.1847.2021.1.3"],
};
const ALL_KEY_USAGES = Object.values(KEY_USAGES).flat();

/** Verifies a text that begins with `HC1:`. Reports every fault it can get at, not only the first. */
export function verifyEuDcc(text: string, context: VerificationContext): Verification {
  const packed = decodeTrimmedBase45(text.slice(EU_DCC_PREFIX.length));
  if (packed === undefined) return malformed(KIND, "base45");
  const bytes = inflate(packed, "zlib");
  if (bytes === undefined) return malformed(KIND, "compression");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(KIND, "cose");
  const claims = decodeCbor(message.payload);
  const read = parseCertificate(claims?.value);
  if (read === undefined) return malformed(KIND, claims === undefined ? "cbor" : "claims");

  const { key, problems } = signer(message, read, context);
  const reasons = [...problems];
  if (read.errorPath !== undefined)
    reasons.push(reason("schema-violation", { path: read.errorPath }));
  // The states' own tests count the second of expiry itself as valid.
  reasons.push(...validityProblems(read, context.at, "included"));
  reasons.push(...revocationProblems(revocation(message, read, context)));
  return describe({ read, message }, key, reasons, context);
}

/** The key that signed, with everything that is wrong with it. */
function signer(
  message: Sign1,
  read: ParsedCertificate,
  { trust, at }: VerificationContext,
): Signer {
  const keyId = Buffer.from(message.keyId ?? []).toString("hex");
  return findSigner(
    // A certificate without a key id names no signer; trying all would let ids collide unnoticed.
    trust.find(KIND, keyId),
    keyId,
    (each) => verifySign1(message, each),
    at,
    (key) => (mayExpress(key, read.payload) ? [] : [reason("issuer-not-allowed", { keyId })]),
  );
}

/** Whether the signer's certificate allows all kinds of entry; one that names no kind allows every. */
function mayExpress({ keyUsages = [] }: FoundKey, payload: ParsedCertificate["payload"]): boolean {
  if (!keyUsages.some((usage) => ALL_KEY_USAGES.includes(usage))) return true;
  const kinds = entryKinds(payload);
  return kinds.every((kind) => KEY_USAGES[kind].some((usage) => keyUsages.includes(usage)));
}

/** EU revocation lists hold the first 16 bytes of SHA-256 over one of three things, here in hex. */
function revocation(
  message: Sign1,
  read: ParsedCertificate,
  { revocation: lists, at }: VerificationContext,
): RevocationHit | undefined {
  const { identifiers, issuedAtMs } = read;
  // Asking by every name costs nothing: a list is made by whoever issued, whatever the claim says.
  const issuers = issuersOf(read);
  // Of an ECDSA signature only the first number counts: the second can be negated by anybody.
  const { algorithm, signature } = message;
  const counted = algorithm === "ES256" ? signature.subarray(0, signature.length / 2) : signature;
  return (
    lists.find("eu-dcc-signature", revocationHash(counted), issuedAtMs, at) ??
    identifiers
      .flatMap((identifier) => [
        lists.find("eu-dcc-uci", revocationHash(identifier), issuedAtMs, at),
        ...issuers.map((issuer) =>
          lists.find("eu-dcc-country-uci", revocationHash(issuer + identifier), issuedAtMs, at),
        ),
      ])
      .find((each) => each !== undefined)
  );
}

/**
 * The certificate's own identifier together with its holder: an issuer that leaves it empty, or writes
 * the same into all, must not make one credential of many people's. Without one the signed content.
 */
function identityOf(
  { identifiers }: ParsedCertificate,
  holder: Holder,
  { payload }: Sign1,
): string {
  if (identifiers.length > 0) return [...identifiers, holder.pseudonym].join(" ");
  return createHash("sha256").update(payload).digest("base64url");
}

/** How EU revocation lists name a certificate. */
export function revocationHash(value: string | Uint8Array): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 32);
}

function describe(
  { read, message }: { read: ParsedCertificate; message: Sign1 },
  key: FoundKey | undefined,
  reasons: Reason[],
  context: VerificationContext,
): Verification {
  const { certificate, issuer, issuedAtMs, validUntilMs } = read;
  const verified: Verification = {
    kind: KIND,
    holds: reasons.length === 0 && certificate !== undefined && key !== undefined,
    reasons,
    evidence: [],
  };
  if (certificate !== undefined) {
    verified.holder = holderOf(certificate, context.districtKey);
    verified.identity = identityOf(read, verified.holder, message);
  }
  if (issuer !== undefined) verified.issuer = issuer;
  if (issuedAtMs !== undefined) verified.issuedAtMs = issuedAtMs;
  if (validUntilMs !== undefined) verified.validUntilMs = validUntilMs;
  if (key === undefined) return verified;
  Object.assign(verified, basisOf(key.setAsOfMs, REVOCATION_NAMESPACES, context));
  if (certificate !== undefined) verified.evidence = evidenceOfCertificate(read, key, context);
  return verified;
}

function holderOf({ nam, dob }: HealthCertificate, districtKey: Uint8Array): Holder {
  const written = [nam.fn ?? nam.fnt ?? "", nam.gn ?? nam.gnt ?? ""].join(" ").trim();
  const shown = Array.from(written).slice(0, LONGEST_NAME).join("");
  const holder: Holder = {
    pseudonym: pseudonymOfNameAndBirth(
      districtKey,
      `${nam.fnt ?? ""}<<${nam.gnt ?? ""}`,
      dob.slice(0, 10),
    ),
    maskedName: maskName(shown),
  };
  const year = Number(dob.slice(0, 4));
  if (year > 0) holder.birthYear = year;
  return holder;
}
