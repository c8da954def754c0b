/** Reads a YAML text against a schema: a value, or every fault with its path and line. */
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { describeProblems, FileError, problemsOf, type Problem } from "./problems.ts";

/** A configuration that cannot be used. */
export class ConfigError extends FileError {
  override readonly name = "ConfigError";
}

/**
 * @param file names the text in errors
 * @param advice the document that lists what can stand in it
 * @throws ConfigError
 */
export function readYaml<T>(text: string, file: string, schema: z.ZodType<T>, advice: string): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const fail = (problems: readonly Problem[]): never => {
    throw new ConfigError(describeProblems(file, problems, document, lines), problems);
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    const [first = ""] = broken.message.split("\n");
    return fail([{ path: [], message: `is not YAML: ${first.replace(/:$/, "")}` }]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail([{ path: [], message: `is not YAML: ${why}` }]);
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  return parsed.success ? parsed.data : fail(problemsOf(parsed.error.issues, advice));
}
