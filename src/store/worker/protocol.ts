/** What passes between a store's worker thread and the thread that uses it. */
import type { StoreErrorKind } from "../errors.ts";
import type { OutboxState } from "../outbox.ts";
import type { Replacement } from "../open-or-replace.ts";
import type { StoreFile } from "../store.ts";

/** What the thread is started with. */
export interface StoreThread {
  file: StoreFile;
  /** Wall time, for the name of a database that must be set aside. */
  atMs: number;
}

/** The gauges the using thread may read without waiting. */
export interface StoreFacts {
  pending: number;
  state: OutboxState;
  head: number;
  lost: number;
  directoryAsOfMs?: number;
  directoryVersion?: number;
  directorySize: number;
}

/** One call: the name of an operation and what it is given. */
export interface Request {
  id: number;
  operation: string;
  input: readonly unknown[];
}

export interface Failure {
  kind: StoreErrorKind;
  message: string;
  context: Readonly<Record<string, string | number>>;
}

export type Answer =
  | {
      kind: "opened";
      epoch: string;
      publicKey: string;
      facts: StoreFacts;
      replaced: Replacement | undefined;
    }
  /** The database cannot be trusted any more; everything is refused until a new start sets it aside. */
  | { kind: "damaged"; failure: Failure }
  | { kind: "not-opened"; failure: Failure }
  | { kind: "result"; id: number; result: unknown; facts: StoreFacts }
  | { kind: "failed"; id: number; failure: Failure; facts: StoreFacts };

/** Several results of one batch of commits, in the order given. */
export type CommitOutcome = { seq: number } | { failure: Failure };
