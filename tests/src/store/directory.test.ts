import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DirectoryRow } from "../../../src/core/evidence/directory.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { openStoreInWorker } from "../../../src/store/worker/worker.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

const START_MS = 1_700_000_000_000;
let folder: string;

const row = (pseudonym: string, asOfMs: number): DirectoryRow => ({
  entry: { pseudonym, roles: [], nucleicAcidTests: [], antigenTests: [], asOfMs },
  tokenReferences: [`token of ${pseudonym}`],
});
const options = (): { path: string; unitId: string; clock: VirtualClock } => ({
  path: join(folder, "unit.db"),
  unitId: "door-1",
  clock: new VirtualClock(START_MS),
});
const knows = async (store: Store, pseudonym: string): Promise<boolean> =>
  (await store.directory.lookup({ pseudonym })).entry !== undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "directory-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ["in this thread", async () => openStore(options())],
  ["in a thread of its own", () => openStoreInWorker(options())],
])("a whole directory written beside the one in force, %s", (_where, open) => {
  it("is unknown at the door until it is put in force, and then in force at once", async () => {
    const store = await open();
    await store.directory.upsert([row("p1", START_MS)], START_MS);
    await store.directory.stage([row("p2", START_MS + 1)]);
    await store.directory.stage([row("p3", START_MS + 1)]);
    expect(await knows(store, "p1")).toBe(true);
    expect(await knows(store, "p2")).toBe(false);
    await store.directory.activate({ asOfMs: START_MS + 1, version: 7, size: 2 });
    expect(await knows(store, "p1")).toBe(false);
    expect(await knows(store, "p3")).toBe(true);
    const byToken = await store.directory.lookup({ tokenReference: "token of p2" });
    expect(byToken.entry?.pseudonym).toBe("p2");
    expect([store.directory.version(), store.directory.size()]).toEqual([7, 2]);
    await store.close();
  });

  it("survives a restart, whichever of the two places it is in", async () => {
    for (const version of [1, 2, 3]) {
      const store = await open();
      while (await store.directory.clearStaging());
      await store.directory.stage([row(`p${version}`, START_MS)]);
      await store.directory.activate({ asOfMs: START_MS + version, version, size: 1 });
      await store.close();
      const again = await open();
      expect(again.directory.asOf()).toBe(START_MS + version);
      expect(await again.directory.page("", 10)).toEqual([row(`p${version}`, START_MS)]);
      await again.close();
    }
  });

  it("is not put in force with entries missing or left over", async () => {
    const store = await open();
    await store.directory.upsert([row("p1", START_MS)], START_MS);
    await store.directory.stage([row("p2", START_MS)]);
    for (const size of [0, 2]) {
      const promoted = store.directory.activate({ asOfMs: START_MS + 1, version: 2, size });
      await expect(promoted).rejects.toThrow(/1 entries were staged/);
    }
    expect(store.directory.asOf()).toBe(START_MS);
    expect(await knows(store, "p1")).toBe(true);
    await store.close();
  });

  it("is cleared in portions", async () => {
    const store = await open();
    const rows = Array.from({ length: 600 }, (_, index) => row(`p${index}`, START_MS));
    await store.directory.stage(rows);
    let portions = 0;
    while (await store.directory.clearStaging()) portions += 1;
    expect(portions).toBeGreaterThan(1);
    await store.directory.activate({ asOfMs: START_MS, version: 1, size: 0 });
    await store.close();
  });

  it("changes where it is in force, whichever place that is", async () => {
    const store = await open();
    await store.directory.stage([row("p1", START_MS), row("p2", START_MS)]);
    await store.directory.activate({ asOfMs: START_MS, version: 1, size: 2 });
    const change = { put: [row("p3", START_MS)], remove: ["p1"], asOfMs: START_MS + 1, version: 2 };
    await store.directory.apply(change);
    const seen = (await store.directory.page("", 10)).map(({ entry }) => entry.pseudonym);
    expect(seen).toEqual(["p2", "p3"]);
    expect((await store.directory.page("p2", 10)).length).toBe(1);
    await store.close();
  });
});
