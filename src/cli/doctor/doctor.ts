/** `sentinel doctor`: checks everything a unit needs, and prints how to fix what fails. */
import process from "node:process";
import { Command } from "commander";
import type { Finding } from "./check.ts";
import { examine } from "./examination.ts";
import { DEFAULT_CONFIG } from "../run.ts";
import { readUnitFile } from "../support/unit-file.ts";
import { printLine } from "../support/output.ts";

const SIGNS = { ok: "✓", failed: "✗", absent: "–" } as const;

/** The verb, ready to be added to the program. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check camera, decoders, reader, thermometer, gate, panel, broker, clock and disk")
    .option("--config <file>", "the unit's configuration", DEFAULT_CONFIG)
    .option("--json", "one JSON object with every finding")
    .addHelpText(
      "after",
      "\nStop the unit first: a device can have one user only. The gate is not opened.\nExit status: 0 when nothing failed, 1 when something did, 2 when the configuration cannot be used.",
    )
    .action(async (options: { config: string; json?: boolean }) => {
      const config = readUnitFile(options.config);
      const findings: Finding[] = [];
      for await (const finding of examine(config)) {
        findings.push(finding);
        if (options.json !== true) print(finding);
      }
      const ok = findings.every((finding) => finding.state !== "failed");
      if (options.json === true) printLine(JSON.stringify({ ok, findings }));
      if (!ok) process.exitCode = 1;
    });
}

/** As long as the longest name of a check. */
const NAME_WIDTH = 17;

function print({ what, state, detail, mend }: Finding): void {
  const [first = "", ...others] = detail.split("\n");
  printLine(`${SIGNS[state]} ${what.padEnd(NAME_WIDTH)} ${first}`);
  // Under the first, where no line of another check begins.
  for (const line of others) printLine(`  ${"".padEnd(NAME_WIDTH)} ${line}`);
  if (mend !== undefined) printLine(`  ${"".padEnd(NAME_WIDTH)} → ${mend}`);
}
