/** The channel between a store's worker thread and the thread that uses it: one table of operations types it. */
import type { RecordDraft } from "../../core/record.ts";
import type { DirectoryAnswer, DirectoryKey, DirectoryRow } from "../../core/evidence/directory.ts";
import type { DirectoryChange, StagedSet } from "../directory.ts";
import type { StoreErrorKind } from "../errors.ts";
import type { OutboxRow, OutboxState, SeqRange } from "../outbox.ts";
import type { Replacement } from "../open-or-replace.ts";
import type { Pruned, PruneRequest } from "../retention/prune.ts";
import type { StoredRecord, StoreFile } from "../store.ts";

/** Every operation by name: what it is given and what it answers. */
export interface StoreOperations {
  commit: { input: readonly RecordDraft[]; output: CommitOutcome[] };
  readOutbox: { input: { fromSeq: number; limit: number }; output: OutboxRow[] };
  markDelivered: { input: readonly SeqRange[]; output: number };
  requeue: { input: readonly SeqRange[]; output: number };
  lookUp: { input: DirectoryKey; output: DirectoryAnswer };
  applyDirectory: { input: DirectoryChange; output: void };
  stageDirectory: { input: readonly DirectoryRow[]; output: void };
  clearDirectoryStaging: { input: undefined; output: boolean };
  activateDirectory: { input: StagedSet; output: void };
  readDirectoryPage: { input: { afterPseudonym: string; limit: number }; output: DirectoryRow[] };
  getSetting: { input: string; output: string | undefined };
  setSetting: { input: { name: string; value: string }; output: void };
  recent: { input: number; output: StoredRecord[] };
  sign: { input: string; output: string };
  forget: { input: string; output: number };
  forgetBefore: { input: number; output: number };
  prune: { input: PruneRequest; output: Pruned };
  close: { input: undefined; output: void };
}

export type Operation = keyof StoreOperations;

/** What carries each operation out; a missing or superfluous one does not compile. */
export type StoreHandlers = {
  readonly [N in Operation]: (
    input: StoreOperations[N]["input"],
  ) => Promise<StoreOperations[N]["output"]>;
};

/** One call. */
export type StoreRequest<N extends Operation = Operation> = {
  [K in N]: { id: number; operation: K; input: StoreOperations[K]["input"] };
}[N];

/** What one call answered. */
export type StoreResult<N extends Operation = Operation> = {
  [K in N]: {
    kind: "result";
    id: number;
    operation: K;
    output: StoreOperations[K]["output"];
    gauges: StoreGauges;
  };
}[N];

/** What the thread is started with. */
export interface StoreThread {
  file: StoreFile;
  /** Wall time, for the name of a database that must be quarantined. */
  atMs: number;
}

/** Values that the using thread reads without waiting; each answer brings them up to date. */
export interface StoreGauges {
  pending: number;
  state: OutboxState;
  head: number;
  lost: number;
  directoryAsOfMs?: number;
  directoryVersion?: number;
  directorySize: number;
}

/** A StoreError as it crosses the channel. */
export interface Failure {
  kind: StoreErrorKind;
  message: string;
  context: Readonly<Record<string, string | number>>;
}

export interface StoreOpened {
  kind: "opened";
  epoch: string;
  publicKey: string;
  gauges: StoreGauges;
  replaced: Replacement | undefined;
}

export type StoreAnswer =
  | StoreOpened
  | { kind: "not-opened"; failure: Failure }
  /** The database cannot be trusted any more; everything is refused until a new start quarantines it. */
  | { kind: "damaged"; failure: Failure }
  | StoreResult
  | { kind: "failed"; id: number; operation: Operation; failure: Failure; gauges: StoreGauges };

/** One result of a batch of commits, in the order given. */
export type CommitOutcome = { seq: number } | { failure: Failure };

/** Carries a request out; the operation's name ties its input to its output. */
export async function carryOut<N extends Operation>(
  handlers: StoreHandlers,
  { id, operation, input }: StoreRequest<N>,
  gauges: () => StoreGauges,
): Promise<StoreResult<N>> {
  const output = await handlers[operation](input);
  return { kind: "result", id, operation, output, gauges: gauges() };
}
