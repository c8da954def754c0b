import { deflateSync } from "node:zlib";
import { encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../../../src/credential/codecs/cose.ts";
import { seconds, asMaps, KEY } from "../../makers.ts";
import { NOW } from "../../constants.ts";
import type { TrustedKey, TrustSet } from "../../../../../src/credential/trust/trust.ts";

// EU DCC
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
