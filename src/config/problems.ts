/** What is wrong with a file that somebody wrote: each fault with its path and line. */
import { isNode, type Document, type LineCounter } from "yaml";
import type { z } from "zod";

/** One fault. */
export interface Problem {
  path: readonly PropertyKey[];
  message: string;
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
  return problems.map(({ path, message }) => {
    const where = path.length === 0 ? "" : `${pathText(path)}: `;
    const line = lineOf(path, document, lines);
    return `${file}: ${where}${message}${line === undefined ? "" : ` (line ${line})`}`;
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
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/**
 * The faults of a failed validation; `advice` names the document that says what is allowed. Where several forms are allowed, the faults of the form that
 * came closest are told: nobody is helped by reading why a pass is no text.
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  advice: string,
  base: readonly PropertyKey[] = [],
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...base, ...issue.path];
    if (issue.code !== "invalid_union") return [{ path, message: worded(issue, advice) }];
    const branches = issue.errors.filter((errors) => !errors.some(isWrongShape));
    const [closest] = branches.sort((a, b) => depth(b) - depth(a) || a.length - b.length);
    if (closest !== undefined) return problemsOf(closest, advice, path);
    const expected = issue.errors.flatMap((errors) => errors.map((error) => worded(error, advice)));
    return [{ path, message: [...new Set(expected)].join(", or: ") }];
  });
}

const isWrongShape = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");

const depth = (errors: readonly z.core.$ZodIssue[]): number =>
  Math.max(...errors.map((error) => error.path.length));

function worded(issue: z.core.$ZodIssue, advice: string): string {
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => `"${key}"`).join(", ");
    return `unknown: ${keys}; ${advice} lists what can stand here`;
  }
  if (issue.code === "invalid_type" && issue.input === undefined) return "is missing";
  return lowered(issue.message);
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
