/** The unavailable store: stands in for a database that cannot be opened, so that the unit comes up. */
import type { KeyValueStore } from "../../base/key-value-store.ts";
import { StoreError } from "../errors.ts";
import type { DirectoryStore } from "../directory.ts";
import type { Outbox } from "../outbox.ts";
import { openStoreInWorker, type ThreadOptions, type UnitStore } from "./worker.ts";

/**
 * Opens a unit's store. Where the disk prevents it, the unit still comes up: every commit is
 * refused, the policy decides what then applies at the door, and a new start tries again.
 *
 * @param onUnavailable called with the reason
 * @throws StoreError `foreign` where the file is another program's: people must settle that
 */
export async function openUnitStore(
  options: ThreadOptions,
  onUnavailable: (error: StoreError) => void,
): Promise<UnitStore> {
  try {
    return await openStoreInWorker(options);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "disk") throw error;
    onUnavailable(error);
    return unavailableStore(options.unitId, error);
  }
}

function unavailableStore(unitId: string, error: StoreError): UnitStore {
  const refuse = (): Promise<never> => Promise.reject(error);
  const outbox: Outbox = {
    unit: unitId,
    epoch: "",
    pending: () => 0,
    state: () => "normal",
    head: () => 0,
    lost: () => 0,
    read: async () => [],
    markDelivered: async () => 0,
    requeue: async () => 0,
    onState() {},
    onCommitted() {},
  };
  const directory: DirectoryStore = {
    lookup: refuse,
    upsert: refuse,
    apply: refuse,
    stage: refuse,
    clearStaging: refuse,
    activate: refuse,
    page: refuse,
    asOf: () => undefined,
    version: () => undefined,
    size: () => 0,
  };
  const settings: KeyValueStore = { get: refuse, set: refuse };
  return {
    unitId,
    epoch: "",
    replaced: undefined,
    signingKey: { publicKey: "", sign: refuse },
    outbox,
    directory,
    settings,
    commit: refuse,
    recent: async () => [],
    forget: refuse,
    forgetBefore: refuse,
    prune: refuse,
    close: async () => {},
  };
}
