/** The same store behind a worker thread: calls cross over, gauges come back with every answer. */
import type { KeyValueStore } from "../../base/key-value-store.ts";
import { Worker } from "node:worker_threads";
import type { Timer } from "../../../hal/clock.ts";
import { optional } from "../../base/optional.ts";
import type { RecordDraft } from "../../core/record.ts";
import { asRows, type DirectoryStore } from "../directory.ts";
import { StoreError } from "../errors.ts";
import type { Replacement } from "../open-or-replace.ts";
import type { Outbox, OutboxState } from "../outbox.ts";
import type { Pruned, PruneRequest } from "../retention/prune.ts";
import { scheduleRetention } from "../retention/retention.ts";
import type { Store, StoredRecord, StoreOptions } from "../store.ts";
import type {
  CommitOutcome,
  Failure,
  Operation,
  StoreAnswer,
  StoreGauges,
  StoreOpened,
  StoreOperations,
  StoreRequest,
  StoreResult,
  StoreThread,
} from "./protocol.ts";

/** A call that waits for its answer. */
interface Call {
  resolve: (result: StoreResult) => void;
  reject: (error: Error) => void;
}

interface WaitingCommit {
  draft: RecordDraft;
  resolve: (result: { seq: number }) => void;
  reject: (error: Error) => void;
}

const errorOf = ({ kind, message, context }: Failure): StoreError =>
  new StoreError(kind, message, context);

const isResultOf = <N extends Operation>(
  result: StoreResult | StoreResult<N>,
  operation: N,
): result is StoreResult<N> => result.operation === operation;

export interface ThreadOptions extends Omit<StoreOptions, "random" | "inherited"> {
  /**
   * The database turned out to be damaged while it was in use. Nothing more is taken; a new start
   * quarantines it and begins a new one.
   */
  onDamaged?: (error: StoreError) => void;
}

/** A store in a thread, and what became of the database before it. */
export interface UnitStore extends Store {
  /** Set when a database had to be quarantined at this start. */
  readonly replaced: Replacement | undefined;
}

/**
 * Opens a store in a thread of its own. A damaged database is quarantined, and a new one begins.
 *
 * @throws StoreError `disk` or `foreign`, as `openOrReplace` does
 */
export async function openStoreInWorker(options: ThreadOptions): Promise<UnitStore> {
  const { path, unitId, outbox, clock } = options;
  const workerData: StoreThread = {
    file: { path, unitId, ...optional({ outbox }) },
    atMs: clock.wallMs(),
  };
  const worker = new Worker(new URL("worker-thread.ts", import.meta.url), { workerData });
  const opened = await new Promise<StoreAnswer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  if (opened.kind === "opened") return new ThreadStore(worker, options, opened);
  await worker.terminate();
  throw opened.kind === "not-opened"
    ? errorOf(opened.failure)
    : new StoreError("closed", "the store's thread answered out of turn");
}

class ThreadStore implements UnitStore {
  readonly unitId: string;
  readonly epoch: string;
  readonly signingKey: Store["signingKey"];
  readonly outbox: Outbox;
  readonly directory: DirectoryStore;
  readonly settings: KeyValueStore;
  readonly replaced: Replacement | undefined;
  readonly #worker: Worker;
  readonly #retention: Timer;
  readonly #calls = new Map<number, Call>();
  readonly #stateListeners: ((state: OutboxState) => void)[] = [];
  readonly #commitListeners: ((head: number) => void)[] = [];
  #nextId = 1;
  #gauges: StoreGauges;
  #waiting: WaitingCommit[] = [];
  #committing = false;
  #ended: StoreError | undefined;

