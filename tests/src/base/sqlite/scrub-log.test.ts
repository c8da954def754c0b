import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as erase from "../../../../src/base/erase.ts";
import { auditUnit } from "../../../../src/store/offline/audit.ts";
import { scrubLog } from "../../../../src/base/sqlite/scrub-log.ts";
import { openStoreFile } from "../../../../src/store/store.ts";
import { draft } from "../../../support/records.ts";

vi.mock("../../../../src/base/erase.ts", { spy: true });

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-scrub-"));
});
afterEach(async () => {
  vi.mocked(erase.zeroSync).mockReset();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("overwriting the log", () => {
  it.each([
    ["before anything was overwritten", 1],
    ["with only the end of it on the disk", 0.5],
    ["with only the middle of it on the disk", 0.25],
  ])("loses nothing when the power goes %s", async (_when, from) => {
    const path = join(folder, "unit.db");
    const store = openStoreFile({ path, unitId: "door-1" });
    for (let number = 1; number <= 40; number++) {
      await store.commit(draft(number, `holder-${number % 5}`));
    }
    const other = new Database(path);
    const powerCut = new Error("the power goes");
    vi.mocked(erase.zeroSync).mockImplementationOnce((descriptor, end, start = 0) => {
      // A disk may keep what was written last and not what was written first.
      const first = start + Math.floor((end - start) * from);
      const last = from === 0.25 ? start + Math.floor((end - start) * 0.75) : end;
      erase.zeroSync(descriptor, last, first);
      for (const side of ["", "-wal"]) {
        copyFileSync(`${path}${side}`, join(folder, `after.db${side}`));
      }
      throw powerCut;
    });
    expect(() => scrubLog(other, 1_000)).toThrow(powerCut);
    other.close();
    await store.close();
    const after = new Database(join(folder, "after.db"));
    expect(after.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(after.prepare("SELECT count(*) FROM records").pluck().get()).toBe(40);
    expect(after.prepare("SELECT count(*) FROM sealed").pluck().get()).toBe(40);
    after.close();
  });

  it("leaves nothing in the log but what SQLite reads", async () => {
    const path = join(folder, "unit.db");
    const store = openStoreFile({ path, unitId: "door-1" });
    for (let number = 1; number <= 40; number++) await store.commit(draft(number, "holder-1"));
    const other = new Database(path);
    expect(scrubLog(other, 1_000)).toBe(true);
    // One page with its frame's header, after the log's own.
    const pageBytes = Number(other.pragma("page_size", { simple: true }));
    expect(statSync(`${path}-wal`).size).toBe(32 + 24 + pageBytes);
    other.close();
    await store.close();
  });
});

describe("forgetting beside a unit that records all the time", () => {
  const FORGETTERS = 5;

  it("loses no record that was committed, whoever is killed when", async () => {
    const path = join(folder, "unit.db");
    const start = (role: string): ChildProcess => {
      const child = fork(
        join(import.meta.dirname, "../../store/retention/busy-store.ts"),
        [role, path],
        {
          execArgv: ["--disable-warning=ExperimentalWarning"],
        },
      );
      children.push(child);
      return child;
    };
    const unit = start("unit");
    let committed = 0;
    let ended = false;
    unit.on("message", (seq: number) => {
      committed = seq;
    });
    unit.once("exit", () => {
      ended = true;
    });
    await once(unit, "message");
    start("reader");
    for (let count = 0; count < FORGETTERS; count++) {
      const forgetter = start("forgetter");
      const gone = once(forgetter, "exit");
      // After this many rounds of forgetting, in the middle of the next.
      let rounds = count % 3;
      forgetter.on("message", () => {
        rounds -= 1;
        if (rounds < 0) forgetter.kill("SIGKILL");
      });
      await gone;
    }
    // A commit that another process keeps waiting is late, and never refused.
    expect(ended).toBe(false);
    unit.kill("SIGKILL");
    await once(unit, "exit");
    expect(committed).toBeGreaterThan(50);
    const store = openStoreFile({ path, unitId: "door-1" });
    const kept = await store.recent(committed + 1_000);
    const numbers = new Set(kept.map(({ seq }) => seq));
    const lost = Array.from({ length: committed }, (_, at) => at + 1).filter(
      (seq) => !numbers.has(seq),
    );
    expect(lost).toEqual([]);
    await store.close();
    expect(auditUnit(path)).toMatchObject({ faults: [], faultCount: 0 });
  }, 60_000);
});
