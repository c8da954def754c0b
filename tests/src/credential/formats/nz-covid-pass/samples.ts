/** Makes passes of New Zealand, to be broken at will. */
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../../../src/credential/codecs/cose.ts";
import { readTrustFile } from "../../../../../src/credential/trust/trust-files.ts";
import type { TrustSet } from "../../../../../src/credential/trust/trust.ts";
import { seconds, asMaps, KEY } from "../../makers.ts";
import { NOW } from "../../constants.ts";
import type { FormatSamples } from "../samples.ts";
import { withMemberTwice, withTrailingByte } from "../../cbor-damage.ts";

export const DID = "did:web:example.nz";
export function nzPayload(changes: Record<string | number, unknown> = {}): Uint8Array {
  const credential = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    version: "1.0.0",
    type: ["VerifiableCredential", "PublicCovidPass"],
    credentialSubject: { givenName: "Jack", familyName: "Sparrow", dob: "1960-04-16" },
  };
  const claims = new Map<string | number, unknown>([
    [1, DID],
    [5, seconds(NOW) - 3_600],
    [4, seconds(NOW) + 3_600],
    [7, new Uint8Array(16).fill(0x60)],
    ["vc", asMaps(credential)],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    claims.set(/^\d+$/.test(key) ? Number(key) : key, value);
  }
  return encodeCbor(claims);
}
export function nzText(payload: Uint8Array): string {
  const message = signSign1("ES256", Buffer.from("key-1"), KEY.privateKey, payload);
  return `NZCP:/1/${base32(message)}`;
}
export function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(group.padEnd(5, "0"), 2)])
    .join("");
}
export function nzTrust(): TrustSet {
  const method = {
    id: `${DID}#key-1`,
    controller: DID,
    type: "JsonWebKey2020",
    publicKeyJwk: KEY.publicKey.export({ format: "jwk" }),
  };
  const document = { id: DID, verificationMethod: [method], assertionMethod: [method.id] };
  return readTrustFile(JSON.stringify(document), NOW);
}

const HALF_HOUR_S = 1_800;

const payloadAt = (issuedAtMs: number): Uint8Array =>
  nzPayload({ 5: seconds(issuedAtMs), 4: seconds(issuedAtMs) + HALF_HOUR_S });

const packed = (message: Uint8Array): string => `NZCP:/1/${base32(message)}`;

const sign = (payload: Uint8Array): Uint8Array =>
  signSign1("ES256", Buffer.from("key-1"), KEY.privateKey, payload);

export const samples: FormatSamples = {
  recognised: [nzText(payloadAt(NOW))],
  wrongPrefix: ["NZCP:/2/2KCEVIQEIVVWK6JN", "nzcp:/1/2KCEVIQEIVVWK6JN"],
  signed: {
    now: NOW,
    trust: nzTrust(),
    text: (issuedAtMs) => nzText(payloadAt(issuedAtMs)),
    revoked: { namespace: "nz-covid-pass", number: "60".repeat(16) },
    trailingByte: () => packed(withTrailingByte(sign(payloadAt(NOW)))),
    duplicatedField: {
      text: () => packed(sign(withMemberTwice(payloadAt(NOW), 4, seconds(NOW) + 9 * HALF_HOUR_S))),
      outcome: "refused",
    },
  },
};
