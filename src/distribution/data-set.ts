/** The contract between the transport of data sets and what a unit does with their content. */
import type { DataSetKind } from "../core/data-set.ts";
import type { BackoffRange } from "../base/backoff.ts";
import type { Blob } from "../protocol/manifest.ts";
import type { DataSetFile } from "./data-set-cache.ts";
import type { DataSetErrorCode } from "../protocol/data-set-reports.ts";

/** Why a data set was not activated. */
export class DataSetError extends Error {
  override readonly name = "DataSetError";
  readonly code: DataSetErrorCode;

  constructor(code: DataSetErrorCode, detail = "", options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** Version and date of a set. */
export interface DataSetVersion {
  version: number;
  /** Epoch ms. */
  asOfMs: number;
}

/** A set that was read to its end and found good. */
export interface PreparedDataSet {
  /** Activates it in one step: a reader sees the old set or the new one. */
  activate(): void | Promise<void>;
}

/** What a unit does with the bytes of one kind. */
export interface DataSetInstaller {
  limits: { bytes: number; files: number };
  /**
   * The active version, where the installer stores the content itself. The cache then stores the
   * manifest only, and the set is not prepared again after a restart.
   */
  active?(): DataSetVersion | undefined;
  /** Reads everything; rejects with what is wrong. Changes nothing that is active. */
  prepare(files: readonly DataSetFile[], facts: DataSetVersion): Promise<PreparedDataSet>;
  /**
   * The same from the active version and a delta. Must reject when the result does not hash to
   * `whole`: the whole set is fetched then.
   */
  prepareDelta?(delta: DataSetFile, whole: Blob, facts: DataSetVersion): Promise<PreparedDataSet>;
}

/** Timings of updates, in milliseconds. */
export interface DataSetTimings {
  /** After this time without another chunk, the missing ones are requested again. */
  answerMs: number;
  /** Pauses after a failure that may pass. */
  retry: BackoffRange;
  /** How often a manifest is validated again that waits for a trusted clock. */
  revalidateMs: number;
}

export const DATA_SET_TIMINGS: DataSetTimings = {
  answerMs: 10_000,
  retry: { firstMs: 5_000, longestMs: 300_000 },
  revalidateMs: 5_000,
};

/** What distribution needs of the unit's connection. */
export interface ChunkRequester {
  /** Requests chunks; resolves to whether the broker took the request. */
  request(kind: DataSetKind, version: number, chunks: readonly string[]): Promise<boolean>;
  online(): boolean;
}
