/** The file that says who may give a unit data, and which kinds of it. */
import { DATA_SET_KINDS, type DataSetKind } from "../core/data-set.ts";
import { parseSignerKeys, type SignerKey } from "./signer-keys.ts";

export type DataKey = SignerKey<DataSetKind>;

/**
 * The keys of a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseDataKeys(yamlText: string, name: string): DataKey[] {
  const advice = "`sentinel publish keygen --help`";
  return parseSignerKeys(yamlText, name, { names: DATA_SET_KINDS, what: "kind of data", advice });
}
