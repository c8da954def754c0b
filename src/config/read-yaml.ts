/** From YAML text to a value that a schema accepted, or to a ConfigError. */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";
import type { JsonSchema } from "./keys.ts";
import { ConfigError, problemsOf, type Problem } from "./problems.ts";

const LONGEST_TEXT = 1_000_000;
// Aliases are fine for a few repeated lines; thousands of them are an attack.
const MOST_ALIASES = 50;

/** A file kind: its schema, and the same as JSON Schema for suggestions and documents. */
export interface FileKind<T> {
  schema: z.ZodType<T>;
  json: JsonSchema;
}

/** Prepares a schema. What is optional in the file stays optional in its JSON Schema. */
export function fileKind<T>(schema: z.ZodType<T>): FileKind<T> {
  return { schema, json: z.toJSONSchema(schema, { io: "input" }) as JsonSchema };
}

/** What was read, and a way to complain about it with line numbers. */
export interface Read<T> {
  value: T;
  /** Makes the error for faults that only show when fields are put together. */
  fault(problems: readonly Problem[]): ConfigError;
}

/** @throws ConfigError */
export function readYaml<T>(text: string, fileName: string, kind: FileKind<T>): Read<T> {
  if (text.length > LONGEST_TEXT) {
    throw new ConfigError(fileName, [{ path: [], message: "is longer than a million characters" }]);
  }
  const { document, raw, lines } = parse(text, fileName);
  const fault = (problems: readonly Problem[]): ConfigError =>
    new ConfigError(
      fileName,
      problems.map((problem) => located(problem, document, lines)),
    );
  if (raw === null || raw === undefined) {
    throw new ConfigError(fileName, [{ path: [], message: "is empty" }]);
  }
  return { value: checked(raw, kind, fault), fault };
}

/** Checks a value that did not come from YAML, e.g. a verified JSON document. @throws ConfigError */
export function readValue<T>(raw: unknown, fileName: string, kind: FileKind<T>): T {
  return checked(raw, kind, (problems) => new ConfigError(fileName, problems));
}

function checked<T>(
  raw: unknown,
  { schema, json }: FileKind<T>,
  fault: (problems: readonly Problem[]) => ConfigError,
): T {
  let result;
  try {
    result = schema.safeParse(raw);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fault([{ path: [], message: "is nested too deeply" }]);
  }
  if (result.success) return result.data;
  throw fault(problemsOf(result.error.issues, raw, json));
}

function parse(
  text: string,
  fileName: string,
): { document: Document; raw: unknown; lines: LineCounter } {
  const lines = new LineCounter();
  let document: Document;
  let raw: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    if (document.errors.length === 0) raw = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // The library throws on alias bombs, unresolved aliases and endless nesting.
    const detail = error instanceof Error ? error.message : String(error);
    throw new ConfigError(fileName, [{ path: [], message: `is no usable YAML: ${detail}` }]);
  }
  if (document.errors.length > 0) {
    throw new ConfigError(
      fileName,
      document.errors.map(({ message, pos }) => ({
        path: [],
        message: `is no YAML: ${message}`,
        line: lines.linePos(pos[0]).line,
      })),
    );
  }
  return { document, raw, lines };
}

function located(problem: Problem, document: Document, lines: LineCounter): Problem {
  if (problem.line !== undefined) return problem;
  const { path } = problem;
  // A key that is missing has no place of its own; what should hold it has.
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return { ...problem, line: lines.linePos(offset).line };
  }
  return problem;
}

// The key's place rather than the value's: a value may begin on the next line.
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const holder = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(holder) && typeof last === "string") {
    const pair = holder.items.find(({ key }) => isScalar(key) && key.value === last);
    if (isNode(pair?.key)) return pair.key.range?.[0];
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
