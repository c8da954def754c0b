/** Verifies EU certificates with the trust, lists and rules of a test. */
import type { RuleSet } from "../../../../../src/credential/formats/eu-dcc/business-rules.ts";
import type { RevocationList } from "../../../../../src/credential/trust/revocation.ts";
import type { TrustSet } from "../../../../../src/credential/trust/trust.ts";
import { PERSON, VACCINATION, dccPayload, dccText, dccTrust } from "./samples.ts";
import { instant, NOW, verifierOf } from "../../passes.ts";

export interface Given {
  trust?: TrustSet;
  revocations?: RevocationList[];
  rules?: RuleSet;
  at?: number;
}

export async function verify(text: string, given: Given = {}) {
  const { at = NOW, trust = dccTrust(), ...rest } = given;
  return verifierOf({ trust, ...rest }).code(Buffer.from(text), text, instant(at));
}

export const codes = async (text: string, given: Given = {}) =>
  (await verify(text, given)).reasons.map(({ code }) => code);

/** A certificate of a vaccination with nothing against it. */
export const good = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));
