/** The thread that a real unit's store runs in: a disk that stalls must not stall the door. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { RecordDraft } from "../../core/record.ts";
import { optional } from "../../base/optional.ts";
import { asStoreError, type StoreError } from "../errors.ts";
import { openOrReplace } from "../open-or-replace.ts";
import { markCorrupt } from "../quarantine.ts";
import type { Store } from "../store.ts";
import {
  carryOut,
  type CommitOutcome,
  type Failure,
  type StoreAnswer,
  type StoreGauges,
  type StoreHandlers,
  type StoreRequest,
  type StoreThread,
} from "./protocol.ts";

class StoreServer {
  readonly #port: MessagePort;
  readonly #start: StoreThread;
  /** After it nothing is taken: half of a database is not to be relied on. */
  #damage: StoreError | undefined;

  constructor(port: MessagePort, start: StoreThread) {
    this.#port = port;
    this.#start = start;
  }

  start(): void {
    const { file, atMs } = this.#start;
    try {
      const { store, replaced } = openOrReplace(file, atMs);
      this.#serve(store);
      const { epoch, signingKey } = store;
      const { publicKey } = signingKey;
      this.#answer({ kind: "opened", epoch, publicKey, gauges: gaugesOf(store), replaced });
    } catch (error) {
      this.#answer({ kind: "not-opened", failure: this.#failureOf(error) });
    }
  }

  #serve(store: Store): void {
    const handlers = this.#handlersOf(store);
    let atClosing: StoreGauges | undefined;
    const gauges = (): StoreGauges => atClosing ?? gaugesOf(store);
    this.#port.on("message", (request: StoreRequest) => {
      const { id, operation } = request;
      if (operation === "close") atClosing = gaugesOf(store);
      const carriedOut =
        this.#damage !== undefined && operation !== "close"
          ? Promise.reject(this.#damage)
          : carryOut(handlers, request, gauges);
      carriedOut.then(
        (result) => this.#answer(result),
        (error: unknown) =>
          this.#answer({
            kind: "failed",
            id,
            operation,
            failure: this.#failureOf(error),
            gauges: gauges(),
          }),
      );
    });
  }

  #handlersOf(store: Store): StoreHandlers {
    const { outbox, directory, settings, signingKey } = store;
    return {
      commit: (drafts) => this.#commitAll(store, drafts),
      readOutbox: ({ fromSeq, limit }) => outbox.read(fromSeq, limit),
      markDelivered: (ranges) => outbox.markDelivered(ranges),
      requeue: (ranges) => outbox.requeue(ranges),
      lookUp: (key) => directory.lookup(key),
      applyDirectory: (change) => directory.apply(change),
      stageDirectory: (rows) => directory.stage(rows),
      clearDirectoryStaging: () => directory.clearStaging(),
      activateDirectory: (set) => directory.activate(set),
      readDirectoryPage: ({ afterPseudonym, limit }) => directory.page(afterPseudonym, limit),
      getSetting: (name) => settings.get(name),
      setSetting: ({ name, value }) => settings.set(name, value),
      recent: (count) => store.recent(count),
      sign: (text) => signingKey.sign(text),
      forget: (holderPseudonym) => store.forget(holderPseudonym),
      forgetBefore: (beforeMs) => store.forgetBefore(beforeMs),
      prune: (request) => store.prune(request),
      close: () => store.close(),
    };
  }

  #commitAll(store: Store, drafts: readonly RecordDraft[]): Promise<CommitOutcome[]> {
    return Promise.all(
      drafts.map((draft) =>
        store.commit(draft).catch((error: unknown) => ({ failure: this.#failureOf(error) })),
      ),
    );
  }

  #failureOf(error: unknown): Failure {
    const failure = asStoreError(error, "store");
    if (failure.kind === "damaged") this.#markDamaged(failure);
    const { kind, message, context } = failure;
    return { kind, message, context };
  }

  /** Marks the database for the next start. */
  #markDamaged(failure: StoreError): void {
    if (this.#damage !== undefined) return;
    this.#damage = failure;
    try {
      markCorrupt(this.#start.file.path, failure.message, this.#start.atMs);
    } catch {
      // Nothing can be written: the next start will find the damage by itself.
    }
    const { kind, message, context } = failure;
    this.#answer({ kind: "damaged", failure: { kind, message, context } });
  }

  #answer(message: StoreAnswer): void {
    this.#port.postMessage(message);
  }
}

function gaugesOf({ outbox, directory }: Store): StoreGauges {
  return {
    pending: outbox.pending(),
    state: outbox.state(),
    head: outbox.head(),
    lost: outbox.lost(),
    directorySize: directory.size(),
    ...optional({ directoryAsOfMs: directory.asOf(), directoryVersion: directory.version() }),
  };
}

function isStoreThread(value: unknown): value is StoreThread {
  return typeof value === "object" && value !== null && "file" in value && "atMs" in value;
}

const start: unknown = workerData;
if (parentPort === null || !isStoreThread(start)) {
  throw new Error("worker-thread.ts must be started as a worker by openStoreInWorker");
}
new StoreServer(parentPort, start).start();
