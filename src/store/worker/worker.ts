/** The same store behind a worker thread: calls go over, gauges come back with every answer. */
import { Worker } from "node:worker_threads";
import type { RecordDraft } from "../../core/record.ts";
import type { Timer } from "../../../hal/clock.ts";
import { asRows, type DirectoryStore } from "../directory.ts";
import { StoreError } from "../errors.ts";
import type { Outbox, OutboxRow, OutboxState } from "../outbox.ts";
import type { Answer, CommitOutcome, Failure, StoreFacts, StoreThread } from "./protocol.ts";
import type { Pruned, PruneRequest } from "../retention/prune.ts";
import type { Replacement } from "../open-or-replace.ts";
import { scheduleRetention } from "../retention/retention.ts";
import type { Settings, Store, StoredRecord, StoreFile, StoreOptions } from "../store.ts";

interface Call {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

interface WaitingCommit {
  draft: RecordDraft;
  resolve: (result: { seq: number }) => void;
  reject: (error: Error) => void;
}

const errorOf = ({ kind, message, context }: Failure): StoreError =>
  new StoreError(kind, message, context);

export interface ThreadOptions extends Omit<StoreOptions, "random" | "inherited"> {
  /**
   * The database turned out to be damaged while it was in use. Nothing more is taken; a new start
   * sets it aside and begins anew.
   */
  onDamaged?: (error: StoreError) => void;
}

/** A store in a thread, and what became of the database before it. */
export interface UnitStore extends Store {
  /** Set when a database had to be set aside at this start. */
  readonly replaced: Replacement | undefined;
}

/**
 * Opens a store in a thread of its own. A damaged database is set aside, and a new one begins.
 *
 * @throws StoreError `disk` or `foreign`, as `openOrReplace` does
 */
export async function openStoreInWorker(options: ThreadOptions): Promise<UnitStore> {
  const { path, unitId, outbox, clock } = options;
  const file: StoreFile = { path, unitId, ...(outbox === undefined ? {} : { outbox }) };
  const start: StoreThread = { file, atMs: clock.wallMs() };
  const worker = new Worker(new URL("worker-thread.ts", import.meta.url), { workerData: start });
  const opened = await new Promise<Answer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  if (opened.kind !== "opened") {
    await worker.terminate();
    throw opened.kind === "not-opened"
      ? errorOf(opened.failure)
      : new StoreError("closed", "the store's thread answered out of turn");
  }
  return new ThreadStore(worker, options, opened);
}

class ThreadStore implements UnitStore {
  readonly unitId: string;
  readonly epoch: string;
  readonly signingKey: Store["signingKey"];
  readonly outbox: Outbox;
  readonly directory: DirectoryStore;
  readonly settings: Settings;
  readonly replaced: Replacement | undefined;
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #stateListeners: ((state: OutboxState) => void)[] = [];
  readonly #commitListeners: ((head: number) => void)[] = [];
  #nextId = 1;
  #facts: StoreFacts;
  #waiting: WaitingCommit[] = [];
  #committing = false;
  #ended: StoreError | undefined;
  readonly #retention: Timer;

  constructor(worker: Worker, options: ThreadOptions, opened: Extract<Answer, { kind: "opened" }>) {
    this.#worker = worker;
    this.#facts = opened.facts;
    this.unitId = options.unitId;
    this.epoch = opened.epoch;
    this.replaced = opened.replaced;
    this.signingKey = {
      publicKey: opened.publicKey,
      sign: (text) => this.#call("sign", [text]) as Promise<string>,
    };
    this.outbox = this.#outbox();
    this.directory = this.#directory();
    this.settings = {
      get: (name) => this.#call("get", [name]) as Promise<string | undefined>,
      set: (name, value) => this.#call("set", [name, value]) as Promise<void>,
    };
    worker.on("message", (answer: Answer) => {
      if (answer.kind === "damaged") options.onDamaged?.(errorOf(answer.failure));
      else this.#answered(answer);
    });
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
    return this.#call("recent", [count]) as Promise<StoredRecord[]>;
  }

  forget(holderPseudonym: string): Promise<number> {
    return this.#call("forget", [holderPseudonym]) as Promise<number>;
  }

  forgetBefore(atMs: number): Promise<number> {
    return this.#call("forgetBefore", [atMs]) as Promise<number>;
  }

  prune(request: PruneRequest): Promise<Pruned> {
    return this.#call("prune", [request]) as Promise<Pruned>;
  }

  async close(): Promise<void> {
    this.#retention.cancel();
    if (this.#ended !== undefined) return;
    await this.#call("close", []);
    await this.#worker.terminate();
  }

  // What gathers while one batch is being written goes together into the next: one fsync for all.
  async #commitWaiting(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const drafts = batch.map(({ draft }) => draft);
        const outcomes = (await this.#call("commit", drafts)) as CommitOutcome[];
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) reject(new StoreError("closed", "the commit went unanswered"));
          else if ("failure" in outcome) reject(errorOf(outcome.failure));
          else resolve(outcome);
        });
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const waiting of batch) waiting.reject(failure);
      }
    }
    this.#committing = false;
  }

  #call(operation: string, input: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const id = this.#nextId++;
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, operation, input });
    });
  }

  #answered(answer: Answer): void {
    if (answer.kind !== "result" && answer.kind !== "failed") return;
    const call = this.#calls.get(answer.id);
    this.#calls.delete(answer.id);
    const before = this.#facts;
    this.#facts = answer.facts;
    if (answer.kind === "result") call?.resolve(answer.result);
    else call?.reject(errorOf(answer.failure));
    if (before.state !== answer.facts.state) {
      for (const listener of this.#stateListeners) listener(answer.facts.state);
    }
    if (before.head !== answer.facts.head) {
      for (const listener of this.#commitListeners) listener(answer.facts.head);
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
      pending: () => this.#facts.pending,
      state: () => this.#facts.state,
      head: () => this.#facts.head,
      lost: () => this.#facts.lost,
      read: (fromSeq, limit) => this.#call("read", [fromSeq, limit]) as Promise<OutboxRow[]>,
      markDelivered: (ranges) => this.#call("delivered", ranges) as Promise<number>,
      requeue: (ranges) => this.#call("again", ranges) as Promise<number>,
      onState: (listener) => {
        this.#stateListeners.push(listener);
      },
      onCommitted: (listener) => {
        this.#commitListeners.push(listener);
      },
    };
  }

  #directory(): DirectoryStore {
    const apply: DirectoryStore["apply"] = (change) =>
      this.#call("apply", [change]) as Promise<void>;
    return {
      lookup: (key) => this.#call("lookup", [key]) as ReturnType<DirectoryStore["lookup"]>,
      upsert: (rows, asOfMs) => apply({ put: asRows(rows), asOfMs }),
      apply,
      stage: (rows) => this.#call("stage", [rows]) as Promise<void>,
      clearStaging: () => this.#call("clearStage", []) as Promise<boolean>,
      activate: (set) => this.#call("promote", [set]) as Promise<void>,
      page: (after, limit) =>
        this.#call("page", [after, limit]) as ReturnType<DirectoryStore["page"]>,
      asOf: () => this.#facts.directoryAsOfMs,
      version: () => this.#facts.directoryVersion,
      size: () => this.#facts.directorySize,
    };
  }
}
