/** `sentinel run`: a real unit, until it is told to stop. */
import process from "node:process";
import { Command } from "commander";
import { ConfigError } from "../config/yaml-file.ts";
import { SetupError } from "../unit/evidence-base.ts";
import { startUnit } from "../main.ts";
import { createLogger } from "./support/log.ts";
import { readUnitFile } from "./support/unit-file.ts";
import { UsageError } from "./support/usage.ts";

/** How long the process may outlive its unit. */
const HANGING_MS = 1_000;

export const DEFAULT_CONFIG = "/etc/sentinel/unit.yaml";

/** The verb, ready to be added to the program. */
export function runCommand(): Command {
  return new Command("run")
    .description("Run a real unit with this machine's devices")
    .option("--config <file>", "the unit's configuration", DEFAULT_CONFIG)
    .addHelpText("after", "\nThe log goes to standard output, one JSON line an event.")
    .action(async (options: { config: string }) => {
      const config = readUnitFile(options.config);
      const logger = createLogger(config.unitId);
      const stopped = new Promise<string>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      // From the first moment on: without a handler the signal ends a unit that is still starting.
      let hungUp = false;
      let reload = (): void => {
        hungUp = true;
      };
      process.on("SIGHUP", () => reload());
      const unit = await startUnit(config, (event, detail) =>
        logger.info(detail ?? {}, event),
      ).catch((error: unknown) => {
        const ours = error instanceof ConfigError || error instanceof SetupError;
        throw ours ? UsageError.because(error) : error;
      });
      reload = () => void unit.reload();
      if (hungUp) reload();
      const signal = await stopped;
      logger.info({ signal }, "stopping");
      await unit.stop();
      // A device that hangs in the kernel can keep a thread, and so this process, alive for ever.
      setTimeout(() => process.kill(process.pid, "SIGKILL"), HANGING_MS).unref();
    });
}
