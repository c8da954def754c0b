/** Keys, contents and verifiers that the credential tests share. */
import type { DirectoryLookup } from "../../../src/core/evidence/directory.ts";
import { RuleStore, type RuleSet } from "../../../src/credential/formats/eu-dcc/business-rules.ts";
import { trustOfIssuers } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import type { TokenResolver } from "../../../src/credential/directory/resolver.ts";
import { RevocationStore, type RevocationList } from "../../../src/credential/trust/revocation.ts";
import { TrustStore, type TrustSet } from "../../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../../src/credential/verifier.ts";
import { DISTRICT_KEY, NOW, NUMBER } from "./constants.ts";
import { passKey } from "./formats/health-pass/samples.ts";

export { DISTRICT_KEY, NOW, NUMBER };

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
