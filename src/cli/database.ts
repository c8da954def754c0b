/** Which database a verb works on: named itself, or by the unit's configuration. */
import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { parseUnitConfig } from "../config/unit.ts";
import { UsageError } from "./usage.ts";

export interface DatabaseOptions {
  database?: string;
  config?: string;
}

/** Adds `--database` and `--config` to a verb. */
export function withDatabase(command: Command): Command {
  return command
    .option("--database <file>", "the database itself")
    .option("--config <file>", "the unit's configuration, which names its database");
}

/**
 * The database's path.
 * @throws UsageError when none is named, or the named one is not there
 */
export function databaseOf(options: DatabaseOptions): string {
  const path = options.database ?? databaseOfConfig(options.config);
  if (path === undefined)
    throw new UsageError("say which database: --database FILE or --config FILE");
  if (!existsSync(path)) throw new UsageError(`there is no database at ${path}`);
  return path;
}

/** Where the district's data sets are kept, where the configuration names a place. */
export function setsFolderOf({ config }: DatabaseOptions): string | undefined {
  return config === undefined
    ? undefined
    : parseUnitConfig(readFileSync(config, "utf8"), config).data?.folder;
}

function databaseOfConfig(config: string | undefined): string | undefined {
  if (config === undefined) return undefined;
  return parseUnitConfig(readFileSync(config, "utf8"), config).store.path;
}
