import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import { SqliteRecordArchive } from "../../../../src/district/sqlite-record-archive.ts";
import { compare } from "../../../../src/district/audit.ts";
import { readRecordEvent } from "../../../../src/district/received-record.ts";
import { auditUnit, hashesOf } from "../../../../src/store/offline/audit.ts";
import { sha256Hex } from "../../../../src/base/canonical-json.ts";
import { forgetEverywhere, forgetHolder } from "../../../../src/store/offline/forget.ts";
import { openStore } from "../../../../src/store/store.ts";
import { openOrReplace } from "../../../../src/store/open-or-replace.ts";
import {
  isCertificateValid,
  finishWipe,
  wipeUnit,
  type WipeCertificate,
} from "../../../../src/store/offline/wipe.ts";
import { recordEvent } from "../../../../src/protocol/cloud-event.ts";
import { draft, START_MS } from "../../../support/records.ts";

const clock = new VirtualClock(START_MS);
let folder: string;
let path: string;

async function fill(records: number): Promise<void> {
  const store = openStore({ path, unitId: "door-1", clock });
  for (let number = 1; number <= records; number++) {
    await store.commit(draft(number, `holder-${number % 3}`));
  }
  await store.close();
}

function tamper(sql: string): void {
  const database = new Database(path);
  database.function("sha256", (text: unknown) => sha256Hex(String(text)));
  database.exec(sql);
  database.close();
}

const faultsOf = (file: string): string[] =>
  auditUnit(file).faults.map(({ kind, seq }) => `${kind} ${seq}`);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-audit-"));
  path = join(folder, "unit.db");
  await fill(20);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the audit", () => {
  it("finds nothing in records that are as they were written", () => {
    expect(auditUnit(path)).toMatchObject({ records: 20, linked: 20, pending: 20, faults: [] });
  });

  const change = "canonical = replace(canonical, 'taken', 'not-taken')";
  it.each([
    ["changed text", `UPDATE records SET ${change} WHERE seq = 7`, ["changed 7"]],
    [
      "changed text with its hash made to fit",
      `UPDATE records SET ${change} WHERE seq = 7; UPDATE records SET hash = sha256(canonical) WHERE seq = 7`,
      ["out-of-order 8"],
    ],
    [
      "the last record changed with its hash made to fit",
      `UPDATE records SET ${change} WHERE seq = 20; UPDATE records SET hash = sha256(canonical) WHERE seq = 20`,
      ["changed 20"],
    ],
    ["a record removed", "DELETE FROM records WHERE seq = 7", ["missing 7"]],
    ["the first removed", "DELETE FROM records WHERE seq = 1", ["missing 1"]],
    ["the last removed", "DELETE FROM records WHERE seq = 20", ["cut-short 20"]],
    ["all removed", "DELETE FROM records", ["cut-short 1"]],
    [
      "two records swapped",
      "UPDATE records SET seq = 100 WHERE seq = 7; UPDATE records SET seq = 7 WHERE seq = 8; UPDATE records SET seq = 8 WHERE seq = 100",
      ["misplaced 7", "misplaced 8"],
    ],
    [
      "a record put in at the end",
      `INSERT INTO records SELECT 21, 'x', canonical, hash FROM records WHERE seq = 20`,
      ["misplaced 21", "misplaced 21"],
    ],
  ])("finds %s", (_name, sql, faults) => {
    tamper(sql);
    expect(faultsOf(path)).toEqual(faults);
  });

  it("still holds after somebody was forgotten, and after all were", async () => {
    expect(forgetHolder(path, "holder-1")).toBe(7);
    expect(auditUnit(path)).toMatchObject({ linked: 13, faults: [] });
    const store = openStore({ path, unitId: "door-1", clock });
    await store.forgetBefore(START_MS + 10 * 86_400_000);
    await store.close();
    expect(auditUnit(path)).toMatchObject({ linked: 0, faults: [] });
  });

  it("finds nobody who was forgotten in a database that was set aside either", async () => {
    const aside = `${path}.set-aside-2022-04-26T090000Z`;
    copyFileSync(path, aside);
    expect(forgetEverywhere(path, "holder-1")).toEqual({ links: 14, unasked: [] });
    expect(auditUnit(aside)).toMatchObject({ linked: 13, faults: [] });
    writeFileSync(aside, Buffer.alloc(8_192, 7));
    expect(forgetEverywhere(path, "holder-1")).toEqual({ links: 0, unasked: [aside] });
  });

  it("finds a chain that was rewritten as a whole by comparing it with the far end", async () => {
    const store = openStore({ path, unitId: "door-1", clock });
    const { epoch } = store;
    const archive = new SqliteRecordArchive(":memory:");
    const sender = { district: "d", unitId: "door-1" };
    const arrived = (await store.outbox.read(0, 100)).flatMap((row) => {
      const read = readRecordEvent(Buffer.from(recordEvent(sender, row)), "door-1");
      return "fault" in read ? [] : [read];
    });
    await archive.store({ records: arrived, receivedMs: START_MS });
    await store.outbox.markDelivered([[1, 20]]);
    await store.close();
    const same = await compare(archive, { unit: "door-1", epoch }, hashesOf(path));
    expect(same).toEqual({ compared: 20, different: [], lost: [], onlyHere: [] });
    tamper(
      `UPDATE records SET ${change}, hash = 'x' WHERE seq = 5; DELETE FROM records WHERE seq = 9`,
    );
    const after = await compare(archive, { unit: "door-1", epoch }, hashesOf(path));
    expect(after).toEqual({ compared: 19, different: [5], lost: [], onlyHere: [9] });
    await archive.close();
  });
});

