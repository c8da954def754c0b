/** The unit's disk as faults see it: it can be full or slow, and the trace sees what is stored on it. */
import { delay, type Clock } from "../../hal/clock.ts";
import { errorText } from "../../src/base/errors.ts";
import type { Files } from "../../src/base/files.ts";
import type { RecordDraft } from "../../src/core/record.ts";
import type { Store } from "../../src/store/store.ts";
import type { Trace } from "../kernel/trace.ts";

/** How the disk is. */
export type DiskState = "fine" | "full" | "slow";

/** Store and files behind a disk whose state can be set. */
export interface Disk {
  readonly store: Store;
  readonly files: Files;
  set(state: DiskState): void;
  /** What was on its way to the disk never gets there, and no caller is answered. */
  losePower(): void;
  /** Whether the directory can be read. */
  setDirectoryReachable(reachable: boolean): void;
}

const SLOW_WRITE_MS = 2_000;

/** Puts a disk in front of store and files. A full one refuses every write, a slow one takes two seconds. */
export function createDisk(options: {
  clock: Clock;
  trace: Trace;
  store: Store;
  files: Files;
}): Disk {
  const { clock, trace, store, files } = options;
  let state: DiskState = "fine";
  let powerCuts = 0;
  let directoryReachable = true;
  const write = async (): Promise<void> => {
    const before = powerCuts;
    if (state === "slow") await delay(clock, SLOW_WRITE_MS);
    if (powerCuts !== before) return new Promise(() => {});
    if (state === "full") throw new Error("ENOSPC: no space left on device");
  };
  return {
    store: {
      ...storeMembers(store),
      directory: {
        ...store.directory,
        async lookup(key) {
          if (!directoryReachable) throw new Error("the directory cannot be asked");
          return store.directory.lookup(key);
        },
      },
      settings: {
        get: (name) => store.settings.get(name),
        async set(name, value) {
          await write();
          await store.settings.set(name, value);
          trace.note({ what: "setting-stored", name, value });
        },
      },
      commit: (draft) => commitTraced(store, trace, draft, write),
    },
    files: {
      facts: (path) => files.facts(path),
      read: (path) => files.read(path),
      stream: (path) => files.stream(path),
      list: (folder, wanted) => files.list(folder, wanted),
      erase: (path) => files.erase(path),
      eraseFolder: (folder) => files.eraseFolder(folder),
      async replace(path, content, how) {
        await write();
        await files.replace(path, content, how);
      },
    },
    set(next) {
      state = next;
    },
    losePower() {
      powerCuts += 1;
    },
    setDirectoryReachable(reachable) {
      directoryReachable = reachable;
    },
  };
}

async function commitTraced(
  store: Store,
  trace: Trace,
  draft: RecordDraft,
  write: () => Promise<void>,
): Promise<{ seq: number }> {
  try {
    await write();
    const stored = await store.commit(draft);
    trace.note({ what: "record-stored", seq: stored.seq, draft });
    return stored;
  } catch (error) {
    trace.note({ what: "record-refused", key: draft.key, detail: errorText(error) });
    throw error;
  }
}

/** A store as plain members, so that some of them can be replaced. */
export function storeMembers(store: Store): Store {
  const { unitId, epoch, signingKey, outbox, directory, settings } = store;
  return {
    unitId,
    epoch,
    signingKey,
    outbox,
    directory,
    settings,
    commit: (draft) => store.commit(draft),
    recent: (count) => store.recent(count),
    forget: (pseudonym) => store.forget(pseudonym),
    forgetBefore: (atMs) => store.forgetBefore(atMs),
    prune: (request) => store.prune(request),
    close: () => store.close(),
  };
}
