/** The unit's file, as verbs read it. */
import { readFileSync } from "node:fs";
import { ConfigError } from "../../config/yaml-file.ts";
import { parseUnitConfig, type UnitConfig } from "../../config/unit.ts";
import { UsageError } from "./usage.ts";

/**
 * Reads a unit's file.
 * @throws UsageError when it cannot be read, or is wrong
 */
export function readUnitFile(file: string): UnitConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "ENOENT"
      ? new UsageError(`${file} is not there: name the unit's configuration with --config FILE`)
      : UsageError.because(error, file);
  }
  try {
    return parseUnitConfig(text, file);
  } catch (error) {
    throw error instanceof ConfigError ? UsageError.because(error) : error;
  }
}
