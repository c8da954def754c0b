import type { HealthPassContent } from "../../../../../src/credential/formats/health-pass/health-pass-content.ts";
import {
  type IssuerKey,
  createIssuerKey,
} from "../../../../../src/credential/formats/health-pass/issuer-key.ts";
import { pseudonymOf } from "../../../../../src/credential/pseudonym.ts";
import { DISTRICT_KEY, NOW, NUMBER } from "../../constants.ts";

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
