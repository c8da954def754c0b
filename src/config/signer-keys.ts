/** A file of public keys: who may sign, and what; several, so that a new key can overlap the old. */
import { z } from "zod";
import { text } from "./values.ts";
import { readYaml } from "./yaml-file.ts";

/** What a key may be called. */
export const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const KEY_BYTES = 32;

/** One key that may sign: its id, who holds it, the raw public key in base64url, and for what. */
export interface SignerKey<Name extends string = string> {
  id: string;
  owner: string;
  key: string;
  may: Name[];
}

const signerKeys = <Name extends string>(names: readonly Name[], what: string) =>
  z.strictObject({
    keys: z
      .array(
        z.strictObject({
          id: z
            .string()
            .regex(KEY_ID, "expected letters, digits, dots and hyphens")
            .describe("stands in everything it signs"),
          owner: text(100).describe("who holds the secret part: a desk rather than a person"),
          key: z
            .string()
            .regex(
              /^[A-Za-z0-9_-]{43}$/,
              "expected an Ed25519 public key, 43 characters of base64url",
            )
            .refine(
              (value) => Buffer.from(value, "base64url").length === KEY_BYTES,
              "is not 32 bytes",
            ),
          may: z.array(z.enum(names)).min(1, `expected at least one ${what}`),
        }),
      )
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

/**
 * The keys of a file's text.
 *
 * @param names what a key can be allowed; `what` is the word for one of them
 * @param advice where the form is told
 * @throws ConfigError naming the path and line of each fault
 */
export function parseSignerKeys<Name extends string>(
  yamlText: string,
  file: string,
  { names, what, advice }: { names: readonly Name[]; what: string; advice: string },
): SignerKey<Name>[] {
  return readYaml(yamlText, file, signerKeys(names, what), advice).keys;
}

/** One key as the file wants it, to be pasted below `keys:`. */
export function signerKeyEntry({ id, owner, key, may }: SignerKey): string {
  return [
    `  - id: ${id}`,
    `    owner: ${JSON.stringify(owner)}`,
    `    key: ${key}`,
    `    may: [${may.join(", ")}]`,
  ].join("\n");
}
