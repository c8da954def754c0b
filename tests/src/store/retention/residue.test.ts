import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eraseFolderSync } from "../../../../src/base/erase.ts";
import { forgetEverywhere } from "../../../../src/store/offline/forget.ts";
import { HOUR_MS } from "../../../../src/core/time.ts";
import { openStoreFile, type Store } from "../../../../src/store/store.ts";
import { wipeUnit } from "../../../../src/store/offline/wipe.ts";
import { draft, START_MS } from "../../../support/records.ts";

const IMAGE_MIB = 48;
const moment = { wallMs: START_MS, trusted: true };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-residue-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Secrets {
  keys: Map<string, Buffer[]>;
  boxes: Buffer[];
  unit: Buffer[];
}

/** Reads what must be gone later, before it goes. */
function secretsOf(path: string): Secrets {
  const database = new Database(path, { readonly: true });
  const rows = database
    .prepare<[], { tag: string; key: Buffer }>(
      "SELECT hex(holder_tag) AS tag, key FROM holder_keys",
    )
    .all();
  const keys = new Map<string, Buffer[]>();
  for (const { tag, key } of rows) keys.set(tag, [...(keys.get(tag) ?? []), key]);
  const boxes = database.prepare<[], Buffer>("SELECT box FROM sealed").pluck().all();
  const unit = database
    .prepare<[], string>("SELECT value FROM meta WHERE name IN ('signing-seed', 'tag-key')")
    .pluck()
    .all()
    .map((text) => Buffer.from(text));
  database.close();
  return { keys, boxes, unit };
}

function keysIn(path: string): Set<string> {
  const all = [...secretsOf(path).keys.values()].flat();
  return new Set(all.map((key) => key.toString("hex")));
}

const DIRECTORY_NAME = "resident-of-the-directory-8f3kQ2mZx7LpV0sT";

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    // A few records a day: keys are made all the time, and so lie in every part of every log.
    const at = { monotonicMs: number, wallMs: START_MS + number * 3 * HOUR_MS, wallTrusted: true };
    await store.commit({ ...draft(number, `holder-${number % 5}`), at });
  }
}

/** Several starts and stops, so that logs with keys were freed before anybody asks to forget. */
async function livedIn(path: string): Promise<void> {
  for (let start = 0; start < 4; start++) {
    const store = openStoreFile({ path, unitId: "door-1" });
    await fill(store, start * 50 + 1, start * 50 + 50);
    await store.directory.upsert(
      [
        {
          pseudonym: DIRECTORY_NAME,
          roles: [],
          nucleicAcidTests: [],
          antigenTests: [],
          asOfMs: START_MS,
        },
      ],
      START_MS,
    );
    await store.close();
  }
}

