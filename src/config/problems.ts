/** What is wrong with a configuration file: every fault with its path, its line and what would be right. */
import type { z } from "zod";
import { allowedKeys, nearest, type JsonSchema } from "./keys.ts";

/** One fault. */
export interface Problem {
  path: readonly PropertyKey[];
  message: string;
  /** Line in the file, from 1, where it can be told. */
  line?: number;
}

/** A file that cannot be used; nothing of it comes into force. One line of the message a fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    super(problems.map((problem) => sentence(file, problem)).join("\n"));
    this.file = file;
    this.problems = problems;
  }
}

/** `rules[2].maxAgeHours` */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

function sentence(file: string, { path, message, line }: Problem): string {
  const where = path.length === 0 ? "" : ` ${pathText(path)}:`;
  return `${file}:${where} ${message}${line === undefined ? "" : ` (line ${line})`}`;
}

/** The faults a schema found in `value`, in plain words. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  schema: JsonSchema,
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === "unrecognized_keys") {
      const known = allowedKeys(schema, issue.path, value);
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        message: unknownKey(key, known),
      }));
    }
    const given = valueAt(value, issue.path);
    return [
      { path: issue.path, message: given === undefined ? missing(issue) : worded(issue, given) },
    ];
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined) return `is not known; did you mean "${meant}"?`;
  return known.length === 0
    ? "is not known"
    : `is not known; what can stand here: ${known.join(", ")}`;
}

function missing(issue: z.core.$ZodIssue): string {
  const expected = worded(issue, undefined);
  return expected.startsWith("expected ") ? `is missing: ${expected}` : "is missing";
}

function worded(issue: z.core.$ZodIssue, given: unknown): string {
  switch (issue.code) {
    case "invalid_value":
      return oneOf(issue.values.map(String), given);
    case "invalid_union":
      return "options" in issue && Array.isArray(issue.options)
        ? oneOf(issue.options.map(String), given)
        : unionWords(issue);
    case "invalid_type":
      // Where the schema has words of its own, they say more than the type.
      return issue.message.startsWith("expected ")
        ? issue.message
        : `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    default:
      return issue.message.startsWith("Too ") && "minimum" in issue
        ? `expected at least ${String(issue.minimum)}`
        : issue.message;
  }
}

function unionWords(issue: Extract<z.core.$ZodIssue, { code: "invalid_union" }>): string {
  const words = issue.errors.flatMap((errors) => errors.map((error) => worded(error, null)));
  return words.length === 0 ? issue.message : [...new Set(words)].join(", or ");
}

function oneOf(values: readonly string[], given: unknown): string {
  const meant = typeof given === "string" ? nearest(given, values) : undefined;
  const list = values.length === 1 ? values.join("") : `one of ${values.join(", ")}`;
  return `expected ${list}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "fields",
  record: "fields",
};

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (current === null || typeof current !== "object") return undefined;
    current = (current as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return current;
}
