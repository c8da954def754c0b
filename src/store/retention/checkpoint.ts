/** Where a chain begins after its old end was cut off: signed, so that nobody can cut it unnoticed. */
import { createPublicKey, verify } from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.ts";

/** The last record that was pruned. What follows it continues from its hash. */
export interface Checkpoint {
  unit: string;
  epoch: string;
  seq: number;
  hash: string;
  /** Wall time of the pruning. */
  prunedAtMs: number;
}

/** Under which name the database keeps it. */
export const CHECKPOINT = "checkpoint";

/** As text for the database. @param sign the unit's own signature, base64url */
export function signCheckpoint(checkpoint: Checkpoint, sign: (text: string) => string): string {
  const statement = canonicalJson({ type: "digital-sentinel-checkpoint", ...checkpoint });
  return canonicalJson({ statement, signature: sign(statement) });
}

/**
 * Reads a checkpoint back.
 * @param publicKey raw Ed25519 key of the unit, base64url
 * @returns nothing when the text is none; `holds` says whether that key signed it for that chain
 */
export function readCheckpoint(
  text: string,
  chain: { unit: string; epoch: string },
  publicKey: string,
): { checkpoint: Checkpoint; holds: boolean } | undefined {
  const { statement, signature } = fieldsOf(text);
  if (typeof statement !== "string" || typeof signature !== "string") return undefined;
  const { type, unit, epoch, seq, hash, prunedAtMs } = fieldsOf(statement);
  if (typeof hash !== "string" || typeof prunedAtMs !== "number") return undefined;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  const ours =
    type === "digital-sentinel-checkpoint" && unit === chain.unit && epoch === chain.epoch;
  return {
    checkpoint: { ...chain, seq, hash, prunedAtMs },
    holds: ours && isSigned(statement, signature, publicKey),
  };
}

function isSigned(statement: string, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: publicKey },
      format: "jwk",
    });
    return verify(null, Buffer.from(statement), key, Buffer.from(signature, "base64url"));
  } catch {
    return false;
  }
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
