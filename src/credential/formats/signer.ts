/** Who signed a credential: a trusted key, or a certificate that a trusted authority issued. */
import type { X509Certificate } from "node:crypto";
import type { Reason } from "../../core/reason.ts";
import type { Instant } from "../../core/time.ts";
import { reason } from "../verification.ts";
import type { FoundAnchor, FoundKey, TrustStore } from "../trust/trust.ts";

/** What vouches for a signature, with the date of the trust set it stands in. */
export interface TrustedSigner {
  setAsOfMs: number;
}

/** The key that signed, where a trusted one did, with everything that is wrong with it. */
export interface Signer<S extends TrustedSigner = FoundKey> {
  key?: S;
  problems: Reason[];
}

/**
 * The signer among the keys that go by the id a credential names. The same key may stand in several
 * sets: for another issuer, with another span, for other kinds. Each that verifies is evaluated, and
 * the one with the fewest problems counts; the order in which sets were loaded decides nothing.
 * @param ownProblems why the format itself refuses a key, apart from the key's validity period
 */
export function findSigner(
  candidates: readonly FoundKey[],
  keyId: string,
  hasSigned: (key: FoundKey) => boolean,
  at: Instant,
  ownProblems: (key: FoundKey) => Reason[] = () => [],
): Signer {
  if (candidates.length === 0) return { problems: [reason("issuer-unknown", { keyId })] };
  const signers = candidates.filter(hasSigned);
  if (signers.length === 0) return { problems: [reason("signature-invalid", { keyId })] };
  return fewestProblems(
    signers.map((key) => ({ key, problems: [...spanProblems(key, at), ...ownProblems(key)] })),
  );
}

/** The one with the fewest problems; of equals the first. */
function fewestProblems<T extends { problems: readonly Reason[] }>(all: readonly T[]): T {
  return all.reduce((best, each) => (each.problems.length < best.problems.length ? each : best));
}

/** Whether a key or an anchor may be relied on at that moment (epoch ms). */
function isActiveAt(
  { notBeforeMs, notAfterMs }: Pick<FoundKey | FoundAnchor, "notBeforeMs" | "notAfterMs">,
  atMs: number,
): boolean {
  return atMs >= (notBeforeMs ?? -Infinity) && atMs <= (notAfterMs ?? Infinity);
}

function spanProblems(key: FoundKey, { wallMs }: Instant): Reason[] {
  if (isActiveAt(key, wallMs)) return [];
  const { keyId, notBeforeMs = 0, notAfterMs = 0 } = key;
  return [reason("issuer-expired", { keyId, notBeforeMs, notAfterMs })];
}

/**
 * The signer that a credential brings along as a certificate: trusted where an authority that is
 * trusted here issued it, and both may be relied on now.
 * @param hasSigned whether the certificate's key made the signature
 * @param usage the extended key usage it must have, where it names any
 */
export function certificateSigner(
  certificate: X509Certificate,
  hasSigned: boolean,
  usage: string,
  { at, trust }: { at: Instant; trust: TrustStore },
): Signer<TrustedSigner> {
  const { problems, anchor } = authorityOf(certificate, usage, trust, at);
  if (!hasSigned) return { problems: [reason("signature-invalid"), ...problems] };
  return anchor === undefined ? { problems } : { key: anchor, problems };
}

function authorityOf(
  certificate: X509Certificate,
  usage: string,
  trust: TrustStore,
  at: Instant,
): { problems: Reason[]; anchor?: FoundAnchor } {
  // An authority may stand here several times: renewed under the same key, or in two sets.
  const found = trust
    .anchorsFor(certificate)
    .filter(
      (anchor) =>
        anchor.certificate.raw.equals(certificate.raw) || issued(anchor.certificate, certificate),
    )
    .map((anchor) => ({ anchor, problems: chainProblems(certificate, anchor, at.wallMs) }));
  if (found.length === 0) {
    const issuer = certificate.issuer.replaceAll("\n", ", ");
    return { problems: [reason("issuer-unknown", { issuer })] };
  }
  const { anchor, problems } = fewestProblems(found);
  const usages = certificate.keyUsage ?? [];
  if (usages.length > 0 && !usages.includes(usage)) {
    problems.push(reason("issuer-not-allowed", { keyUsage: usages.join(" ") }));
  }
  return { anchor, problems };
}

/** The signer's certificate and the authority must both be valid, and the set the authority stands in. */
function chainProblems(
  { validFromDate, validToDate }: X509Certificate,
  anchor: FoundAnchor,
  atMs: number,
): Reason[] {
  const own = { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
  if (isActiveAt(own, atMs) && isActiveAt(anchor, atMs)) return [];
  return [reason("issuer-expired", { notAfterMs: own.notAfterMs })];
}

function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  // A signer's own certificate must never pass for an authority.
  if (!authority.ca || authority.subject !== certificate.issuer) return false;
  return certificate.verify(authority.publicKey);
}
