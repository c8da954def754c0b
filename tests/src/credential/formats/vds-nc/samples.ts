/** Makes visible digital seals, to be broken at will. */
import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import { canonicalJson } from "../../../../../src/base/canonical-json.ts";
import { AUTHORITY, SEAL_SIGNER, SEAL_SIGNER_KEY } from "../../certificates.ts";
import { readTrustFile } from "../../../../../src/credential/trust/trust-files.ts";
import type { TrustSet } from "../../../../../src/credential/trust/trust.ts";
import type { FormatSamples } from "../samples.ts";

export const SEAL_NOW = Date.parse("2027-02-01T00:00:00Z");
export const SEAL_DATA = {
  hdr: { t: "icao.vacc", v: 1, is: "UTO" },
  msg: {
    uvci: "U32870",
    pid: { n: "SMITH BILL", dob: "1990-01-02", i: "A1234567Z" },
    ve: [
      {
        des: "XM68M6",
        nam: "Comirnaty",
        dis: "RA01.0",
        vd: [
          { dvc: "2026-03-03", seq: 1, ctr: "UTO", adm: "RIVM" },
          { dvc: "2026-03-24", seq: 2, ctr: "UTO", adm: "RIVM" },
        ],
      },
    ],
  },
};
/** A seal around data, by the signer or by somebody else. */

export function sealText(data: unknown, certificate = SEAL_SIGNER, key = SEAL_SIGNER_KEY): string {
  const text = Buffer.from(canonicalJson(data));
  const privateKey = createPrivateKey(key);
  const signature = sign("sha256", text, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const cer = new X509Certificate(certificate).raw.toString("base64url");
  return JSON.stringify({
    data,
    sig: { alg: "ES256", cer, sigvl: signature.toString("base64url") },
  });
}
export function sealTrust(): TrustSet {
  return readTrustFile(AUTHORITY, SEAL_NOW);
}

export const samples: FormatSamples = {
  recognised: ['{"data":{"hdr":{}},"sig":{}}', '{"sig":{},"data":{}}'],
  signed: {
    now: SEAL_NOW,
    trust: sealTrust(),
    text: () => sealText(SEAL_DATA),
    revoked: { namespace: "vds-nc", number: SEAL_DATA.msg.uvci },
    trailingByte: () => `${sealText(SEAL_DATA)}x`,
    duplicatedField: {
      // What was read is what is put into the signed form, so the last one is what was signed.
      text: () => sealText(SEAL_DATA).replace('"msg":{', '"msg":{},"msg":{'),
      outcome: "last-counts",
    },
    outside: {
      before: Date.parse("2026-11-01T00:00:00Z"),
      after: Date.parse("2125-12-01T00:00:00Z"),
    },
  },
};
