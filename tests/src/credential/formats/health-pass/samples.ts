/** Makes health passes, to be broken at will. */
import type { HealthPassContent } from "../../../../../src/credential/formats/health-pass/health-pass-content.ts";
import {
  type IssuerKey,
  createIssuerKey,
} from "../../../../../src/credential/formats/health-pass/issuer-key.ts";
import { pseudonymOf } from "../../../../../src/credential/pseudonym.ts";
import { DISTRICT_KEY, NOW, NUMBER } from "../../constants.ts";
import { deflateRawSync } from "node:zlib";
import { encodeBase45 } from "../../../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../../../src/credential/codecs/cbor.ts";
import { signSign1 } from "../../../../../src/credential/codecs/cose.ts";
import { claimsOf } from "../../../../../src/credential/formats/health-pass/health-pass-content.ts";
import { issueHealthPass } from "../../../../../src/credential/formats/health-pass/health-pass.ts";
import { trustOfIssuers } from "../../../../../src/credential/formats/health-pass/issuer-key.ts";
import type { FormatSamples } from "../samples.ts";
import { withMemberTwice, withTrailingByte } from "../../cbor-damage.ts";

/** The issuer of these tests, one key an algorithm. */

export function passKey(algorithm: "EdDSA" | "ES256"): IssuerKey {
  return createIssuerKey({
    algorithm,
    issuer: "Fengxian district",
    notBeforeMs: NOW - 86_400_000,
    notAfterMs: NOW + 365 * 86_400_000,
    seed: new Uint8Array(32).fill(0x22),
  });
}
/** A pass with everything in it. */

export function passContent(): HealthPassContent {
  return {
    form: "live",
    serial: "0011223344556677",
    issuedAtMs: NOW,
    holder: { pseudonym: pseudonymOf(DISTRICT_KEY, NUMBER), maskedName: "王**" },
    colour: "green",
    nucleicAcidTest: {
      result: "negative",
      sampledAtMs: NOW - 30 * 3_600_000,
      reportedAtMs: NOW - 20 * 3_600_000,
    },
    antigenTest: { result: "negative", sampledAtMs: NOW - 3_600_000 },
    vaccination: { doses: 3, dosesNeeded: 3, lastDoseAtMs: NOW - 100 * 86_400_000 },
  };
}

const HALF_HOUR_MS = 1_800_000;

const payload = (): Uint8Array =>
  encodeCbor(claimsOf({ ...passContent(), validUntilMs: NOW + HALF_HOUR_MS }));

function sign(claims: Uint8Array): Uint8Array {
  const { keyId, privateKey } = passKey("ES256");
  return signSign1("ES256", new Uint8Array(Buffer.from(keyId, "hex")), privateKey, claims);
}

const packed = (message: Uint8Array): string => `DS1:${encodeBase45(deflateRawSync(message))}`;

export const samples: FormatSamples = {
  recognised: ["DS1:ABC"],
  wrongPrefix: ["DS2:ABC", "ds1:abc"],
  signed: {
    now: NOW,
    trust: trustOfIssuers([passKey("ES256")], NOW),
    text: (issuedAtMs) => issueHealthPass(passKey("ES256"), { ...passContent(), issuedAtMs }),
    revoked: { namespace: "health-pass", number: passContent().serial },
    trailingByte: () => packed(withTrailingByte(sign(payload()))),
    duplicatedField: {
      text: () => packed(sign(withMemberTwice(payload(), 4, NOW / 1000 + 36_000))),
      outcome: "refused",
    },
  },
};
