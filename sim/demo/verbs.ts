/** The simulator's verb, found by the command line where the simulator is installed. */
import type { Command } from "commander";

export const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  sim: async () => (await import("./sim-command.ts")).simCommand(),
};
