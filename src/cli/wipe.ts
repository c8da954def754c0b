/** `sentinel wipe`: empties a unit for good and leaves a signed certificate. */
import { rmSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { createClockSyncProbe } from "../../hal/linux/clock-sync.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { wipeUnit } from "../store/wipe.ts";
import { databaseOf, setsFolderOf, withDatabase, type DatabaseOptions } from "./database.ts";
import { UsageError } from "./usage.ts";

interface WipeOptions extends DatabaseOptions {
  certificate: string;
  reason: string;
  yes?: boolean;
}

const EXAMPLES = `
Stop the unit first. Records, keys, directory and settings are overwritten and the database is
removed; records that were not delivered are lost, and the certificate says how many. With --config
the data sets of the district are removed as well.

Exit status: 0 wiped, 1 not (the reason is on stderr), 2 wrong usage.

Example:
  sentinel wipe --config /etc/sentinel/unit.yaml --certificate wiped.json --reason "returned" --yes
  sentinel audit certificate wiped.json`;

/** The command, to be added to the program. */
export function wipeCommand(): Command {
  return withDatabase(new Command("wipe"))
    .description("empty a unit and leave a signed certificate")
    .requiredOption("--certificate <file>", "where to write the certificate; must not exist")
    .requiredOption("--reason <text>", "why; stands in the certificate")
    .option("--yes", "do it: without this nothing happens")
    .addHelpText("after", EXAMPLES)
    .action((options: WipeOptions) => {
      const path = databaseOf(options);
      if (options.yes !== true) {
        throw new UsageError(`this would empty ${path} for good; add --yes to do it`);
      }
      // Taken first: a certificate that cannot be written must be known before, not after.
      writeFileSync(options.certificate, "", { flag: "wx" });
      const clock = createSystemClock(createClockSyncProbe());
      const moment = { wallMs: clock.wallMs(), trusted: clock.wallTrusted() };
      const certificate = wipeUnit(path, moment, options.reason);
      const sets = setsFolderOf(options);
      // Parts of a directory may lie there.
      if (sets !== undefined) rmSync(sets, { recursive: true, force: true });
      const text = `${JSON.stringify(certificate, null, 2)}\n`;
      process.stdout.write(text);
      writeFileSync(options.certificate, text);
    });
}
