/** What the transport of data sets hands on, and what a unit tells its district about them. */
import { SET_KINDS, type SetKind } from "../core/data-set.ts";
import { partRequestSchema } from "../protocol/message-schemas.ts";
import type { Blob } from "../protocol/manifest.ts";
import type { SetFile } from "./distribution-shelf.ts";
import type { TokenFault } from "../protocol/signed-token.ts";

/**
 * Why a set was not taken.
 * - a `TokenFault`: not signed by anybody this unit believes, or not a manifest
 * - `not-allowed`: signed by a key that may not sign this kind
 * - `wrong-audience`, `expired`, `rolled-back`: for somebody else, too late, older than what is in force
 * - `version-reused`: the version in force again, with other content
 * - `too-large`: more than this kind may have
 * - `clock-untrusted`: whether it has expired cannot be told yet; it is judged again later
 * - `parts-missing`: nobody sends the parts; asked for again and again
 * - `part-damaged`: what was sent for a part is not that part; asked for again later
 * - `whole-damaged`: the parts are right and do not make the whole
 * - `content-invalid`: it cannot be used as what it is; `detail` says where
 * - `disk`: it could not be kept; tried again later
 */
export type SetFault =
  | TokenFault
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

/** A set that was not taken, or a step of it that failed. */
export class SetError extends Error {
  override readonly name = "SetError";
  readonly fault: SetFault;

  constructor(fault: SetFault, detail = "", options?: ErrorOptions) {
    super(detail, options);
    this.fault = fault;
  }
}

/** The last failure, until a good set has come. */
export interface SetFailure {
  reason: SetFault;
  /** Which version failed, where it could be read. */
  version?: number;
  /** Where the fault is; never content. */
  detail?: string;
  /** Epoch ms. */
  atMs: number;
}

/** How one kind of set stands on a unit. A unit's retained state carries one for each kind. */
export interface SetReport {
  /** What is in force; absent while nothing was ever taken. */
  version?: number;
  asOfMs?: number;
  /** What is on its way. */
  loading?: number;
  error?: SetFailure;
}

export type SetReports = Readonly<Partial<Record<SetKind, SetReport>>>;

/** Version and date of a set. */
export interface SetFacts {
  version: number;
  /** Epoch ms. */
  asOfMs: number;
}

/** A set that was read to its end and found good. */
export interface PreparedSet {
  /** Puts it in force in one step: whoever asks sees the old set or the new one. */
  switchOver(): void | Promise<void>;
}

/** What a unit does with the bytes of one kind. */
export interface SetInstaller {
  limits: { bytes: number; files: number };
  /**
   * What is in force, where the installer keeps it itself; then only the manifest is kept beside it,
   * and the set is not prepared again after a restart.
   */
  standing?(): SetFacts | undefined;
  /** Reads everything; rejects with what is wrong. Changes nothing that is in force. */
  prepare(files: readonly SetFile[], facts: SetFacts): Promise<PreparedSet>;
  /**
   * The same from what is in force and a delta. Must reject when the result does not hash to
   * `whole`: the whole set is fetched then.
   */
  prepareDelta?(delta: SetFile, whole: Blob, facts: SetFacts): Promise<PreparedSet>;
}

/** How patient a unit is, in milliseconds. */
export interface SetWaits {
  /** After so long without another part, the rest is asked for again. */
  answerMs: number;
  /** Pauses after a failure that may pass; each at most twice the one before. */
  retryFirstMs: number;
  retryLastMs: number;
  /** How often a manifest is judged again that only waits for a clock to believe. */
  rejudgeMs: number;
}

export const SET_WAITS: SetWaits = {
  answerMs: 10_000,
  retryFirstMs: 5_000,
  retryLastMs: 300_000,
  rejudgeMs: 5_000,
};

/** What distribution needs of the unit's connection. */
export interface SetLink {
  /** Asks for parts; resolves to whether the broker took the request. */
  request(kind: SetKind, version: number, parts: readonly string[]): Promise<boolean>;
  online(): boolean;
}

/** Which parts a unit asks for. The kind and version say what for; the hash alone names a part. */
export interface PartRequest {
  kind: SetKind;
  version: number;
  parts: readonly string[];
}

export function partRequest(request: PartRequest): string {
  return JSON.stringify(request);
}

/** A unit's request, or nothing when the text is none. */
export function readPartRequest(payload: Uint8Array): PartRequest | undefined {
  return partRequestSchema.safeParse(objectFrom(payload)).data;
}

/** What a unit's state says of its sets, as far as it can be understood; nothing when it is no state. */
export function readSetReports(
  payload: Uint8Array,
): { availability: string; sets: SetReports } | undefined {
  const value = objectFrom(payload);
  const availability = value?.["availability"];
  if (value === undefined || typeof availability !== "string") return undefined;
  const given = isObject(value["sets"]) ? value["sets"] : {};
  const sets: Partial<Record<SetKind, SetReport>> = {};
  for (const kind of SET_KINDS) {
    const report = given[kind];
    if (isObject(report)) sets[kind] = readReport(report);
  }
  return { availability, sets };
}

function readReport({ version, asOfMs, loading, error }: Record<string, unknown>): SetReport {
  return {
    ...(typeof version === "number" ? { version } : {}),
    ...(typeof asOfMs === "number" ? { asOfMs } : {}),
    ...(typeof loading === "number" ? { loading } : {}),
    ...(isObject(error) ? readFailure(error) : {}),
  };
}

// A unit of another version may name reasons that are not known here: they are passed on as they are.
function readFailure({ reason, version, detail, atMs }: Record<string, unknown>): {
  error?: SetFailure;
} {
  if (typeof reason !== "string" || typeof atMs !== "number") return {};
  return {
    error: {
      reason: reason as SetFault,
      atMs,
      ...(typeof version === "number" ? { version } : {}),
      ...(typeof detail === "string" ? { detail } : {}),
    },
  };
}

function objectFrom(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
