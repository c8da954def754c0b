/** `sentinel audit reuse`: live codes that let somebody in twice. */
import { existsSync } from "node:fs";
import { Command } from "commander";
import { printLine } from "../../cli/support/output.ts";
import { UsageError } from "../../cli/support/usage.ts";
import type { AntiPassbackViolation } from "../anti-passback.ts";
import { isCollectorDatabase, SqliteRecordArchive } from "../sqlite-record-archive.ts";

interface ReuseOptions {
  database: string;
  json?: boolean;
}

const NOTES = `
A unit notices a code that is shown again at its own door, and its policy decides what follows. Only
the collector sees two doors: it flags what units let in twice with one live code, for people to
examine. It may be one person with two errands, or one code on two phones.

Example:
  sentinel audit reuse --database collector.db`;

/** The verb, to be added to `audit`. */
export function reuseCommand(): Command {
  return new Command("reuse")
    .description("live codes that let somebody in twice, at one unit or at two")
    .requiredOption("--database <file>", "a collector's database")
    .option("--json", "print one line of JSON for each")
    .addHelpText("after", NOTES)
    .action(async (options: ReuseOptions) => {
      await runReuse(options, printLine);
    });
}

/** Prints every code that was used again. */
export async function runReuse(
  { database, json = false }: ReuseOptions,
  print: (line: string) => void,
): Promise<void> {
  if (!existsSync(database)) throw new UsageError(`there is no database at ${database}`);
  if (!isCollectorDatabase(database)) {
    throw new UsageError(`${database} is not a collector's database`);
  }
  const archive = new SqliteRecordArchive(database);
  try {
    const found = await archive.reusedCodes();
    for (const violation of found) print(json ? JSON.stringify(violation) : describe(violation));
    if (!json) print(`used again: ${found.length}`);
  } finally {
    await archive.close();
  }
}

function describe({ holder, madeAtMs, first, again }: AntiPassbackViolation): string {
  const seconds = Math.round(Math.abs(again.atMs - first.atMs) / 1_000);
  const where =
    again.unit === first.unit ? `again at ${again.unit}` : `at ${first.unit} and ${again.unit}`;
  const made = new Date(madeAtMs).toISOString();
  return `${new Date(again.atMs).toISOString()}  ${where}, ${seconds} s apart: code of ${holder.slice(0, 12)}…, made ${made} (records ${first.seq} and ${again.seq})`;
}
