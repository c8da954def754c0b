/** The command line: `sentinel <verb>`. */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { describeVersion } from "../version.ts";
import { optionalVerbs, refuseAbsentVerb, type Verbs } from "./support/optional-parts.ts";
import { guardOutput, messageOf, withoutRawArguments } from "./support/output.ts";

const WRONG_USAGE = 2;

/** Each verb is a file of its own, and loads what it needs: a running unit has no decoder check in memory. */
const OWN_VERBS: Verbs = {
  run: async () => (await import("./run.ts")).runCommand(),
  doctor: async () => (await import("./doctor/doctor.ts")).doctorCommand(),
  decode: async () => (await import("./decode.ts")).decodeCommand(),
  verify: async () => (await import("./verify.ts")).verifyCommand(),
  card: async () => (await import("./card.ts")).cardCommand(),
  pass: async () => (await import("./pass.ts")).passCommand(),
  revocation: async () => (await import("./revocation.ts")).revocationCommand(),
  audit: async () => await (await import("./audit.ts")).auditCommand(),
  forget: async () => (await import("./forget.ts")).forgetCommand(),
  wipe: async () => (await import("./wipe.ts")).wipeCommand(),
};

/** The program with the named verb; with all verbs where none is named, for the help text. */
async function createProgram(named: string | undefined): Promise<Command> {
  const sentinel = new Command("sentinel")
    .description("Digital Sentinel: a doorway unit that checks who may come in, and says why")
    .version(describeVersion(), "--version", "which version and release this is")
    .showHelpAfterError("(run it with --help to see what it takes)")
    .configureOutput({
      outputError: (text, write) => write(withoutRawArguments(text, process.argv.slice(2))),
    });
  if (named === "--version") return sentinel;
  if (named !== undefined) refuseAbsentVerb(named);
  const verbs: Verbs = { ...OWN_VERBS, ...optionalVerbs() };
  const load = named !== undefined && Object.hasOwn(verbs, named) ? verbs[named] : undefined;
  for (const each of load === undefined ? Object.values(verbs) : [load]) {
    sentinel.addCommand(await each());
  }
  inheritSettings(sentinel);
  return sentinel;
}

/** Commander passes a program's settings on to its verbs, and theirs, only when they are copied. */
function inheritSettings(command: Command): void {
  command.exitOverride();
  for (const verb of command.commands) {
    verb.copyInheritedSettings(command);
    inheritSettings(verb);
  }
}

/** Verbs that run as services and must survive a closed standard output. */
const LONG_RUNNING_VERBS: readonly string[] = ["run", "sim", "collect", "publish"];

/** Exits quietly on EPIPE (`| head`); long-running verbs keep going. */
function handleBrokenPipe(verb: string | undefined): void {
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (verb === undefined || !LONG_RUNNING_VERBS.includes(verb)) process.exit();
    });
  }
}

handleBrokenPipe(process.argv[2]);
for (const output of [process.stdout, process.stderr]) guardOutput(output);
try {
  await (await createProgram(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what is wrong; asking for help is not wrong.
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`sentinel: ${messageOf(error)}`);
    // Ends whatever was started before the failure: half a unit would neither work nor end.
    process.exit(error instanceof Error && error.name === "UsageError" ? WRONG_USAGE : 1);
  }
}