describe("the wipe", () => {
  const moment = { wallMs: START_MS, trusted: true };

  it("leaves no file, and a certificate that says what was there", () => {
    const certificate = wipeUnit(path, moment, "returned to the supplier");
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(certificate.statement).toMatchObject({
      unit: "door-1",
      undelivered: 20,
      rows: { records: 20, sealed: 20, holder_keys: 3 },
    });
    expect(isCertificateValid(certificate)).toBe(true);
    expect(isCertificateValid(certificate, certificate.publicKey)).toBe(true);
  });

  it("is signed by the unit's own key and by no other", async () => {
    const store = openStore({ path, unitId: "door-1", clock });
    const { publicKey } = store.signingKey;
    await store.close();
    const certificate = wipeUnit(path, moment, "test");
    expect(certificate.publicKey).toBe(publicKey);
    const { statement } = certificate;
    expect(
      isCertificateValid({ ...certificate, statement: { ...statement, undelivered: 0 } }),
    ).toBe(false);
    expect(isCertificateValid(certificate, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")).toBe(
      false,
    );
  });

  it("hands its certificate out before it destroys the key that signs it", () => {
    const cut = new Error("power cut");
    let kept: WipeCertificate | undefined;
    expect(() =>
      wipeUnit(path, moment, "test", (certificate) => {
        kept = certificate;
        throw cut;
      }),
    ).toThrow("power cut");
    expect(kept && isCertificateValid(kept)).toBe(true);
    expect(auditUnit(path).records).toBe(20);
  });

  it("says so where a wipe was cut off after everything had gone", () => {
    tamper("DELETE FROM records; DELETE FROM meta; DELETE FROM sealed; DELETE FROM holder_keys");
    expect(() => wipeUnit(path, moment, "test")).toThrow(/was emptied before/);
  });

  it("is finished by the next one where a power cut interrupted it", () => {
    writeFileSync(`${path}-wiping`, "door-1");
    writeFileSync(path, "half overwritten");
    expect(() => openOrReplace({ path, unitId: "door-1" }, START_MS)).toThrow(
      /a wipe .* was begun/,
    );
    expect(finishWipe(path)).toBe(true);
    expect(finishWipe(path)).toBe(false);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("does not touch a unit that runs", async () => {
    const store = openStore({ path, unitId: "door-1", clock });
    await store.commit(draft(21));
    expect(() => wipeUnit(path, moment, "test")).toThrow(/in use: stop the unit first/);
    await store.close();
    expect(auditUnit(path).records).toBe(21);
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });
});
