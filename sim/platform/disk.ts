/** The unit's disk as faults see it: a record store that can be full or slow, and is watched by the trace. */
import { delay, type Clock } from "../../hal/clock.ts";
import type { RecordDraft } from "../../src/core/record.ts";
import type { SettingStore, RecordStore } from "../../src/gateway/ports.ts";
import type { Trace } from "../kernel/trace.ts";
import { errorText } from "../../src/base/errors.ts";

/** How the disk is. */
export type DiskState = "fine" | "full" | "slow";

/** A store behind a disk whose state can be set. */
export interface Disk extends RecordStore {
  set(state: DiskState): void;
  /** What was on its way to the disk never gets there, and nobody hears of it. */
  losePower(): void;
  /** The unit's settings, on the same disk. */
  readonly settings: SettingStore;
}

const SLOW_WRITE_MS = 2_000;

/** Puts a disk in front of a store. A full one refuses everything, a slow one takes two seconds. */
export function createDisk(
  clock: Clock,
  trace: Trace,
  store: Required<RecordStore> & { settings: SettingStore },
): Disk {
  let state: DiskState = "fine";
  let powerCuts = 0;
  const written = async (): Promise<void> => {
    const before = powerCuts;
    if (state === "slow") await delay(clock, SLOW_WRITE_MS);
    if (powerCuts !== before) return new Promise(() => {});
    if (state === "full") throw new Error("ENOSPC: no space left on device");
  };
  const write = async (draft: RecordDraft): Promise<{ seq: number }> => {
    await written();
    return store.commit(draft);
  };
  return {
    settings: {
      get: (name) => store.settings.get(name),
      async set(name, value) {
        await written();
        await store.settings.set(name, value);
        trace.note({ what: "setting-stored", name, value });
      },
    },
    set(next) {
      state = next;
    },
    losePower() {
      powerCuts += 1;
    },
    recent: (count) => store.recent(count),
    async commit(draft) {
      try {
        const stored = await write(draft);
        trace.note({ what: "record-stored", seq: stored.seq, draft });
        return stored;
      } catch (error) {
        const detail = errorText(error);
        trace.note({ what: "record-refused", key: draft.key, detail });
        throw error;
      }
    },
  };
}
