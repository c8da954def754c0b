/** What the transport of data sets hands on, and what a unit tells its district about them. */
import { type DataSetKind } from "../core/data-set.ts";
import type { Blob } from "../protocol/manifest.ts";
import type { DataSetFile } from "./data-set-cache.ts";
import type { DataSetErrorCode } from "../protocol/data-set-reports.ts";

/** A set that was not taken, or a step of it that failed. */
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
  /** Puts it in force in one step: whoever asks sees the old set or the new one. */
  activate(): void | Promise<void>;
}

/** What a unit does with the bytes of one kind. */
export interface DataSetInstaller {
  limits: { bytes: number; files: number };
  /**
   * What is in force, where the installer keeps it itself; then only the manifest is kept beside it,
   * and the set is not prepared again after a restart.
   */
  active?(): DataSetVersion | undefined;
  /** Reads everything; rejects with what is wrong. Changes nothing that is in force. */
  prepare(files: readonly DataSetFile[], facts: DataSetVersion): Promise<PreparedDataSet>;
  /**
   * The same from what is in force and a delta. Must reject when the result does not hash to
   * `whole`: the whole set is fetched then.
   */
  prepareDelta?(delta: DataSetFile, whole: Blob, facts: DataSetVersion): Promise<PreparedDataSet>;
}

/** How patient a unit is, in milliseconds. */
export interface DataSetTimings {
  /** After so long without another part, the rest is asked for again. */
  answerMs: number;
  /** Pauses after a failure that may pass; each at most twice the one before. */
  retryFirstMs: number;
  retryLastMs: number;
  /** How often a manifest is judged again that only waits for a clock to believe. */
  rejudgeMs: number;
}

export const DATA_SET_TIMINGS: DataSetTimings = {
  answerMs: 10_000,
  retryFirstMs: 5_000,
  retryLastMs: 300_000,
  rejudgeMs: 5_000,
};

/** What distribution needs of the unit's connection. */
export interface ChunkRequester {
  /** Asks for parts; resolves to whether the broker took the request. */
  request(kind: DataSetKind, version: number, parts: readonly string[]): Promise<boolean>;
  online(): boolean;
}
