/** `sentinel audit salvage`: gets records out of a database that was set aside, as many as can be proven. */
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { Command } from "commander";
import { RangeSet, type Range } from "../base/range-set.ts";
import { survivingFactsOf, salvage, type SalvagedRecord } from "../store/offline/salvage.ts";
import { requireCollectorTools } from "./support/optional-parts.ts";
import type { SalvageCounts, SalvageTarget } from "./support/collector-tools.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

interface SalvageOptions {
  into?: string;
  out?: string;
  json?: boolean;
}

/** One life of a unit's database, as far as it could be read. */
interface Found {
  unit: string;
  epoch: string;
  records: number;
  /** Numbers below the last one that were not found: pruned, or lost. */
  missing: readonly Range[];
}

interface SalvageReport {
  found: Found[];
  /** Last number that the database says it wrote. */
  headSeq?: number;
  /** Oldest number that it says had not arrived. */
  waitingFrom?: number;
  stored?: SalvageCounts;
}

const EXAMPLES = `
The file is only read. What is found is proven by its hash; who a record was about is not salvaged.
Records that a collector has already are told apart by their numbers, so nothing arrives twice.

Exit status: 0 records were found, 1 none were, 2 wrong usage.

Examples:
  sentinel audit salvage /var/lib/sentinel/unit.db.set-aside-2026-04-26T090000Z --into collector.db
  sentinel audit salvage unit.db.set-aside-2026-04-26T090000Z --out records.jsonl`;

/** Records stored in one transaction. */
const BATCH = 1_000;

/** The command, to be added to `audit`. */
export function salvageCommand(): Command {
  return new Command("salvage")
    .description("get records out of a damaged database that was set aside")
    .argument("<file>", "the file that was set aside; its log beside it is read too")
    .option("--into <file>", "a collector's database: put them where the unit's others are")
    .option("--out <file>", "write them, one JSON line each; must not exist")
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: SalvageOptions) => {
      process.exitCode = await runSalvage(file, options, Date.now(), printLine);
    });
}

/** Salvages and prints. @returns the exit status */
export async function runSalvage(
  path: string,
  options: SalvageOptions,
  nowMs: number,
  print: (line: string) => void,
): Promise<number> {
  if (!existsSync(path)) throw new UsageError(`there is no file at ${path}`);
  const target = options.into === undefined ? undefined : await openTarget(options.into);
  const out = options.out === undefined ? undefined : openSync(options.out, "wx", 0o600);
  try {
    const report = await gather(path, nowMs, target, out);
    if (options.json === true) print(JSON.stringify(report));
    else for (const line of describe(report)) print(line);
    return report.found.length > 0 ? 0 : 1;
  } finally {
    if (out !== undefined) closeSync(out);
    await target?.close();
  }
}

async function openTarget(path: string): Promise<SalvageTarget> {
  return await (await requireCollectorTools("--into")).openForSalvage(path);
}

async function gather(
  path: string,
  nowMs: number,
  target: SalvageTarget | undefined,
  out: number | undefined,
): Promise<SalvageReport> {
  const streams = new Map<string, { unit: string; epoch: string; set: RangeSet; count: number }>();
  const stored: SalvageCounts = { stored: 0, duplicates: 0, conflicts: 0 };
  let batch: SalvagedRecord[] = [];
  const flush = async (): Promise<void> => {
    const records = batch;
    batch = [];
    const result = await target?.store(records, nowMs);
    if (result === undefined) return;
    stored.stored += result.stored;
    stored.duplicates += result.duplicates;
    stored.conflicts += result.conflicts;
  };
  for (const record of salvage(path)) {
    const { unit, epoch, seq } = record;
    const name = `${unit}/${epoch}`;
    const stream = streams.get(name) ?? { unit, epoch, set: new RangeSet(), count: 0 };
    streams.set(name, stream);
    stream.set.add(seq);
    stream.count += 1;
    if (out !== undefined) writeSync(out, `${record.canonical}\n`);
    if (batch.push(record) >= BATCH) await flush();
  }
  await flush();
  const { headSeq, waitingFrom } = survivingFactsOf(path);
  return {
    found: [...streams.values()].map(({ unit, epoch, set, count }) => ({
      unit,
      epoch,
      records: count,
      missing: set.gaps(),
    })),
    ...(headSeq === undefined ? {} : { headSeq }),
    ...(waitingFrom === undefined ? {} : { waitingFrom }),
    ...(target === undefined ? {} : { stored }),
  };
}

function* describe({ found, headSeq, waitingFrom, stored }: SalvageReport): Generator<string> {
  for (const { unit, epoch, records, missing } of found) {
    yield `unit ${unit}, epoch ${epoch}: ${records} records`;
    for (const [from, to] of missing.slice(0, 20)) yield `  not found: ${from} to ${to}`;
  }
  if (headSeq !== undefined) yield `the database says it wrote ${headSeq} records`;
  if (waitingFrom !== undefined) yield `from number ${waitingFrom} on, some had not arrived`;
  if (stored !== undefined) {
    yield `${stored.stored} put into the collector's database, ${stored.duplicates} were there already, ${stored.conflicts} differ`;
  }
  if (found.length === 0) yield "no record could be found";
}
