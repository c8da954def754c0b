import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import type { DirectoryRow } from "../../../../src/core/evidence/directory.ts";
import type { StoreError } from "../../../../src/store/errors.ts";
import { openStore, type Store } from "../../../../src/store/store.ts";
import { openUnitStore } from "../../../../src/store/worker/unavailable.ts";
import { openStoreInWorker } from "../../../../src/store/worker/worker.ts";
import { draft, START_MS } from "../../../support/records.ts";

let folder: string;
let store: Store | undefined;

interface Options {
  path: string;
  unitId: string;
  clock: VirtualClock;
}
const options = (): Options => ({
  path: join(folder, "unit.db"),
  unitId: "door-1",
  clock: new VirtualClock(START_MS),
});
const row = (pseudonym: string): DirectoryRow => ({
  entry: { pseudonym, roles: [], nucleicAcidTests: [], antigenTests: [], asOfMs: START_MS },
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-store-contract-"));
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(folder, { recursive: true, force: true });
});

describe.each<[string, () => Promise<Store>]>([
  ["in the same thread", async () => openStore(options())],
  ["behind a worker", () => openStoreInWorker(options())],
])("a store %s", (_where, open) => {
  it("commits, sends, acknowledges and requeues records", async () => {
    const opened = await open();
    store = opened;
    const heads: number[] = [];
    store.outbox.onCommitted((head) => heads.push(head));
    const committed = await Promise.all([1, 2, 3].map((number) => opened.commit(draft(number))));
    expect(committed).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
    expect(await store.commit(draft(2))).toEqual({ seq: 2 });
    expect(heads.at(-1)).toBe(3);
    expect((await store.outbox.read(2, 10)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await store.outbox.markDelivered([[1, 2]])).toBe(2);
    expect(store.outbox.pending()).toBe(1);
    expect(await store.outbox.requeue([[2, 2]])).toBe(1);
    expect(store.outbox.pending()).toBe(2);
    expect((await store.recent(2)).map(({ seq, delivered }) => [seq, delivered])).toEqual([
      [3, false],
      [2, false],
    ]);
  });

  it("keeps settings, and signs with one key", async () => {
    store = await open();
    expect(await store.settings.get("policy")).toBeUndefined();
    await store.settings.set("policy", "strict");
    expect(await store.settings.get("policy")).toBe("strict");
    expect(await store.signingKey.sign("text")).toBe(await store.signingKey.sign("text"));
    expect(store.signingKey.publicKey).toMatch(/^[\w-]{43}$/);
  });

  it("forgets holders, one by one and by age, and prunes what was delivered", async () => {
    store = await open();
    for (const number of [1, 2, 3]) await store.commit(draft(number, `holder-${number}`));
    expect(await store.forget("holder-1")).toBe(1);
    expect(await store.forgetBefore(START_MS + 1e9)).toBe(2);
    await store.outbox.markDelivered([[1, 3]]);
    expect(await store.prune({ beforeMs: START_MS + 1e9, atMs: START_MS + 2e9 })).toEqual({
      removed: 3,
      more: true,
    });
  });

  it("looks people up in the active directory, and activates a staged one", async () => {
    store = await open();
    const { directory } = store;
    await expect(directory.lookup({ pseudonym: "p1" })).rejects.toMatchObject({ kind: "invalid" });
    await directory.apply({ put: [row("p1")], asOfMs: START_MS, version: 1 });
    expect((await directory.lookup({ pseudonym: "p1" })).entry?.pseudonym).toBe("p1");
    await directory.stage([row("p2"), row("p3")]);
    await directory.activate({ asOfMs: START_MS + 1, version: 2, size: 2 });
    expect((await directory.page("p2", 5)).map(({ entry }) => entry.pseudonym)).toEqual(["p3"]);
    expect([directory.asOf(), directory.version(), directory.size()]).toEqual([START_MS + 1, 2, 2]);
    expect(await directory.clearStaging()).toBe(true);
    expect(await directory.clearStaging()).toBe(false);
  });

  it("gives a failure its kind", async () => {
    store = await open();
    const unwritable = { ...draft(1), at: { ...draft(1).at, wallMs: Number.NaN } };
    await expect(store.commit(unwritable)).rejects.toMatchObject({
      name: "StoreError",
      kind: "invalid",
    });
  });
});

describe("the store of a unit whose disk cannot be written", () => {
  it("answers every question and refuses every record with the disk's reason", async () => {
    let reason: StoreError | undefined;
    const nowhere = { ...options(), path: join(folder, "missing", "unit.db") };
    store = await openUnitStore(nowhere, (error) => {
      reason = error;
    });
    expect(reason?.kind).toBe("disk");
    await expect(store.commit(draft(1))).rejects.toBe(reason);
    await expect(store.directory.lookup({ pseudonym: "p1" })).rejects.toBe(reason);
    await expect(store.settings.get("policy")).rejects.toBe(reason);
    expect(await store.recent(5)).toEqual([]);
    expect(await store.outbox.read(0, 5)).toEqual([]);
    expect([store.outbox.pending(), store.outbox.head(), store.outbox.lost()]).toEqual([0, 0, 0]);
  });
});
