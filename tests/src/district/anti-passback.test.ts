import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordBody } from "../../../src/core/record.ts";
import { runReuse } from "../../../src/district/cli/reuse.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import type { ReceivedRecord } from "../../../src/district/received-record.ts";
import { link } from "../../../src/protocol/record-chain.ts";
import { piece } from "../../support/core.ts";
import { START_MS } from "../../support/records.ts";

type Decided = Extract<RecordBody, { type: "visit-decided" }>;

let folder: string;
let path: string;
let archive: SqliteRecordArchive;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-passback-"));
  path = join(folder, "collector.db");
  archive = new SqliteRecordArchive(path);
});

afterEach(async () => {
  await archive.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Visit {
  unit?: string;
  seq?: number;
  holder?: string;
  madeAtMs?: number;
  afterMs?: number;
  outcome?: "granted" | "denied" | "referred";
  change?: Partial<Decided>;
}

/** A visit as it arrives: whose code, made when, shown where. */
function visit(options: Visit): ReceivedRecord {
  const { unit = "door-1", seq = 1, holder = "p-wang", madeAtMs = START_MS } = options;
  const { afterMs = 60_000, outcome = "granted", change = {} } = options;
  const at = { monotonicMs: afterMs, wallMs: START_MS + afterMs, wallTrusted: true };
  const source = { name: "code-reader", asOfMs: madeAtMs };
  const body: Decided = {
    type: "visit-decided",
    visitRef: `visit-${unit}-${seq}`,
    decision: { outcome, reasons: [], rules: [], policy: { id: "p", version: 1 } },
    credentialKind: "health-pass-live",
    evidence: [{ ...piece({ kind: "code-colour", colour: "green" }), source }],
    decidedAfterMs: 0,
    ...change,
  };
  const made = link({ unit, epoch: "e", seq, prev: "x", at, body });
  const { canonical, hash } = made;
  return {
    unit,
    epoch: "e",
    seq,
    hash,
    prev: "x",
    type: body.type,
    atMs: at.wallMs,
    holder,
    canonical,
  };
}

const arrive = async (...visits: Visit[]): Promise<void> => {
  for (const each of visits) {
    await archive.store({ records: [visit(each)], receivedMs: START_MS });
  }
};

describe("a live code that let somebody in", () => {
  it("at two units is flagged, with both visits", async () => {
    await arrive({}, { unit: "door-2", seq: 7, afterMs: 90_000 });
    expect(await archive.reusedCodes()).toEqual([
      {
        holder: "p-wang",
        madeAtMs: START_MS,
        first: { unit: "door-1", epoch: "e", seq: 1, atMs: START_MS + 60_000 },
        again: { unit: "door-2", epoch: "e", seq: 7, atMs: START_MS + 90_000 },
      },
    ]);
  });

  it.each<[string, Visit, number]>([
    ["at the same unit again", { seq: 2 }, 1],
    ["at another unit, and arrives late", { unit: "door-2", afterMs: 10_000 }, 1],
    ["twice, says a message that came twice", {}, 0],
    ["and was turned away elsewhere", { unit: "door-2", outcome: "denied" }, 0],
    ["and had been renewed", { unit: "door-2", madeAtMs: START_MS + 1_000 }, 0],
    ["of the same second, of somebody else", { unit: "door-2", holder: "p-li" }, 0],
    [
      "and then staff did",
      { unit: "door-2", change: { authority: { by: "nurse", why: "known" } } },
      0,
    ],
    ["and then a card did", { unit: "door-2", change: { credentialKind: "resident-id" } }, 0],
  ])("%s", async (_what, again, flagged) => {
    await arrive({}, again);
    expect(await archive.countReusedCodes()).toBe(flagged);
  });

  it("is still known after a restart of the collector", async () => {
    await arrive({});
    await archive.close();
    archive = new SqliteRecordArchive(path);
    await arrive({ unit: "door-2" });
    expect(await archive.countReusedCodes()).toBe(1);
  });

  it("is not noted when its batch could not be stored", async () => {
    const broken = { ...visit({ seq: 2, unit: "door-2" }), atMs: Number.NaN };
    await expect(
      archive.store({ records: [visit({}), broken], receivedMs: START_MS }),
    ).rejects.toThrow();
    await arrive({ unit: "door-2" });
    expect(await archive.countReusedCodes()).toBe(0);
  });

  it("is forgotten with its holder", async () => {
    await arrive({}, { unit: "door-2" });
    await archive.forget("p-wang");
    expect(await archive.countReusedCodes()).toBe(0);
    await arrive({ unit: "door-3" });
    expect(await archive.countReusedCodes()).toBe(0);
  });

  it("is forgotten by itself once no such code can be shown any more", async () => {
    await arrive({});
    const later = Array.from({ length: 3 }, (_, index) => ({
      seq: 2 + index,
      holder: `p-${index}`,
      madeAtMs: START_MS + 8 * 86_400_000,
    }));
    await arrive(...later, { unit: "door-2" });
    expect(await archive.countReusedCodes()).toBe(0);
  });

  it("is printed for people, without more than a part of the pseudonym", async () => {
    const holder = "gWevQZemzEU9eOzHrGRdjrgogKRiNzYdgbGGFWpK-zM";
    await arrive({ holder }, { holder, unit: "door-2", seq: 7, afterMs: 90_000 });
    const lines: string[] = [];
    await runReuse({ database: path }, (line) => lines.push(line));
    expect(lines).toEqual([
      "2022-04-26T09:01:30.000Z  at door-1 and door-2, 30 s apart: code of gWevQZemzEU9…, made 2022-04-26T09:00:00.000Z (records 1 and 7)",
      "used again: 1",
    ]);
    lines.length = 0;
    await runReuse({ database: path, json: true }, (line) => lines.push(line));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ holder, again: { unit: "door-2" } });
  });
});
