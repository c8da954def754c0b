/** What verifying a credential takes, what it gives, and how a failure is written down. */
import type { DirectoryLookup } from "../core/evidence/directory.ts";
import type { Credential, CredentialKind } from "../core/evidence/evidence.ts";
import type { CredentialReason, Reason } from "../core/reason.ts";
import type { Instant } from "../core/time.ts";
import type { TokenResolver } from "./directory/resolver.ts";
import type { RuleSet } from "./formats/eu-dcc/business-rules.ts";
import type { RevocationStore } from "./trust/revocation.ts";
import type { TrustStore } from "./trust/trust.ts";

/** A credential as its format verified it; the verifier adds the reference of the presentation. */
export type Verification = Omit<Credential, "reference"> & {
  /**
   * What makes it this credential and no other, e.g. its serial. The same pass can be packed into
   * many texts; a reference made from the text would take each for a new one.
   */
  credentialId?: string;
};

/** Everything a unit has to verify with. */
export interface VerificationContext {
  at: Instant;
  trust: TrustStore;
  revocation: RevocationStore;
  /** Makes pseudonyms and token references, the same on all units of the district. */
  districtKey: Uint8Array;
  /** Who is known here; without it cards and tokens are refused as `directory-unreachable`. */
  directory?: DirectoryLookup;
  /** Asked for tokens that the directory does not know. */
  resolver?: TokenResolver;
  /** Business rules for EU certificates; without them none are evaluated. */
  rules?: RuleSet;
}

/** The longest text of a code that a record repeats: no code may fill the record with itself. */
const LONGEST_PARAM = 200;

/** A reason with the figures that its wording needs. */
export function reason(code: CredentialReason, params?: Reason["params"]): Reason {
  if (params === undefined) return { code };
  const bounded: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(params)) {
    bounded[name] = typeof value === "string" ? value.slice(0, LONGEST_PARAM) : value;
  }
  return { code, params: bounded };
}

/** A credential that is not valid and gives no evidence. */
export function invalid(kind: CredentialKind, ...reasons: Reason[]): Verification {
  return { kind, isValid: false, reasons, evidence: [] };
}

/** The layers of a code, outermost first, as `malformed` names the damaged one. */
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

/** A code that is damaged at one layer. */
export function malformed(kind: CredentialKind, layer: Layer, detail?: string): Verification {
  return invalid(kind, reason("malformed", detail === undefined ? { layer } : { layer, detail }));
}

/** A credential whose content breaks its format's schema. @param path to the first error */
export function schemaViolation(kind: CredentialKind, path: string): Verification {
  return invalid(kind, reason("schema-violation", { path }));
}
