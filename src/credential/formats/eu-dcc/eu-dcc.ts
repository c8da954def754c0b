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
import { inflate } from "../../codecs/inflate.ts";
import type { CredentialFormat, SignedBy } from "../../format.ts";
import { maskName, pseudonymOfNameAndBirth } from "../../pseudonym.ts";
import {
  malformed,
  reason,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { hashNumber } from "../../trust/revocation-number.ts";
import type { FoundKey } from "../../trust/trust.ts";
import { verifySigned, type RevocationLookup } from "../signed.ts";
import { findSigner, type Signer } from "../signer.ts";
import { evidenceOfCertificate } from "./eu-dcc-evidence.ts";
import {
  entryKinds,
  issuersOf,
  parseCertificate,
  type HealthCertificate,
  type ParsedCertificate,
} from "./eu-dcc-schema.ts";
import { isBareCertificate, ZLIB_HEADS } from "./bare-certificate.ts";

const PREFIX = "HC1:";

const SIGNED = {
  trustUse: "eu-dcc",
  revocation: [
    { namespace: "eu-dcc-uci", normalise: hashNumber },
    { namespace: "eu-dcc-country-uci", normalise: hashNumber },
    { namespace: "eu-dcc-signature", normalise: hashNumber },
  ],
} as const satisfies SignedBy;

/** The EU Digital COVID Certificate. */
export const euDcc = {
  name: "eu-dcc",
  kinds: ["eu-dcc"],
  code: {
    shapes: [
      "^\\s*HC\\w?:",
      // Without its prefix: base45, behind the head of a zlib stream.
      `^(${ZLIB_HEADS.join("|")})[0-9A-Z $%*+./:-]{197,}$`,
    ],
    recognise(text) {
      if (text.startsWith(PREFIX)) return "recognised";
      return /^HC\w?:/i.test(text) || isBareCertificate(text) ? "wrong-prefix" : undefined;
    },
    verify: verifyEuDcc,
  },
  signed: SIGNED,
} as const satisfies CredentialFormat;

/** Both names at the schema's longest, and a space: no more goes into a record. */
const LONGEST_NAME = 161;

// Extended key usages by the kind of entry; the second column was used before the first was registered.
const KEY_USAGES = {
  t: ["1.3.6.1.4.1.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.1"],
  v: ["1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"],
  r: ["1.3.6.1.4.1.1847.2021.1.3", "1.3.6.1.4.1.0.1847.2021.1.3"],
};
const ALL_KEY_USAGES = Object.values(KEY_USAGES).flat();

/** Verifies a text that begins with `HC1:`. Reports every fault it can get at, not only the first. */
function verifyEuDcc(text: string, context: VerificationContext): Verification {
  const [kind] = euDcc.kinds;
  const packed = decodeTrimmedBase45(text.slice(PREFIX.length));
  if (packed === undefined) return malformed(kind, "base45");
  const bytes = inflate(packed, "zlib");
  if (bytes === undefined) return malformed(kind, "compression");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(kind, "cose");
  const claims = decodeCbor(message.payload);
  const parsed = parseCertificate(claims?.value);
  if (parsed === undefined) return malformed(kind, claims === undefined ? "cbor" : "claims");

  const { certificate, issuer, issuedAtMs, notBeforeMs, validUntilMs } = parsed;
  const holder = certificate && holderOf(certificate, context.districtKey);
  return verifySigned(
    SIGNED,
    {
      kind,
      credentialId: holder && credentialIdOf(parsed, holder, message),
      holder,
      issuer,
      issuedAtMs,
      notBeforeMs,
      validUntilMs,
      // The states' own tests count the second of expiry itself as valid.
      lastMoment: "included",
      signer: signerOf(message, parsed, context),
      problems: schemaProblems(parsed),
      revocationNumbers: revocationNumbersOf(message, parsed),
      evidence: (key) => evidenceOfCertificate(parsed, key, context),
    },
    context,
  );
}

function schemaProblems({ errorPath }: ParsedCertificate): Reason[] {
  return errorPath === undefined ? [] : [reason("schema-violation", { path: errorPath })];
}

function signerOf(
  message: Sign1,
  parsed: ParsedCertificate,
  { trust, at }: VerificationContext,
): Signer {
  const keyId = Buffer.from(message.keyId ?? []).toString("hex");
  return findSigner(
    // A certificate without a key id names no signer; trying all would let ids collide unnoticed.
    trust.find(SIGNED.trustUse, keyId),
    keyId,
    (each) => verifySign1(message, each),
    at,
    (key) => (maySign(key, parsed.payload) ? [] : [reason("issuer-not-allowed", { keyId })]),
  );
}

/** Whether the signer's certificate allows all kinds of entry; one that names no kind allows every. */
function maySign({ keyUsages = [] }: FoundKey, payload: ParsedCertificate["payload"]): boolean {
  if (!keyUsages.some((usage) => ALL_KEY_USAGES.includes(usage))) return true;
  const kinds = entryKinds(payload);
  return kinds.every((kind) => KEY_USAGES[kind].some((usage) => keyUsages.includes(usage)));
}

/** EU revocation lists hold the first 16 bytes of SHA-256 over one of three things. */
function revocationNumbersOf(
  { algorithm, signature }: Sign1,
  parsed: ParsedCertificate,
): RevocationLookup[] {
  // Looking up every name of the issuer costs nothing: the list's maker may use another than the claim.
  const issuers = issuersOf(parsed);
  // Of an ECDSA signature only the first number is hashed: anyone can negate the second.
  const hashed = algorithm === "ES256" ? signature.subarray(0, signature.length / 2) : signature;
  return [
    { namespace: "eu-dcc-signature", number: revocationHash(hashed) },
    ...parsed.identifiers.flatMap((identifier) => [
      { namespace: "eu-dcc-uci", number: revocationHash(identifier) },
      ...issuers.map((issuer) => ({
        namespace: "eu-dcc-country-uci",
        number: revocationHash(issuer + identifier),
      })),
    ]),
  ];
}

/** How EU revocation lists name a certificate: a hash, here in hexadecimal. */
export function revocationHash(value: string | Uint8Array): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 32);
}

/**
 * The certificate's own identifier together with its holder: an issuer that leaves it empty, or writes
 * the same into all, must not make one credential of many people's. Without one the signed content.
 */
function credentialIdOf(
  { identifiers }: ParsedCertificate,
  holder: Holder,
  { payload }: Sign1,
): string {
  if (identifiers.length > 0) return [...identifiers, holder.pseudonym].join(" ");
  return createHash("sha256").update(payload).digest("base64url");
}

function holderOf({ nam, dob }: HealthCertificate, districtKey: Uint8Array): Holder {
  const written = [nam.fn ?? nam.fnt ?? "", nam.gn ?? nam.gnt ?? ""].join(" ").trim();
  const shown = Array.from(written).slice(0, LONGEST_NAME).join("");
  const name = `${nam.fnt ?? ""}<<${nam.gnt ?? ""}`;
  const year = Number(dob.slice(0, 4));
  return {
    pseudonym: pseudonymOfNameAndBirth(districtKey, name, dob.slice(0, 10)),
    maskedName: maskName(shown),
    ...(year > 0 ? { birthYear: year } : {}),
  };
}
