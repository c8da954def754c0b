/** The file that says whose word about stored records counts at a unit. */
import { parseSignerKeys, type SignerKey } from "./signer-keys.ts";

/** What a collector's key is for. */
const TASKS = ["acknowledge"] as const;

export type CollectorKey = SignerKey<(typeof TASKS)[number]>;

/**
 * The keys of a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseCollectorKeys(yamlText: string, name: string): CollectorKey[] {
  const advice = "`sentinel collect --help`";
  return parseSignerKeys(yamlText, name, { names: TASKS, what: "task", advice });
}
