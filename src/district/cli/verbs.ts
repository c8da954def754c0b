/** The district's verbs, found by the command line where the district is installed. */
import type { Command } from "commander";
import type { CollectorTools } from "../../cli/support/collector-tools.ts";

export const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  collect: async () => (await import("./collect.ts")).collectCommand(),
  command: async () => (await import("./command.ts")).commandCommand(),
  publish: async () => (await import("./publish.ts")).publishCommand(),
};

/** The district's half of `audit` and `forget`. */
export async function loadCollectorTools(): Promise<CollectorTools> {
  return (await import("./collector-tools.ts")).collectorTools;
}
