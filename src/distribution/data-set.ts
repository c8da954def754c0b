/** What the transport of data sets hands on, and what a unit tells its district about them. */
import { type SetKind } from "../core/data-set.ts";
import type { Blob } from "../protocol/manifest.ts";
import type { SetFile } from "./data-set-cache.ts";
import type { SetFault } from "../protocol/data-set-reports.ts";

/** A set that was not taken, or a step of it that failed. */
export class SetError extends Error {
  override readonly name = "SetError";
  readonly fault: SetFault;

  constructor(fault: SetFault, detail = "", options?: ErrorOptions) {
    super(detail, options);
    this.fault = fault;
  }
}

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
