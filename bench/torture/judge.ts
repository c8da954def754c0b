/** Opens a damaged copy of a unit's database as the unit would, and says what became of its records. */
import { createSystemClock } from "../../hal/linux/clock.ts";
import { auditUnit } from "../../src/store/audit.ts";
import { asStoreError } from "../../src/store/errors.ts";
import { openStore } from "../../src/store/store.ts";
import Database from "better-sqlite3";
import { numberOf, recordOf, UNIT } from "./story.ts";

/**
 * - `whole`: it opens, goes on, its chain verifies, and every record that was told is there
 * - `shorter`: the same, but the newest records are gone
 * - `said`: it refuses to open or to go on, or its audit names the fault
 * - `silent`: records are missing from the middle, and nothing says so
 */
export type Verdict = "whole" | "shorter" | "said" | "silent";

export interface Judgement {
  verdict: Verdict;
  /** Records that were told durable and are not there. */
  lost: number;
  detail: string;
}

/** @param told record numbers from 1 on that were durable before the damage */
export async function judge(path: string, told: number): Promise<Judgement> {
  try {
    await goOn(path, told);
    const { faults, faultCount } = auditUnit(path);
    const [first] = faults;
    if (first !== undefined) {
      const detail = `audit: ${faultCount} faults, the first: ${first.kind} at ${first.seq}`;
      return { verdict: "said", lost: 0, detail };
    }
  } catch (error) {
    return { verdict: "said", lost: 0, detail: asStoreError(error, "opening").message };
  }
  const there = numbersIn(path, told);
  const newest = Math.max(0, ...there);
  const lost = told - there.size;
  if (lost === 0) return { verdict: "whole", lost, detail: "" };
  const verdict = newest === there.size ? "shorter" : "silent";
  return { verdict, lost, detail: `${there.size} of ${told} records, up to ${newest}` };
}

async function goOn(path: string, told: number): Promise<void> {
  const store = openStore({ path, unitId: UNIT, clock: createSystemClock() });
  try {
    await store.commit(recordOf(told + 1_000_000));
  } finally {
    await store.close();
  }
}

function numbersIn(path: string, upTo: number): Set<number> {
  const database = new Database(path, { readonly: true });
  try {
    const texts = database.prepare<[], string>("SELECT canonical FROM records").pluck().all();
    const numbers = texts.map((text) => numberOf(text) ?? Infinity);
    return new Set(numbers.filter((number) => number <= upTo));
  } finally {
    database.close();
  }
}
