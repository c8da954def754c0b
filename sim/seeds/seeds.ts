/** Runs seeded days and tells which promises were broken, with how to see it again. */
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { checkAdmissions } from "../checks/admission.ts";
import { checkOwnFault } from "../checks/own-fault.ts";
import { checkDelivery } from "../checks/records.ts";
import { loadFields } from "../scenario/load.ts";
import { runScenario, type ScenarioResult } from "../scenario/run.ts";
import { seededDay } from "./seeded-day.ts";
import { genuineOf, truthOf } from "./expected-admission.ts";

/** What came of one day. */
export interface DayResult {
  /** Broken promises and missed expectations, in sentences. */
  failures: string[];
  result?: ScenarioResult;
}

/** What came of one seed. */
export interface SeedResult extends DayResult {
  seed: number;
}

/** A day as the generator or a frozen file has it. */
export type Day = ReturnType<typeof seededDay>;

/** Runs the day of a seed, as the generator draws it today. */
export async function runSeed(seed: number, engine: DecodeEngine): Promise<SeedResult> {
  return { seed, ...(await runDay(seededDay(seed), engine)) };
}

/** Runs a day and checks every promise. A crash is a failure like any other. */
export async function runDay(day: Day, engine: DecodeEngine): Promise<DayResult> {
  try {
    const loaded = await loadFields(day, day.name ?? "day");
    const result = await runScenario(loaded, { engine });
    const { checks, expect } = result.totals;
    const admitted = checkAdmissions(result.trace, truthOf(day));
    const keptOut = checkOwnFault(result.trace, genuineOf(day));
    const undelivered = checkDelivery(result.trace);
    const broken = [...checks.failures, ...admitted, ...keptOut, ...undelivered];
    const failures = [...broken, ...expect.failures];
    return { failures, result };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failures: [failure] };
  }
}

/** The command that runs a seed again and leaves its trace. */
export function replayCommand(seed: number): string {
  return `npm run seeds -- --replay ${seed}`;
}
