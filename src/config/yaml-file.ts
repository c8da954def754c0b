/** Reads a YAML text against a schema: a value, or every fault with its path and line. */
import { LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { describeProblems, FileError, problemsOf, type Problem } from "./problems.ts";

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
  const lines = new LineCounter();
  let document: Document | undefined;
  const fail = (problems: readonly Problem[]): never => {
    throw new ConfigError(describeProblems(file, problems, document, lines), problems);
  };
  const failAsYaml = (why: string): never => fail([{ path: [], message: `is not YAML: ${why}` }]);
  if (text.length > LONGEST_TEXT) return failAsYaml("it is longer than a million characters");
  let value: unknown;
  let parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, logLevel: "error" });
    const [broken] = document.errors;
    if (broken === undefined) value = document.toJS({ maxAliasCount: MOST_ALIASES });
    else return failAsYaml((broken.message.split("\n")[0] ?? "").replace(/:$/, ""));
    parsed = schema.safeParse(value, { reportInput: true });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // Endless nesting exhausts the stack, in the parser or in the schema.
    if (error instanceof RangeError) return failAsYaml("it is nested too deeply");
    return failAsYaml(error instanceof Error ? error.message : String(error));
  }
  if (parsed.success) return parsed.data;
  return fail(problemsOf(parsed.error.issues, advice, { schema, value }));
}
