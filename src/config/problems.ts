/** What is wrong with a file that somebody wrote: each fault with its path and line. */
import { isMap, isNode, isScalar, type Document, type LineCounter } from "yaml";
import { z } from "zod";
import { printable } from "../base/printable.ts";
import { allowedKeys, nearest, type JsonSchema } from "./keys.ts";

/** One fault. */
export interface Problem {
  path: readonly PropertyKey[];
  message: string;
  /** Where the fault is, when its path does not say it. */
  line?: number;
}

/** A file that cannot be used. The message names the file, the path to each fault, and its line. */
export class FileError extends Error {
  override readonly name: string = "FileError";
  readonly problems: readonly Problem[];

  constructor(lines: readonly string[], problems: readonly Problem[]) {
    super(lines.join("\n"));
    this.problems = problems;
  }
}

/** `visitors[2].shows.pass.colour` */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** One line for each fault of a file whose parsed document may be at hand. */
export function describeProblems(
  file: string,
  problems: readonly Problem[],
  document?: Document,
  lines?: LineCounter,
): string[] {
  return problems.map(({ path, message, line: known }) => {
    const where = path.length === 0 ? "" : `${pathText(path)}: `;
    const line = known ?? lineOf(path, document, lines);
    // A fault is a line, whatever stands in the file's name or in it.
    return printable(`${file}: ${where}${message}${line === undefined ? "" : ` (line ${line})`}`);
  });
}

function lineOf(
  path: readonly PropertyKey[],
  document: Document | undefined,
  lines: LineCounter | undefined,
): number | undefined {
  if (document === undefined || lines === undefined) return undefined;
  // A key that is missing has no place of its own; what should hold it has.
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return undefined;
}

// The key's place rather than the value's, which may begin on the next line.
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1);
  if (last === undefined)
    return isNode(document.contents) ? document.contents.range?.[0] : undefined;
  const holder = document.getIn(path.slice(0, -1), true);
  if (isMap(holder) && typeof last === "string") {
    const pair = holder.items.find(({ key }) => isScalar(key) && key.value === last);
    if (isNode(pair?.key)) return pair.key.range?.[0];
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** What was validated, and by which schema: lets the faults say what was probably meant. */
export interface Validated {
  schema: z.ZodType;
  value: unknown;
}

/**
 * The faults of a failed validation; `advice` names the document that says what is allowed. Where
 * several forms are allowed, the faults of the form that came closest are told: nobody is helped by
 * reading why a pass is no text.
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  advice: string,
  validated?: Validated,
): Problem[] {
  const known = (path: readonly PropertyKey[]): string[] =>
    validated === undefined
      ? []
      : allowedKeys(jsonSchemaOf(validated.schema), path, validated.value);
  return found(issues, [], { advice, known });
}

const jsonSchemas = new WeakMap<z.ZodType, JsonSchema>();

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const made = jsonSchemas.get(schema);
  if (made !== undefined) return made;
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  jsonSchemas.set(schema, json);
  return json;
}

interface Helper {
  advice: string;
  known: (path: readonly PropertyKey[]) => string[];
}

function found(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[],
  helper: Helper,
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...base, ...issue.path];
    if (issue.code === "unrecognized_keys") return unknownKeys(issue.keys, path, helper);
    if (issue.code !== "invalid_union") return [{ path, message: worded(issue) }];
    if ("options" in issue && Array.isArray(issue.options)) {
      // Where a form is meant without its constant, "absent" is an option too: no word for a list.
      const options = issue.options.filter((option) => option !== undefined).map(String);
      return [{ path, message: chosen(options, issue) }];
    }
    const branches = issue.errors.filter((errors) => !errors.some(isWrongShape));
    const [closest] = branches.sort((a, b) => depth(b) - depth(a) || a.length - b.length);
    if (closest !== undefined) return found(closest, path, helper);
    const expected = issue.errors.flatMap((errors) => errors.map((error) => worded(error)));
    return [{ path, message: [...new Set(expected)].join(", or: ") }];
  });
}

const isWrongShape = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");

const depth = (errors: readonly z.core.$ZodIssue[]): number =>
  Math.max(...errors.map((error) => error.path.length));

function unknownKeys(
  keys: readonly string[],
  path: readonly PropertyKey[],
  { advice, known }: Helper,
): Problem[] {
  const names = known(path);
  return keys.map((key) => {
    const meant = nearest(key, names);
    const help =
      meant === undefined ? `${advice} lists what can stand here` : `did you mean "${meant}"?`;
    return { path: [...path, key], message: `is unknown; ${help}` };
  });
}

function worded(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return chosen(issue.values.map(String), issue);
  const own = issue.message.startsWith("expected ");
  if (issue.code === "invalid_type" && issue.input === undefined) {
    return own ? `is missing: ${issue.message}` : "is missing";
  }
  return own ? issue.message : lowered(issue.message);
}

function chosen(values: readonly string[], issue: z.core.$ZodIssue): string {
  const given = issue.code === "invalid_union" ? discriminatorOf(issue) : issue.input;
  const meant = typeof given === "string" ? nearest(given, values) : undefined;
  const list = values.length === 1 ? values.join("") : `one of ${values.join(", ")}`;
  return `expected ${list}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}

/** The constant that was to say which form is meant; the issue is at it, its input is what holds it. */
function discriminatorOf({ input, path }: z.core.$ZodIssueInvalidUnion): unknown {
  const key = path.at(-1);
  if (input === null || typeof input !== "object" || typeof key !== "string") return undefined;
  return Object.entries(input).find(([name]) => name === key)?.[1];
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
