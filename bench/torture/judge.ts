/** Opens a damaged copy of a unit's database as the unit would, and says what became of its records. */
import Database from "better-sqlite3";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { openUnitStore } from "../../src/store/worker/unavailable.ts";
import { auditUnit } from "../../src/store/offline/audit.ts";
import { asStoreError } from "../../src/store/errors.ts";
import { salvage } from "../../src/store/offline/salvage.ts";
import type { UnitStore } from "../../src/store/worker/worker.ts";
import { numberOf, recordOf, UNIT } from "./story.ts";

/**
 * - `whole`: it opens, goes on, its chain verifies, and every record that was told is there
 * - `shorter`: the same, but the newest records are gone
 * - `replaced`: it was set aside, a new one began, and records were salvaged from the old
 * - `said`: it goes on, and its audit names the fault
 * - `silent`: records are missing from the middle, and nothing says so
 * - `down`: the unit could not record anything after two starts
 */
export const VERDICTS = ["whole", "shorter", "replaced", "said", "silent", "down"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Judgement {
  verdict: Verdict;
  /** Records that were told durable and are not to be had any more. */
  lost: number;
  detail: string;
}

/** @param told record numbers from 1 on that were durable before the damage */
export async function judge(path: string, told: number): Promise<Judgement> {
  const lost = (there: ReadonlySet<number>): number => told - there.size;
  try {
    const replaced = await goOn(path, told);
    if (replaced !== undefined) {
      const there = numbersOf(textsIn(replaced.setAside), told);
      const detail = `set aside: ${replaced.why}; ${there.size} of ${told} records salvaged`;
      return { verdict: "replaced", lost: lost(there), detail };
    }
    const fault = audited(path);
    if (fault !== undefined) {
      return { verdict: "said", lost: lost(numbersOf(textsIn(path), told)), detail: fault };
    }
  } catch (error) {
    return { verdict: "down", lost: 0, detail: asStoreError(error, "opening").message };
  }
  const there = numbersOf(textsOf(path), told);
  const newest = Math.max(0, ...there);
  if (lost(there) === 0) return { verdict: "whole", lost: 0, detail: "" };
  const verdict = newest === there.size ? "shorter" : "silent";
  const detail = `${there.size} of ${told} records, up to ${newest}`;
  return { verdict, lost: lost(there), detail };
}

/**
 * Starts a unit's store, twice where the first start meets the damage, as a service manager would.
 * @throws StoreError when it can record nothing even then
 */
async function goOn(path: string, told: number): Promise<UnitStore["replaced"]> {
  const clock = createSystemClock();
  for (let start = 1; ; start++) {
    const store = await openUnitStore({ path, unitId: UNIT, clock }, () => {});
    try {
      // What was not sent yet is read at every start.
      await store.outbox.read(0, told + 1);
      await store.commit(recordOf(told + 1_000_000));
      return store.replaced;
    } catch (error) {
      if (start === 2) throw error;
    } finally {
      await store.close();
    }
  }
}

/** What the audit finds; a page it cannot read is a finding too. */
function audited(path: string): string | undefined {
  try {
    const { faults, faultCount } = auditUnit(path);
    const [first] = faults;
    if (first === undefined) return undefined;
    return `audit: ${faultCount} faults, the first: ${first.kind} at ${first.seq}`;
  } catch (error) {
    return `audit: ${asStoreError(error, "reading").message}`;
  }
}

function* textsIn(path: string): IterableIterator<string> {
  for (const { canonical } of salvage(path)) yield canonical;
}

function textsOf(path: string): string[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare<[], string>("SELECT canonical FROM records").pluck().all();
  } finally {
    database.close();
  }
}

function numbersOf(texts: Iterable<string>, upTo: number): Set<number> {
  const numbers = Array.from(texts, (text) => numberOf(text) ?? Infinity);
  return new Set(numbers.filter((number) => number <= upTo));
}
