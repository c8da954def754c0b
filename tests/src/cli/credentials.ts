/** Runs the credential verbs in this process, as the program would, from a folder of their own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError, type Command } from "commander";
import { passCommand } from "../../../src/cli/pass.ts";
import { UsageError } from "../../../src/cli/support/usage.ts";
import { verifyCommand } from "../../../src/cli/verify.ts";

/** What a run left behind. */
export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

const VERBS = { verify: verifyCommand, pass: passCommand };

/** A folder of its own for files. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "sentinel-cli-"));

/** Runs `sentinel <verb> …` in a folder. Only one at a time: the working directory is the process's. */
export async function sentinel(
  verb: keyof typeof VERBS,
  args: readonly string[],
  folder: string,
): Promise<Ran> {
  const ran: Ran = { status: 0, stdout: "", stderr: "" };
  const command = VERBS[verb]((line) => (ran.stdout += `${line}\n`)).exitOverride();
  for (const each of [command, ...command.commands]) captureOutput(each, ran);
  const home = process.cwd();
  process.chdir(folder);
  process.exitCode = 0;
  try {
    await command.parseAsync([...args], { from: "user" });
    ran.status = process.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) ran.status = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof UsageError) {
      ran.status = 2;
      ran.stderr += `${error.message}\n`;
    } else throw error;
  } finally {
    process.exitCode = 0;
    process.chdir(home);
  }
  return ran;
}

function captureOutput(command: Command, ran: Ran): void {
  command.configureOutput({
    writeOut: (text) => (ran.stdout += text),
    writeErr: (text) => (ran.stderr += text),
  });
}
