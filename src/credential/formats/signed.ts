/** What every signed format is held to alike: its signer, its time, its revocation, the age of its basis. */
import type { CredentialReason, Reason } from "../../core/reason.ts";
import { MINUTE_MS, type Instant } from "../../core/time.ts";
import { reason, type Verification, type VerificationContext } from "../verification.ts";
import type { RevocationHit, RevocationNamespace } from "../trust/revocation.ts";
import type { FoundAnchor, FoundKey } from "../trust/trust.ts";

/**
 * How far ahead of this unit's clock a credential may be dated: two clocks are never quite alike, and
 * a code made a moment ago must not be refused. "Usually no more than a few minutes" (RFC 7519 §4.1.5;
 * RFC 8392 §3.1 takes its claims from there). The end of a credential gets no such margin.
 */
export const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;

/** The key that signed, with everything that is wrong with it. */
export interface Signer {
  key?: FoundKey;
  problems: Reason[];
}

/**
 * The signer among the keys that go by the id a credential names. The same key may stand in several
 * sets: for another issuer, with another span, for other kinds. Every one that verifies is judged, and
 * the one with the least against it counts; the order in which sets were loaded decides nothing.
 * @param judged what a format itself has against a key, beside its span
 */
export function findSigner(
  candidates: readonly FoundKey[],
  keyId: string,
  hasSigned: (key: FoundKey) => boolean,
  at: Instant,
  judged: (key: FoundKey) => Reason[] = () => [],
): Signer {
  if (candidates.length === 0) return { problems: [reason("issuer-unknown", { keyId })] };
  const signers = candidates.filter(hasSigned);
  if (signers.length === 0) return { problems: [reason("signature-invalid", { keyId })] };
  return fewestProblems(
    signers.map((key) => ({ key, problems: [...spanProblems(key, keyId, at), ...judged(key)] })),
  );
}

/** The outcome with the fewest problems; of equals the first. */
export function fewestProblems<T extends { problems: readonly Reason[] }>(
  outcomes: readonly T[],
): T {
  return outcomes.reduce((best, each) =>
    each.problems.length < best.problems.length ? each : best,
  );
}

/** Whether a key or an anchor may be relied on at that moment (epoch ms). */
export function isActiveAt(
  { notBeforeMs, notAfterMs }: Pick<FoundKey | FoundAnchor, "notBeforeMs" | "notAfterMs">,
  atMs: number,
): boolean {
  return atMs >= (notBeforeMs ?? -Infinity) && atMs <= (notAfterMs ?? Infinity);
}

function spanProblems(key: FoundKey, keyId: string, { wallMs }: Instant): Reason[] {
  if (isActiveAt(key, wallMs)) return [];
  const { notBeforeMs = 0, notAfterMs = 0 } = key;
  return [reason("issuer-expired", { keyId, notBeforeMs, notAfterMs })];
}

/**
 * What a credential's own span has against it.
 * @param ends whether the last moment itself still counts
 */
export function validityProblems(
  span: { issuedAtMs?: number | undefined; validUntilMs?: number | undefined },
  { wallMs }: Instant,
  ends: "included" | "excluded",
): Reason[] {
  const { issuedAtMs, validUntilMs } = span;
  const problems: Reason[] = [];
  if (validUntilMs !== undefined) {
    const isOver = ends === "included" ? wallMs > validUntilMs : wallMs >= validUntilMs;
    if (isOver) problems.push(reason("expired", { ...defined({ issuedAtMs }), validUntilMs }));
  }
  if (issuedAtMs !== undefined && wallMs < issuedAtMs - CLOCK_TOLERANCE_MS) {
    problems.push(reason("not-yet-valid", { issuedAtMs }));
  }
  return problems;
}

function defined({ issuedAtMs }: { issuedAtMs: number | undefined }): { issuedAtMs?: number } {
  return issuedAtMs === undefined ? {} : { issuedAtMs };
}

/** A hit on a revocation list as a reason. */
export function revocationProblems(
  hit: RevocationHit | undefined,
  params: NonNullable<Reason["params"]> = {},
): Reason[] {
  if (hit === undefined) return [];
  const { verdict, falsePositiveRate } = hit;
  const all = { ...params, ...(falsePositiveRate === undefined ? {} : { falsePositiveRate }) };
  const code: CredentialReason = verdict;
  return [Object.keys(all).length === 0 ? reason(code) : reason(code, all)];
}

/** What a verdict rests on, and how old it is: the oldest of the key's set and the lists that were asked. */
export function basisOf(
  setAsOfMs: number,
  namespaces: readonly RevocationNamespace[],
  { revocation, at }: Pick<VerificationContext, "revocation" | "at">,
): Required<Pick<Verification, "basis" | "basisAsOfMs">> {
  const listed = namespaces.map((namespace) => revocation.asOfMs(namespace, at) ?? Infinity);
  return { basis: "trust-list", basisAsOfMs: Math.min(setAsOfMs, ...listed) };
}
