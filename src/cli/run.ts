/** `sentinel run`: a real unit, until it is told to stop. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Command } from "commander";
import { ConfigError } from "../config/yaml-file.ts";
import { parseUnitConfig, type UnitConfig } from "../config/unit.ts";
import { SetupError } from "../unit/evidence-base.ts";
import { startUnit } from "../main.ts";
import { createLogger } from "./support/log.ts";
import { UsageError } from "./support/usage.ts";

/** How long the process may outlive its unit. */
const HANGING_MS = 1_000;

export const DEFAULT_CONFIG = "/etc/sentinel/unit.yaml";

/** Reads a unit's file; what is wrong with it is wrong usage. */
export async function readConfig(file: string): Promise<UnitConfig> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw UsageError.because(error, file);
  }
  try {
    return parseUnitConfig(text, file);
  } catch (error) {
    throw error instanceof ConfigError ? UsageError.because(error) : error;
  }
}

/** The verb, ready to be added to the program. */
export function runCommand(): Command {
  return new Command("run")
    .description("Run a real unit with this machine's devices")
    .option("--config <file>", "the unit's configuration", DEFAULT_CONFIG)
    .addHelpText("after", "\nThe log goes to standard output, one JSON line an event.")
    .action(async (options: { config: string }) => {
      const config = await readConfig(options.config);
      const logger = createLogger(config.unitId);
      const stopped = new Promise<string>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      const unit = await startUnit(config, (event, detail) =>
        logger.info(detail ?? {}, event),
      ).catch((error: unknown) => {
        const ours = error instanceof ConfigError || error instanceof SetupError;
        throw ours ? UsageError.because(error) : error;
      });
      process.on("SIGHUP", () => void unit.reload());
      const signal = await stopped;
      logger.info({ signal }, "stopping");
      await unit.stop();
      // A device that hangs in the kernel can keep a thread, and so this process, alive for ever.
      setTimeout(() => process.kill(process.pid, "SIGKILL"), HANGING_MS).unref();
    });
}
