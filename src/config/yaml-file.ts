/** Reads a YAML text against a schema: a value, or every fault with its path and line. */
import type { z } from "zod";
import { describeProblems, FileError, problemsOf, type Problem } from "./problems.ts";
import { notYaml, parseYamlText, type YamlText } from "./yaml-text.ts";

/** A configuration that cannot be used. */
export class ConfigError extends FileError {
  override readonly name = "ConfigError";
}

const LONGEST_TEXT = 1_000_000;
// Aliases are fine for a few repeated lines; thousands of them are an attack.
const MOST_ALIASES = 100;

/**
 * @param file names the text in errors
 * @param advice the document that lists what can stand in it
 * @throws ConfigError
 */
export function readYaml<T>(text: string, file: string, schema: z.ZodType<T>, advice: string): T {
  let read: YamlText | undefined;
  const fail = (problems: readonly Problem[]): never => {
    const told = describeProblems(file, problems, read?.document, read?.lines);
    throw new ConfigError(told, problems);
  };
  if (text.length > LONGEST_TEXT) {
    return fail([notYaml("it is longer than a million characters")]);
  }
  let value: unknown;
  let parsed;
  try {
    read = parseYamlText(text);
    if (read.problems.length > 0) return fail(read.problems);
    value = read.document.toJS({ maxAliasCount: MOST_ALIASES });
    parsed = schema.safeParse(value, { reportInput: true });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // Endless nesting exhausts the stack, in the parser or in the schema.
    const isTooDeep = error instanceof RangeError;
    return fail([notYaml(isTooDeep ? "it is nested too deeply" : error)]);
  }
  if (parsed.success) return parsed.data;
  return fail(problemsOf(parsed.error.issues, advice, { schema, value }));
}
