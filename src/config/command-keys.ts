/** The file that says who may command a unit, and what: several keys, so that a new one can overlap the old. */
import { z } from "zod";
import { COMMAND_NAMES, type CommandName } from "../core/command.ts";
import { text } from "./values.ts";
import { readYaml } from "./yaml-file.ts";

/** What a key may be called. */
export const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const KEY_BYTES = 32;

const commandKey = z.strictObject({
  id: z
    .string()
    .regex(KEY_ID, "expected letters, digits, dots and hyphens")
    .describe("stands in every command it signs, and in every record of one"),
  owner: text(100).describe("who holds the secret part: a desk or a shift rather than a person"),
  key: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, "expected an Ed25519 public key, 43 characters of base64url")
    .refine((value) => Buffer.from(value, "base64url").length === KEY_BYTES, "is not 32 bytes"),
  may: z.array(z.enum(COMMAND_NAMES)).min(1, "expected at least one command"),
});

const commandKeys = z.strictObject({
  keys: z
    .array(commandKey)
    .min(1, "expected at least one key")
    .superRefine((keys, context) => {
      const ids = keys.map(({ id }) => id);
      for (const [index, id] of ids.entries()) {
        if (ids.indexOf(id) === index) continue;
        context.addIssue({
          code: "custom",
          path: [index, "id"],
          message: `"${id}" is there twice`,
        });
      }
    }),
});

/** One key that may command: its id, who holds it, the raw public key in base64url, and for what. */
export interface CommandKey {
  id: string;
  owner: string;
  key: string;
  may: CommandName[];
}

/**
 * The keys of a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseCommandKeys(yamlText: string, name: string): CommandKey[] {
  return readYaml(yamlText, name, commandKeys, "`sentinel command keygen --help`").keys;
}

/** One key as the file wants it, to be pasted below `keys:`. */
export function commandKeyEntry({ id, owner, key, may }: CommandKey): string {
  return [
    `  - id: ${id}`,
    `    owner: ${JSON.stringify(owner)}`,
    `    key: ${key}`,
    `    may: [${may.join(", ")}]`,
  ].join("\n");
}
