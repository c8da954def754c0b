/** The file that says who may command a unit, and what. */
import { COMMAND_NAMES, type CommandName } from "../core/command.ts";
import { KEY_ID, parseSignerKeys, signerKeyEntry, type SignerKey } from "./signer-keys.ts";

export { KEY_ID };

/** One key that may command. */
export type CommandKey = SignerKey<CommandName>;

/**
 * The keys of a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseCommandKeys(yamlText: string, name: string): CommandKey[] {
  const advice = "`sentinel command keygen --help`";
  return parseSignerKeys(yamlText, name, { names: COMMAND_NAMES, what: "command", advice });
}

/** One key as the file wants it, to be pasted below `keys:`. */
export function commandKeyEntry(key: CommandKey): string {
  return signerKeyEntry(key);
}
