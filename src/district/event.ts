/** What arrives at the far end, read back and checked: an event is what its unit says, or it is refused. */
import { canonicalJson, sha256Hex } from "../store/canonical.ts";

/** A record as it arrived. */
export interface ArrivedRecord {
  unit: string;
  epoch: string;
  seq: number;
  hash: string;
  prev: string;
  type: string;
  /** Epoch ms, as the unit believed. */
  atMs: number;
  /** Pseudonym, when the unit sends one. */
  holder?: string;
  /** The chained text, as the unit hashed it. */
  canonical: string;
}

/** Why a message is not a record. */
export type ArrivalFault = "malformed" | "hash-mismatch" | "wrong-unit";

/**
 * @param topicUnit the unit whose topic it came on: the broker's rules tie a topic to a
 *   certificate, so a record that names another unit is somebody pretending
 */
export function readRecordEvent(
  payload: Uint8Array,
  topicUnit: string,
): ArrivedRecord | { fault: ArrivalFault } {
  const event = parse(payload);
  const data = asObject(event?.["data"]);
  const record = asObject(data?.["record"]);
  if (event?.["specversion"] !== "1.0" || data === undefined || record === undefined) {
    return { fault: "malformed" };
  }
  const { unit, epoch, seq, prev } = record;
  const type = asObject(record["body"])?.["type"];
  const atMs = asObject(record["at"])?.["wallMs"];
  const { hash, holder } = data;
  if (typeof unit !== "string" || typeof epoch !== "string" || epoch === "")
    return { fault: "malformed" };
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1)
    return { fault: "malformed" };
  if (typeof prev !== "string" || typeof hash !== "string") return { fault: "malformed" };
  if (typeof type !== "string" || typeof atMs !== "number") return { fault: "malformed" };
  if (unit !== topicUnit) return { fault: "wrong-unit" };
  const canonical = canonicalJson(record);
  if (sha256Hex(canonical) !== hash) return { fault: "hash-mismatch" };
  const arrived = { unit, epoch, seq, hash, prev, type, atMs, canonical };
  return typeof holder === "string" ? { ...arrived, holder } : arrived;
}

function parse(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(payload).toString("utf8")));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
