/** Findings that staff can overrule only in a second, explicit step that names them. */
import type { Evidence } from "../evidence/evidence.ts";
import type { ReasonCode } from "../reason.ts";
import type { Visit } from "../state.ts";

/** A danger to others, or a credential that was made up, taken back, or is somebody else's. */
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

/** What has to be named to let this visitor in: found by a rule, or seen in what was shown. */
export function findingsToConfirm(visit: Visit): readonly ReasonCode[] {
  const { credential, companion, carried, decision } = visit;
  const evidence = [...credential.evidence, ...(companion?.evidence ?? []), ...carried];
  const found = [
    ...credential.reasons,
    ...(companion?.reasons ?? []),
    ...(decision?.reasons ?? []),
    ...(decision?.rules ?? []).flatMap((rule) => rule.reason ?? []),
  ].map((reason) => reason.code);
  // A policy that asks for no colour or test does not make a red code a harmless one.
  const codes = new Set([...found, ...evidence.flatMap((piece) => dangerIn(piece, evidence))]);
  return [...codes].filter((code) => NEEDS_CONFIRMATION.has(code));
}

function dangerIn(piece: Evidence, all: readonly Evidence[]): ReasonCode[] {
  if (piece.kind === "code-colour") return piece.colour === "red" ? ["code-red"] : [];
  // A positive is one also where nobody here knows the kind of test.
  const { kind } = piece;
  if (kind !== "nucleic-acid-test" && kind !== "antigen-test" && kind !== "other-test") return [];
  // Whoever was well later is well.
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
