/** `sentinel forget`: takes the link to one person out of every record, for ever. */
import { Command } from "commander";
import { pseudonymOf } from "../credential/pseudonym.ts";
import { forgetEverywhere, type Forgotten } from "../store/offline/forget.ts";
import { findCollectorTools } from "./support/optional-parts.ts";
import { databaseOf, withDatabase, type DatabaseOptions } from "./support/database.ts";
import { printError, printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";
import { readKey } from "./verify.ts";

interface ForgetOptions extends DatabaseOptions {
  holder?: string;
  number?: string;
  districtKey?: string;
  json?: boolean;
}

const EXAMPLES = `
On a unit the keys that sealed the person's data are destroyed; at a collector the pseudonym is
taken out of the records. The chain of records still verifies afterwards. Works beside a running
unit, and does nothing the second time. Damaged databases that were set aside are asked as well; one
that is too damaged to be asked is named, and only removing it helps.

Exit status: 0 done (also when nothing was there), 1 not everywhere, 2 wrong usage.

Examples:
  sentinel forget --config /etc/sentinel/unit.yaml --holder mZ0w3sGqk0…
  sentinel forget --database collector.db --number 11010519491231002X --district-key district.key`;

/** The command, to be added to the program. */
export function forgetCommand(): Command {
  return withDatabase(new Command("forget"))
    .description("destroy the link from records to one person")
    .option("--holder <pseudonym>", "the holder's pseudonym")
    .option("--number <number>", "the holder's number instead; needs --district-key")
    .option("--district-key <file>", "key for pseudonyms, hex or base64url")
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ForgetOptions) => {
      const forgotten = await runForget(options);
      const { links, unasked } = forgotten;
      printLine(
        options.json === true
          ? JSON.stringify(forgotten)
          : `${links} records no longer lead to this person`,
      );
      for (const path of unasked) {
        printError(`sentinel forget: ${path} is too damaged to be asked: salvage and remove it`);
      }
      if (unasked.length > 0) process.exitCode = 1;
    });
}

/** Forgets in the database that the options name, a unit's or a collector's. */
export async function runForget(options: ForgetOptions): Promise<Forgotten> {
  const path = databaseOf(options);
  const holder = holderOf(options);
  const collector = await findCollectorTools();
  if (collector?.isCollectorDatabase(path) !== true) return forgetEverywhere(path, holder);
  return { links: await collector.forget(path, holder), unasked: [] };
}

function holderOf({ holder, number, districtKey }: ForgetOptions): string {
  if (holder !== undefined) return holder;
  if (number === undefined || districtKey === undefined) {
    throw new UsageError(
      "say whom: --holder PSEUDONYM, or --number NUMBER with --district-key FILE",
    );
  }
  return pseudonymOf(readKey(districtKey), number);
}
