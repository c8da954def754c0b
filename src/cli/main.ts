/** The command line: `sentinel <verb>`. */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { describeVersion } from "../version.ts";
import { guardOutput, messageOf, withoutRawArguments } from "./support/output.ts";

const WRONG_USAGE = 2;

/** Each verb is a file of its own, and loads what it needs: a unit that runs has no simulator in memory. */
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.ts")).runCommand(),
  doctor: async () => (await import("./doctor/doctor.ts")).doctorCommand(),
  sim: async () => (await import("./sim.ts")).simCommand(),
  decode: async () => (await import("./decode.ts")).decodeCommand(),
  verify: async () => (await import("./verify.ts")).verifyCommand(),
  card: async () => (await import("./card.ts")).cardCommand(),
  pass: async () => (await import("./pass.ts")).passCommand(),
  collect: async () => (await import("./collect.ts")).collectCommand(),
  command: async () => (await import("./command.ts")).commandCommand(),
  publish: async () => (await import("./publish.ts")).publishCommand(),
  revocation: async () => (await import("./revocation.ts")).revocationCommand(),
  audit: async () => (await import("./audit.ts")).auditCommand(),
  forget: async () => (await import("./forget.ts")).forgetCommand(),
  wipe: async () => (await import("./wipe.ts")).wipeCommand(),
};

/** The program with the verb that is named; with all of them where none is, to tell what there are. */
async function program(named: string | undefined): Promise<Command> {
  const sentinel = new Command("sentinel")
    .description("Digital Sentinel: a doorway unit that checks who may come in, and says why")
    .version(describeVersion(), "--version", "which version and release this is")
    .showHelpAfterError("(run it with --help to see what it takes)")
    .configureOutput({
      outputError: (text, write) => write(withoutRawArguments(text, process.argv.slice(2))),
    });
  const all = Object.entries(VERBS);
  const meant = all.filter(([name]) => name === named);
  if (named === "--version") return sentinel;
  for (const [, load] of meant.length > 0 ? meant : all) sentinel.addCommand(await load());
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

/** Verbs that serve somebody beside whoever reads what they print. */
const SERVICES: readonly string[] = ["run", "sim", "collect", "publish"];

/** Whoever read the output has gone (`| head`): a service goes on, everything else has nothing left to do. */
function outliveReaders(verb: string | undefined): void {
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (verb === undefined || !SERVICES.includes(verb)) process.exit();
    });
  }
}

outliveReaders(process.argv[2]);
for (const output of [process.stdout, process.stderr]) guardOutput(output);
try {
  await (await program(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is not wrong.
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`sentinel: ${messageOf(error)}`);
    // Whatever was started before it failed: half a unit at a door would neither work nor end.
    process.exit(error instanceof Error && error.name === "UsageError" ? WRONG_USAGE : 1);
  }
}
