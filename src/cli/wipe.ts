/** `sentinel wipe`: empties a unit for good and leaves a signed certificate. */
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { createClockSyncProbe } from "../../hal/linux/clock-sync.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { eraseFileSync, eraseFolderSync } from "../base/erase.ts";
import {
  finishWipe,
  isWipeUnfinished,
  wipeUnit,
  type WipeCertificate,
} from "../store/offline/wipe.ts";
import {
  databaseOf,
  outsideFilesOf,
  namedDatabase,
  withDatabase,
  type DatabaseOptions,
} from "./support/database.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

interface WipeOptions extends DatabaseOptions {
  certificate: string;
  reason: string;
  yes?: boolean;
}

const EXAMPLES = `
Stop the unit first. Records, keys, directory and settings are overwritten and the database is
removed; records that were not delivered are lost, and the certificate says how many. With --config
the data sets of the district, the unit's key and its pages' secrets are overwritten and removed as
well, wherever they lie. Until all of it is done the
certificate is called FILE.unfinished: after a power cut, wipe again with the same options.
Overwriting reaches the blocks of an ext4 or xfs file system; the spare blocks of a flash card may keep
old copies, which only an encrypted disk settles.

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
    .action(runWipe);
}

function runWipe(options: WipeOptions): void {
  // An interrupted wipe may have removed the database itself.
  const path = isWipeUnfinished(namedDatabase(options))
    ? namedDatabase(options)
    : databaseOf(options);
  if (options.yes !== true) {
    throw new UsageError(`this would empty ${path} for good; add --yes to do it`);
  }
  // On the disk before the key is gone: after a power cut in between no other could be signed.
  // Under its own name only once it is true.
  const unfinished = `${options.certificate}.unfinished`;
  const { folder, files } = outsideFilesOf(options);
  const rest = (): void => {
    for (const file of files) eraseFileSync(file);
    // Chunks of a directory may lie there.
    if (folder !== undefined) eraseFolderSync(folder);
    if (existsSync(unfinished)) renameSync(unfinished, options.certificate);
  };
  if (isWipeUnfinished(path)) {
    finishWipe(path, rest);
    printLine(`finished the interrupted wipe of ${path}; its certificate was made then`);
    return;
  }
  if (existsSync(options.certificate)) {
    throw new UsageError(`${options.certificate} is there already: name another file`);
  }
  const clock = createSystemClock(createClockSyncProbe());
  const moment = { wallMs: clock.wallMs(), trusted: clock.wallTrusted() };
  const keep = (early: WipeCertificate): void =>
    writeFileSync(unfinished, textOf(early), { flush: true });
  process.stdout.write(textOf(wipeUnit(path, moment, options.reason, keep, rest)));
}

function textOf(certificate: WipeCertificate): string {
  return `${JSON.stringify(certificate, null, 2)}\n`;
}
