/** What every signed format does alike: validity in time, revocation, and what the verdict rests on. */
import type { Credential, Evidence, Holder } from "../../core/evidence/evidence.ts";
import type { CredentialReason, Reason } from "../../core/reason.ts";
import { MINUTE_MS, type Instant } from "../../core/time.ts";
import { optional } from "../../base/optional.ts";
import type { SignedBy } from "../format.ts";
import { reason, type Verification, type VerificationContext } from "../verification.ts";
import type { RevocationHit } from "../trust/revocation.ts";
import type { Signer, TrustedSigner } from "./signer.ts";

/**
 * How far ahead of this unit's clock a credential may be dated: two clocks are never quite alike, and
 * a code made a moment ago must not be refused. "Usually no more than a few minutes" (RFC 7519 §4.1.5;
 * RFC 8392 §3.1 takes its claims from there). The end of a credential gets no such margin.
 */
export const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;

/** A signed credential, taken apart by its format. */
export interface SignedCredential<S extends TrustedSigner>
  extends Pick<Verification, "kind" | "supportingDocument">, ValidityPeriod {
  credentialId?: string | undefined;
  holder?: Holder | undefined;
  issuer?: string | undefined;
  signer: Signer<S>;
  /** What the format itself has against it. */
  problems?: readonly Reason[];
  /** What revocation lists may name it by; the first that is listed counts. */
  revocationNumbers: readonly RevocationLookup[];
  /** What the reason of a revocation repeats. */
  revocationParams?: Reason["params"];
  /** What it states. Asked only where a trusted key signed it: anything else is evidence of nothing. */
  evidence: (signer: S) => readonly Evidence[];
}

/** A number to look up on the revocation lists of a namespace. */
export interface RevocationLookup {
  namespace: string;
  number: string;
  /** The edition of the list that the issuer announces: an older list cannot clear the credential. */
  announced?: { keyId: string; counter: number };
}

/** When a credential counts, epoch ms. */
export interface ValidityPeriod {
  issuedAtMs?: number | undefined;
  /** Where it begins later than it was issued. */
  notBeforeMs?: number | undefined;
  validUntilMs?: number | undefined;
  /** Whether the last moment itself still counts; excluded unless the format includes it. */
  lastMoment?: "included" | "excluded";
}

/** Verifies a credential of a signed format: signer, validity, revocation, and the age of all that. */
export function verifySigned<S extends TrustedSigner>(
  signedBy: SignedBy,
  credential: SignedCredential<S>,
  context: VerificationContext,
): Verification {
  const { kind, signer, credentialId, holder, issuer, supportingDocument } = credential;
  const { issuedAtMs, validUntilMs } = credential;
  const trusted = signer.key;
  const reasons = [
    ...signer.problems,
    ...(credential.problems ?? []),
    ...validityProblems(credential, context.at),
    ...revocationProblems(credential, context),
  ];
  return {
    kind,
    isValid: reasons.length === 0 && trusted !== undefined,
    reasons,
    ...optional({ credentialId, holder, issuedAtMs, validUntilMs, issuer, supportingDocument }),
    evidence: trusted === undefined ? [] : credential.evidence(trusted),
    ...(trusted === undefined ? {} : basisOf(signedBy, trusted, context)),
  };
}

function validityProblems(
  { issuedAtMs, notBeforeMs, validUntilMs, lastMoment = "excluded" }: ValidityPeriod,
  { wallMs }: Instant,
): Reason[] {
  const problems: Reason[] = [];
  if (validUntilMs !== undefined) {
    const isOver = lastMoment === "included" ? wallMs > validUntilMs : wallMs >= validUntilMs;
    if (isOver) problems.push(reason("expired", { ...optional({ issuedAtMs }), validUntilMs }));
  }
  const beginsAtMs = Math.max(issuedAtMs ?? -Infinity, notBeforeMs ?? -Infinity);
  if (wallMs < beginsAtMs - CLOCK_TOLERANCE_MS) {
    // Of two dates the later one is when it begins to count.
    problems.push(reason("not-yet-valid", { issuedAtMs: beginsAtMs }));
  }
  return problems;
}

function revocationProblems<S extends TrustedSigner>(
  { revocationNumbers, revocationParams = {}, issuedAtMs }: SignedCredential<S>,
  { revocation, at }: VerificationContext,
): Reason[] {
  const hit = revocationNumbers
    .map(({ namespace, number }) => revocation.find(namespace, number, issuedAtMs, at))
    .find((each) => each !== undefined);
  const problems = hit === undefined ? [] : [reasonOf(hit, revocationParams)];
  for (const { namespace, announced } of revocationNumbers) {
    if (announced === undefined) continue;
    const counter = revocation.counterOf(namespace, announced.keyId) ?? 0;
    // The issuer announces a newer list than the one here, or none is here: it may name this one.
    if (counter < announced.counter) {
      problems.push({
        code: "trust-list-too-old",
        params: { counter, announced: announced.counter },
      });
    }
  }
  return problems;
}

function reasonOf({ verdict, falsePositiveRate }: RevocationHit, params: object): Reason {
  const code: CredentialReason = verdict;
  const all = { ...params, ...optional({ falsePositiveRate }) };
  return Object.keys(all).length === 0 ? reason(code) : reason(code, all);
}

/** What the verdict rests on, and how old that is: the oldest of the trust set and the lists asked. */
function basisOf(
  { revocation: numbers }: SignedBy,
  { setAsOfMs }: TrustedSigner,
  { revocation, at }: VerificationContext,
): Required<Pick<Credential, "basis" | "basisAsOfMs">> {
  const listed = numbers.map(({ namespace }) => revocation.asOfMs(namespace, at) ?? Infinity);
  return { basis: "trust-list", basisAsOfMs: Math.min(setAsOfMs, ...listed) };
}

/** The frame of each statement of a signed credential. @param detail issuer and key id, as far as known */
export function verifiedStatement(
  detail: string,
  asOfMs: number | undefined,
  observedAt: Instant,
): Pick<Evidence, "source" | "observedAt"> & { trust: "verified" } {
  return {
    trust: "verified",
    source: { name: "code-reader", detail, ...optional({ asOfMs }) },
    observedAt,
  };
}