describe("what forgetting leaves in blocks that were freed", () => {
  /** A second name keeps a log's blocks from being used again: what they hold is what a disk holds. */
  it("is no destroyed key, whichever log it went through", async () => {
    const path = join(folder, "unit.db");
    const logs: string[] = [];
    const keepLog = (): void => {
      if (!existsSync(`${path}-wal`)) return;
      const kept = join(folder, `log-${logs.length}`);
      linkSync(`${path}-wal`, kept);
      logs.push(kept);
    };
    for (let start = 0; start < 4; start++) {
      const store = openStoreFile({ path, unitId: "door-1" });
      await fill(store, start * 50 + 1, start * 50 + 50);
      keepLog();
      await store.close();
    }
    const before = keysIn(path);
    expect(forgetEverywhere(path, "holder-1").links).toBe(40);
    const left = keysIn(path);
    const gone = [...before].filter((key) => !left.has(key));
    expect(gone.length).toBeGreaterThan(0);
    expect(left.size).toBeGreaterThan(0);
    expect(logs).toHaveLength(4);
    for (const file of [path, ...logs]) {
      const bytes = readFileSync(file);
      expect(gone.filter((key) => bytes.includes(Buffer.from(key, "hex")))).toEqual([]);
    }
  });

  it("is nothing either where the process was killed before it could overwrite its log", async () => {
    const path = join(folder, "unit.db");
    const child = fork(join(import.meta.dirname, "killed-holder.ts"), [path], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    const [message] = (await once(child, "message")) as [{ keys: string[] }];
    const exited = once(child, "exit");
    linkSync(`${path}-wal`, join(folder, "log"));
    child.kill("SIGKILL");
    await exited;
    const log = (): Buffer => readFileSync(join(folder, "log"));
    const found = (): string[] =>
      message.keys.filter((key) => log().includes(Buffer.from(key, "hex")));
    expect(found().length).toBeGreaterThan(0);
    const store = openStoreFile({ path, unitId: "door-1" });
    await store.close();
    expect(found()).toEqual([]);
  });

  it("goes on beside a reader, and says that it has to be done again", async () => {
    const path = join(folder, "unit.db");
    const store = openStoreFile({ path, unitId: "door-1" });
    await fill(store, 1, 20);
    const reader = new Database(path, { readonly: true });
    const rows = reader.prepare("SELECT * FROM records").iterate();
    rows.next();
    await fill(store, 21, 40);
    await expect(store.forget("holder-1")).rejects.toThrow(/another process uses the database/);
    rows.return?.();
    reader.close();
    expect(await store.forget("holder-1")).toBe(0);
    await fill(store, 41, 60);
    await store.close();
    const again = openStoreFile({ path, unitId: "door-1" });
    expect((await again.recent(100)).length).toBe(60);
    await again.close();
  });
});

// Only root may mount an image of a file system; elsewhere the tests above look at the same blocks.
describe.runIf(process.getuid?.() === 0)("what a raw ext4 image holds afterwards", () => {
  /** Works in a file system of its own, then gives the bytes of its whole disk. */
  async function onImage(work: (mounted: string) => Promise<void>): Promise<Buffer> {
    const image = join(folder, "disk.img");
    const mounted = join(folder, "mounted");
    mkdirSync(mounted);
    writeFileSync(image, "");
    truncateSync(image, IMAGE_MIB * 1_048_576);
    execFileSync("/sbin/mkfs.ext4", ["-q", "-F", image]);
    execFileSync("mount", ["-o", "loop", image, mounted]);
    try {
      await work(mounted);
    } catch (error) {
      // What failed may have left a file open; the mount goes once that is closed.
      execFileSync("umount", ["--lazy", mounted]);
      throw error;
    }
    execFileSync("umount", [mounted]);
    return readFileSync(image);
  }

  it("is no destroyed key after forgetting, and everybody else's", async () => {
    let gone: string[] = [];
    let kept: string[] = [];
    const image = await onImage(async (mounted) => {
      const path = join(mounted, "unit.db");
      await livedIn(path);
      const before = keysIn(path);
      forgetEverywhere(path, "holder-3");
      const left = keysIn(path);
      gone = [...before].filter((key) => !left.has(key));
      kept = [...left];
    });
    const isThere = (key: string): boolean => image.includes(Buffer.from(key, "hex"));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.filter(isThere)).toEqual([]);
    expect(kept.filter(isThere)).toEqual(kept);
  });

  it("is no key, no sealed part and nobody of the directory after a wipe", async () => {
    const before: { secrets?: Secrets } = {};
    const image = await onImage(async (mounted) => {
      const path = join(mounted, "unit.db");
      await livedIn(path);
      const secrets = secretsOf(path);
      before.secrets = secrets;
      const sets = join(mounted, "sets");
      mkdirSync(join(sets, "directory", "parts"), { recursive: true });
      writeFileSync(join(sets, "directory", "parts", "0"), DIRECTORY_NAME.repeat(500), {
        flush: true,
      });
      wipeUnit(path, moment, "returned");
      eraseFolderSync(sets);
      expect(readdirSync(mounted)).toEqual(["lost+found"]);
    });
    const { secrets } = before;
    if (secrets === undefined) throw new Error("nothing was read before the wipe");
    expect(secrets.boxes).toHaveLength(200);
    const wanted = [
      ...[...secrets.keys.values()].flat(),
      ...secrets.boxes,
      ...secrets.unit,
      Buffer.from(DIRECTORY_NAME),
    ];
    expect(wanted.filter((bytes) => image.includes(bytes)).length).toBe(0);
  });
});
