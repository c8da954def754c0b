/** Makes EU certificates, to be broken at will. */
import { deflateSync } from "node:zlib";
import { encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../../../src/credential/codecs/cose.ts";
import { seconds, asMaps, KEY } from "../../makers.ts";
import { NOW } from "../../constants.ts";
import type { TrustedKey, TrustSet } from "../../../../../src/credential/trust/trust.ts";
import { revocationHash } from "../../../../../src/credential/formats/eu-dcc/eu-dcc.ts";
import type { FormatSamples } from "../samples.ts";
import { withMemberTwice, withTrailingByte } from "../../cbor-damage.ts";

export const DCC_KEY_ID = "0102030405060708";
export const VACCINATION = {
  tg: "840539006",
  vp: "1119349007",
  mp: "EU/1/20/1528",
  ma: "ORG-100030215",
  dn: 2,
  sd: 2,
  dt: "2026-01-10",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:ABC#B",
};
export const TEST = {
  tg: "840539006",
  tt: "LP6464-4",
  sc: "2026-05-01T12:34:56Z",
  tr: "260415000",
  tc: "Centre 1",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:DEF#I",
};
export const RECOVERY = {
  tg: "840539006",
  fr: "2026-02-20",
  df: "2026-03-03",
  du: "2026-08-19",
  co: "AT",
  is: "Ministry",
  ci: "URN:UVCI:01:AT:GHI#K",
};
export const PERSON = {
  ver: "1.3.0",
  nam: { fn: "Musterfrau", fnt: "MUSTERFRAU", gn: "Gabriele", gnt: "GABRIELE" },
  dob: "1998-02-26",
};
/** The payload of a certificate; claims can be replaced. */

export function dccPayload(content: unknown, claims: Record<number, unknown> = {}): Uint8Array {
  const all = new Map<number, unknown>([
    [1, "AT"],
    [4, seconds(NOW) + 86_400],
    [6, seconds(NOW) - 3_600],
    [-260, new Map([[1, asMaps(content)]])],
  ]);
  for (const [key, value] of Object.entries(claims)) all.set(Number(key), value);
  return encodeCbor(all);
}
/** A signed payload as the text of a code. */

export function dccText(payload: Uint8Array, keyId = DCC_KEY_ID): string {
  const message = signSign1("ES256", Buffer.from(keyId, "hex"), KEY.privateKey, payload);
  return `HC1:${encodeBase45(deflateSync(message))}`;
}
/** Trust in the signer of these certificates. */

export function dccTrust(changes: Partial<TrustedKey> = {}): TrustSet {
  const key: TrustedKey = {
    use: "eu-dcc",
    keyId: DCC_KEY_ID,
    publicKey: KEY.publicKey,
    notBeforeMs: NOW - 86_400_000,
    notAfterMs: NOW + 86_400_000,
    keyUsages: [],
    ...changes,
  };
  return { asOfMs: NOW, keys: [key], anchors: [] };
}

const HALF_HOUR_S = 1_800;

function payloadAt(issuedAtMs: number): Uint8Array {
  const claims = { 6: seconds(issuedAtMs), 4: seconds(issuedAtMs) + HALF_HOUR_S };
  return dccPayload({ ...PERSON, v: [VACCINATION] }, claims);
}

function packed(message: Uint8Array): string {
  return `HC1:${encodeBase45(deflateSync(message))}`;
}

const sign = (payload: Uint8Array): Uint8Array =>
  signSign1("ES256", Buffer.from(DCC_KEY_ID, "hex"), KEY.privateKey, payload);

export const samples: FormatSamples = {
  recognised: ["HC1:6BF570.90T9WTWGSLKC"],
  wrongPrefix: ["HC2:6BF570.90T9WTWGSLKC", "hc1:6BF", packed(sign(payloadAt(NOW))).slice(4)],
  signed: {
    now: NOW,
    trust: dccTrust(),
    text: (issuedAtMs) => packed(sign(payloadAt(issuedAtMs))),
    revoked: { namespace: "eu-dcc-uci", number: revocationHash(VACCINATION.ci) },
    trailingByte: () => packed(withTrailingByte(sign(payloadAt(NOW)))),
    duplicatedField: {
      text: () => packed(sign(withMemberTwice(payloadAt(NOW), 4, seconds(NOW) + 9 * HALF_HOUR_S))),
      outcome: "refused",
    },
  },
};
