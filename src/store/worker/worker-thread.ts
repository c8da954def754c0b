/** The thread a real unit's store runs in: a disk that stalls must not stall the door. */
import { parentPort, workerData } from "node:worker_threads";
import type { RecordDraft } from "../../core/record.ts";
import type { DirectoryChange, StagedSet } from "../directory.ts";
import type { DirectoryRow } from "../../core/evidence/directory.ts";
import { asStoreError, type StoreError } from "../errors.ts";
import type { SeqRange } from "../outbox.ts";
import type {
  Answer,
  CommitOutcome,
  Failure,
  Request,
  StoreFacts,
  StoreThread,
} from "./protocol.ts";
import { openOrReplace } from "../open-or-replace.ts";
import type { Store } from "../store.ts";
import { markCorrupt } from "../quarantine.ts";

const port = parentPort;
if (port === null) throw new Error("worker-thread.ts must be started as a worker");
const answer = (message: Answer): void => port.postMessage(message);

const { file, atMs } = workerData as StoreThread;
let damage: StoreError | undefined;

const failureOf = (error: unknown): Failure => {
  const failure = asStoreError(error, "store");
  if (failure.kind === "damaged") sawDamage(failure);
  const { kind, message, context } = failure;
  return { kind, message, context };
};

/** Notes it for the next start, and takes nothing more: half of a database is not to be relied on. */
function sawDamage(failure: StoreError): void {
  if (damage !== undefined) return;
  damage = failure;
  try {
    markCorrupt(file.path, failure.message, atMs);
  } catch {
    // Nothing can be written: the next start will see the damage for itself.
  }
  const { kind, message, context } = failure;
  answer({ kind: "damaged", failure: { kind, message, context } });
}

const factsOf = (store: Store): StoreFacts => {
  const asOf = store.directory.asOf();
  const version = store.directory.version();
  return {
    pending: store.outbox.pending(),
    state: store.outbox.state(),
    head: store.outbox.head(),
    lost: store.outbox.lost(),
    directorySize: store.directory.size(),
    ...(asOf === undefined ? {} : { directoryAsOfMs: asOf }),
    ...(version === undefined ? {} : { directoryVersion: version }),
  };
};

function commitAll(store: Store, drafts: readonly RecordDraft[]): Promise<CommitOutcome[]> {
  return Promise.all(
    drafts.map((draft) =>
      store.commit(draft).catch((error: unknown) => ({ failure: failureOf(error) })),
    ),
  );
}

function carryOut(store: Store, { operation, input }: Request): Promise<unknown> {
  if (damage !== undefined && operation !== "close") return Promise.reject(damage);
  switch (operation) {
    case "commit":
      return commitAll(store, input as RecordDraft[]);
    case "read":
      return store.outbox.read(input[0] as number, input[1] as number);
    case "delivered":
      return store.outbox.markDelivered(input as unknown as SeqRange[]);
    case "again":
      return store.outbox.requeue(input as unknown as SeqRange[]);
    case "lookup":
      return store.directory.lookup(input[0] as Parameters<Store["directory"]["lookup"]>[0]);
    case "apply":
      return store.directory.apply(input[0] as DirectoryChange);
    case "stage":
      return store.directory.stage(input[0] as DirectoryRow[]);
    case "clearStage":
      return store.directory.clearStaging();
    case "promote":
      return store.directory.activate(input[0] as StagedSet);
    case "page":
      return store.directory.page(input[0] as string, input[1] as number);
    case "get":
      return store.settings.get(input[0] as string);
    case "set":
      return store.settings.set(input[0] as string, input[1] as string);
    case "recent":
      return store.recent(input[0] as number);
    case "sign":
      return store.signingKey.sign(input[0] as string);
    case "forget":
      return store.forget(input[0] as string);
    case "forgetBefore":
      return store.forgetBefore(input[0] as number);
    case "prune":
      return store.prune(input[0] as Parameters<Store["prune"]>[0]);
    case "close":
      return store.close();
    default:
      throw new Error(`the store has no operation ${operation}`);
  }
}

function serve(store: Store): void {
  let closed: StoreFacts | undefined;
  port?.on("message", (request: Request) => {
    if (request.operation === "close") closed = factsOf(store);
    carryOut(store, request).then(
      (result) =>
        answer({ kind: "result", id: request.id, result, facts: closed ?? factsOf(store) }),
      (error: unknown) =>
        answer({
          kind: "failed",
          id: request.id,
          failure: failureOf(error),
          facts: closed ?? factsOf(store),
        }),
    );
  });
}

try {
  const { store, replaced } = openOrReplace(file, atMs);
  serve(store);
  const { epoch, signingKey } = store;
  const { publicKey } = signingKey;
  answer({ kind: "opened", epoch, publicKey, facts: factsOf(store), replaced });
} catch (error) {
  answer({ kind: "not-opened", failure: failureOf(error) });
}
