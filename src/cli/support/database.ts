/** Which database a verb works on: named itself, or by the unit's configuration. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { readUnitFile } from "./unit-file.ts";
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
  const path = namedDatabase(options);
  if (!existsSync(path)) throw new UsageError(`there is no database at ${path}`);
  return path;
}

/**
 * The database's path, whether it is there or not.
 * @throws UsageError when none is named
 */
export function namedDatabase(options: DatabaseOptions): string {
  const path = options.database ?? databaseOfConfig(options.config);
  if (path === undefined)
    throw new UsageError("say which database: --database FILE or --config FILE");
  return path;
}

/** What of a unit lies elsewhere than beside its database, where the configuration names a place. */
export interface OutsideFiles {
  /** Of the district's data sets. */
  folder: string | undefined;
  /** The secrets that the unit made itself. */
  files: readonly string[];
}

/** What of the unit lies elsewhere; nothing is known of it without a configuration. */
export function outsideFilesOf({ config }: DatabaseOptions): OutsideFiles {
  if (config === undefined) return { folder: undefined, files: [] };
  const { data, http, keys } = readUnitFile(config);
  const secrets = [http.screenPage, http.operatorTokenFile].filter((file) => file !== undefined);
  return {
    folder: data?.folder,
    files: [keys.unit, ...secrets, ...secrets.map((file) => `${file}.new`)],
  };
}

function databaseOfConfig(config: string | undefined): string | undefined {
  if (config === undefined) return undefined;
  return readUnitFile(config).store.path;
}
