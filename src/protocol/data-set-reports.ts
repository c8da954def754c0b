/** What a unit says of its data sets: how each stands, why one was not taken, and which chunks it asks for. */
import { DATA_SET_KINDS, type DataSetKind } from "../core/data-set.ts";
import { chunkRequestSchema } from "./message-schemas.ts";
import type { TokenError } from "./signed-token.ts";

/**
 * Why a set was not taken.
 * - a `TokenError`: not signed by anybody this unit believes, or not a manifest
 * - `not-allowed`: signed by a key that may not sign this kind
 * - `wrong-audience`, `expired`, `rolled-back`: for somebody else, too late, older than what is in force
 * - `version-reused`: the version in force again, with other content
 * - `too-large`: more than this kind may have
 * - `clock-untrusted`: whether it has expired is not known yet; it is verified again later
 * - `parts-missing`: the chunks do not come; requested again and again
 * - `part-damaged`: what was sent for a part is not that part; asked for again later
 * - `whole-damaged`: the parts are right and do not make the whole
 * - `content-invalid`: it cannot be used as what it is; `detail` says where
 * - `disk`: it could not be kept; tried again later
 */
export type DataSetErrorCode =
  | TokenError
  | "not-allowed"
  | "wrong-audience"
  | "expired"
  | "rolled-back"
  | "version-reused"
  | "clock-untrusted"
  | "parts-missing"
  | "part-damaged"
  | "whole-damaged"
  | "content-invalid"
  | "disk";

/** The last failure, until a good set has come. */
export interface DataSetFailure {
  reason: DataSetErrorCode;
  /** Which version failed, where it could be read. */
  version?: number;
  /** Where the fault is; never content. */
  detail?: string;
  /** Epoch ms. */
  atMs: number;
}

/** How one kind of set stands on a unit. A unit's retained state carries one for each kind. */
export interface DataSetReport {
  /** What is in force; absent while nothing was ever taken. */
  version?: number;
  asOfMs?: number;
  /** What is on its way. */
  loading?: number;
  error?: DataSetFailure;
}

export type DataSetReports = Readonly<Partial<Record<DataSetKind, DataSetReport>>>;

/** Which parts a unit asks for. The kind and version say what for; the hash alone names a part. */
export interface ChunkRequest {
  kind: DataSetKind;
  version: number;
  parts: readonly string[];
}

export function chunkRequest(request: ChunkRequest): string {
  return JSON.stringify(request);
}

/** A unit's request, or nothing when the text is none. */
export function readChunkRequest(payload: Uint8Array): ChunkRequest | undefined {
  return chunkRequestSchema.safeParse(objectFrom(payload)).data;
}

/** What a unit's state says of its sets, as far as it can be understood; nothing when it is no state. */
export function readDataSetReports(
  payload: Uint8Array,
): { availability: string; sets: DataSetReports } | undefined {
  const value = objectFrom(payload);

  const availability = value?.["availability"];
  if (value === undefined || typeof availability !== "string") return undefined;

  const given = isObject(value["sets"]) ? value["sets"] : {};

  const sets: Partial<Record<DataSetKind, DataSetReport>> = {};
  for (const kind of DATA_SET_KINDS) {
    const report = given[kind];
    if (isObject(report)) sets[kind] = readReport(report);
  }
  return { availability, sets };
}

export function readReport({
  version,
  asOfMs,
  loading,
  error,
}: Record<string, unknown>): DataSetReport {
  return {
    ...(typeof version === "number" ? { version } : {}),
    ...(typeof asOfMs === "number" ? { asOfMs } : {}),
    ...(typeof loading === "number" ? { loading } : {}),
    ...(isObject(error) ? readFailure(error) : {}),
  };
}
// A unit of another version may name reasons that are not known here: they are passed on as they are.

export function readFailure({ reason, version, detail, atMs }: Record<string, unknown>): {
  error?: DataSetFailure;
} {
  if (typeof reason !== "string" || typeof atMs !== "number") return {};
  return {
    error: {
      reason: reason as DataSetErrorCode,
      atMs,
      ...(typeof version === "number" ? { version } : {}),
      ...(typeof detail === "string" ? { detail } : {}),
    },
  };
}

export function objectFrom(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
