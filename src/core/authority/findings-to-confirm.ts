/** Findings that staff can overrule only in a second, explicit step that names them. */
import type { Evidence } from "../evidence/evidence.ts";
import type { ReasonCode } from "../reason.ts";
import type { Visit } from "../visit/visit-state.ts";

/** A danger to others, or a credential that is forged, revoked, or another person's. */
const NEEDS_CONFIRMATION: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "code-red",
  "test-positive",
  "antigen-positive",
  "signature-invalid",
  "issuer-unknown",
  "issuer-not-allowed",
  "revoked",
  "possibly-revoked",
  "superseded",
  "holder-mismatch",
]);

/** What has to be named to let this visitor in: found by a rule, or in the credentials. */
export function findingsToConfirm(visit: Visit): readonly ReasonCode[] {
  const { credential, supportingCard, carried } = visit;
  const decision = visit.phase === "gathering" ? undefined : visit.decision;
  const evidence = [...credential.evidence, ...(supportingCard?.evidence ?? []), ...carried];
  const found = [
    ...credential.reasons,
    ...(supportingCard?.reasons ?? []),
    ...(decision?.reasons ?? []),
    ...(decision?.rules ?? []).flatMap((rule) => rule.reason ?? []),
  ].map((reason) => reason.code);
  // A red code is a danger also where the policy asks for no colour or test.
  const codes = new Set([...found, ...evidence.flatMap((piece) => dangerIn(piece, evidence))]);
  return [...codes].filter((code) => NEEDS_CONFIRMATION.has(code));
}

function dangerIn(piece: Evidence, all: readonly Evidence[]): ReasonCode[] {
  if (piece.kind === "code-colour") return piece.colour === "red" ? ["code-red"] : [];
  // A positive result is a danger also where the kind of test is not known here.
  const { kind } = piece;
  if (kind !== "nucleic-acid-test" && kind !== "antigen-test" && kind !== "other-test") return [];
  // A later negative result ends the danger.
  const over = all.some(
    (other) =>
      other.kind === piece.kind &&
      other.disease === piece.disease &&
      other.result === "negative" &&
      other.sampledAtMs > piece.sampledAtMs,
  );
  if (over || piece.result !== "positive") return [];
  return [piece.kind === "antigen-test" ? "antigen-positive" : "test-positive"];
}