  constructor(worker: Worker, options: ThreadOptions, opened: StoreOpened) {
    this.#worker = worker;
    this.#gauges = opened.gauges;
    this.unitId = options.unitId;
    this.epoch = opened.epoch;
    this.replaced = opened.replaced;
    this.signingKey = {
      publicKey: opened.publicKey,
      sign: (text) => this.#call("sign", text),
    };
    this.outbox = this.#outbox();
    this.directory = this.#directory();
    this.settings = {
      get: (name) => this.#call("getSetting", name),
      set: (name, value) => this.#call("setSetting", { name, value }),
    };
    worker.on("message", (answer: StoreAnswer) => this.#received(answer, options.onDamaged));
    worker.on("error", (error) => this.#end(`the store's thread failed: ${String(error)}`));
    worker.on("exit", () => this.#end("the store is closed"));
    this.#retention = scheduleRetention(this, options.clock, options);
  }

  commit(draft: RecordDraft): Promise<{ seq: number }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject });
      if (!this.#committing) void this.#commitWaiting();
    });
  }

  recent(count: number): Promise<StoredRecord[]> {
    return this.#call("recent", count);
  }

  forget(holderPseudonym: string): Promise<number> {
    return this.#call("forget", holderPseudonym);
  }

  forgetBefore(beforeMs: number): Promise<number> {
    return this.#call("forgetBefore", beforeMs);
  }

  prune(request: PruneRequest): Promise<Pruned> {
    return this.#call("prune", request);
  }

  async close(): Promise<void> {
    this.#retention.cancel();
    if (this.#ended !== undefined) return;
    await this.#call("close", undefined);
    await this.#worker.terminate();
  }

  // Commits that gather while one batch is written share the next one, and so one fsync.
  async #commitWaiting(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const drafts = batch.map(({ draft }) => draft);
        settle(batch, await this.#call("commit", drafts));
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const { reject } of batch) reject(failure);
      }
    }
    this.#committing = false;
  }

  #call<N extends Operation>(
    operation: N,
    input: StoreOperations[N]["input"],
  ): Promise<StoreOperations[N]["output"]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const id = this.#nextId++;
      this.#calls.set(id, {
        resolve: (result) => {
          if (isResultOf(result, operation)) resolve(result.output);
          else
            reject(new StoreError("closed", `${operation} got the result of ${result.operation}`));
        },
        reject,
      });
      const request: StoreRequest<N> = { id, operation, input };
      this.#worker.postMessage(request);
    });
  }

  #received(answer: StoreAnswer, onDamaged: ThreadOptions["onDamaged"]): void {
    switch (answer.kind) {
      case "opened":
      case "not-opened":
        return;
      case "damaged":
        onDamaged?.(errorOf(answer.failure));
        return;
      case "result":
        this.#take(answer.id)?.resolve(answer);
        break;
      case "failed":
        this.#take(answer.id)?.reject(errorOf(answer.failure));
        break;
    }
    this.#update(answer.gauges);
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  #update(gauges: StoreGauges): void {
    const before = this.#gauges;
    this.#gauges = gauges;
    if (before.state !== gauges.state) {
      for (const listener of this.#stateListeners) listener(gauges.state);
    }
    if (before.head !== gauges.head) {
      for (const listener of this.#commitListeners) listener(gauges.head);
    }
  }

  #end(why: string): void {
    this.#ended ??= new StoreError("closed", why);
    for (const call of this.#calls.values()) call.reject(this.#ended);
    this.#calls.clear();
  }

  #outbox(): Outbox {
    return {
      unit: this.unitId,
      epoch: this.epoch,
      pending: () => this.#gauges.pending,
      state: () => this.#gauges.state,
      head: () => this.#gauges.head,
      lost: () => this.#gauges.lost,
      read: (fromSeq, limit) => this.#call("readOutbox", { fromSeq, limit }),
      markDelivered: (ranges) => this.#call("markDelivered", ranges),
      requeue: (ranges) => this.#call("requeue", ranges),
      onState: (listener) => {
        this.#stateListeners.push(listener);
      },
      onCommitted: (listener) => {
        this.#commitListeners.push(listener);
      },
    };
  }

  #directory(): DirectoryStore {
    return {
      lookup: (key) => this.#call("lookUp", key),
      upsert: (rows, asOfMs) => this.#call("applyDirectory", { put: asRows(rows), asOfMs }),
      apply: (change) => this.#call("applyDirectory", change),
      stage: (rows) => this.#call("stageDirectory", rows),
      clearStaging: () => this.#call("clearDirectoryStaging", undefined),
      activate: (set) => this.#call("activateDirectory", set),
      page: (afterPseudonym, limit) => this.#call("readDirectoryPage", { afterPseudonym, limit }),
      asOf: () => this.#gauges.directoryAsOfMs,
      version: () => this.#gauges.directoryVersion,
      size: () => this.#gauges.directorySize,
    };
  }
}

/** Gives each commit of a batch its own outcome. */
function settle(batch: readonly WaitingCommit[], outcomes: readonly CommitOutcome[]): void {
  batch.forEach(({ resolve, reject }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) reject(new StoreError("closed", "the commit went unanswered"));
    else if ("failure" in outcome) reject(errorOf(outcome.failure));
    else resolve(outcome);
  });
}
