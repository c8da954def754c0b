/** Keys, contents and verifiers that the credential tests share. */
import type { DirectoryLookup } from "../../../src/core/evidence/directory.ts";
import { RuleStore, type RuleSet } from "../../../src/credential/formats/eu-dcc/business-rules.ts";
import type { HealthPassContent } from "../../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf } from "../../../src/credential/pseudonym.ts";
import {
  createIssuerKey,
  trustOfIssuers,
  type IssuerKey,
} from "../../../src/credential/trust/issuer-key.ts";
import type { TokenResolver } from "../../../src/credential/directory/resolver.ts";
import { RevocationStore, type RevocationList } from "../../../src/credential/trust/revocation.ts";
import { TrustStore, type TrustSet } from "../../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../../src/credential/verifier.ts";

export const NOW = Date.parse("2026-05-02T08:00:00Z");
export const DISTRICT_KEY = new Uint8Array(32).fill(0x11);
export const NUMBER = "11010519491231002X";

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

/** A unit's verifier; trusts the issuer of these tests unless told otherwise. */
export function verifierOf(options: {
  trust?: TrustSet;
  revocations?: readonly RevocationList[];
  directory?: DirectoryLookup;
  resolver?: TokenResolver;
  rules?: RuleSet;
  unitKey?: Uint8Array;
}) {
  const trust = new TrustStore();
  const issuers = [passKey("EdDSA"), passKey("ES256")];
  trust.replace("test", options.trust ?? trustOfIssuers(issuers, NOW));
  const revocation = new RevocationStore();
  revocation.replace("test", options.revocations ?? []);
  const { directory, resolver, rules } = options;
  return createCredentialVerifier({
    trust,
    revocation,
    districtKey: DISTRICT_KEY,
    unitKey: options.unitKey ?? new Uint8Array(32).fill(0x33),
    ...(directory === undefined ? {} : { directory }),
    ...(resolver === undefined ? {} : { resolver }),
    ...(rules === undefined ? {} : { rules: new RuleStore(rules) }),
  });
}

export const instant = (wallMs: number, monotonicMs = 0) => ({
  monotonicMs,
  wallMs,
  wallTrusted: true,
});
