/** What a format's verification hands back, and how its failures are written down. */
import type { Credential, CredentialKind } from "../core/evidence/evidence.ts";
import type { CredentialReason, Reason } from "../core/reason.ts";
import type { Instant } from "../core/time.ts";
import type { RuleSet } from "./formats/eu-dcc/business-rules.ts";
import type { RevocationStore } from "./trust/revocation.ts";
import type { TrustStore } from "./trust/trust.ts";

/** A credential as its format file returns it; the verifier adds the reference of the showing. */
export type Verification = Omit<Credential, "reference"> & {
  /**
   * What makes it this credential and no other, e.g. its serial. The same pass can be packed into
   * many texts; a reference made from the text would take each for a new one.
   */
  identity?: string;
};

/** What every format needs to verify. */
export interface VerificationContext {
  at: Instant;
  trust: TrustStore;
  revocation: RevocationStore;
  districtKey: Uint8Array;
  /** Business rules for EU certificates; without it none are evaluated. */
  rules?: RuleSet;
}

/** What a code says of itself goes into the record; nobody may fill that with a code. */
const LONGEST_PARAM = 200;

/** A reason with what is needed to say it fully. */
export function reason(code: CredentialReason, params?: Reason["params"]): Reason {
  if (params === undefined) return { code };
  const bounded = Object.entries(params).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, LONGEST_PARAM) : value,
  ]);
  return { code, params: Object.fromEntries(bounded) as NonNullable<Reason["params"]> };
}

/** A credential that does not hold and says nothing. */
export function invalid(kind: CredentialKind, ...reasons: Reason[]): Verification {
  return { kind, holds: false, reasons, evidence: [] };
}

/** The layers of a code, outermost first, as `malformed` names the one that is damaged. */
export type Layer =
  | "prefix"
  | "characters"
  | "base45"
  | "base32"
  | "compression"
  | "cose"
  | "jws"
  | "cbor"
  | "json"
  | "claims"
  | "parts";

/** A code damaged at one layer. */
export function malformed(kind: CredentialKind, layer: Layer, detail?: string): Verification {
  return invalid(kind, reason("malformed", detail === undefined ? { layer } : { layer, detail }));
}
