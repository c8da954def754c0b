/** The command line: `sentinel <verb>`. */
import { Command, CommanderError } from "commander";
import { cardCommand } from "./card.ts";
import { auditCommand } from "./audit.ts";
import { collectCommand } from "./collect.ts";
import { commandCommand } from "./command.ts";
import { decodeCommand } from "./decode.ts";
import { doctorCommand } from "./doctor.ts";
import { forgetCommand } from "./forget.ts";
import { passCommand } from "./pass.ts";
import { runCommand } from "./run.ts";
import { simCommand } from "./sim.ts";
import { verifyCommand } from "./verify.ts";
import { wipeCommand } from "./wipe.ts";

const WRONG_USAGE = 2;

/** The whole program; each verb is a file of its own. */
function program(): Command {
  const sentinel = new Command("sentinel")
    .description("Digital Sentinel: a doorway unit that checks who may come in, and says why")
    .showHelpAfterError("(run it with --help to see what it takes)");
  for (const verb of [
    runCommand(),
    doctorCommand(),
    simCommand(),
    decodeCommand(),
    verifyCommand(),
    cardCommand(),
    passCommand(),
    collectCommand(),
    commandCommand(),
    auditCommand(),
    forgetCommand(),
    wipeCommand(),
  ])
    sentinel.addCommand(verb);
  settle(sentinel);
  return sentinel;
}

/** Settings of the program reach its verbs, and theirs, only when they are copied. */
function settle(command: Command): void {
  command.exitOverride();
  for (const verb of command.commands) {
    verb.copyInheritedSettings(command);
    settle(verb);
  }
}

try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is not wrong.
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`sentinel: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof Error && error.name === "UsageError" ? WRONG_USAGE : 1;
  }
}
