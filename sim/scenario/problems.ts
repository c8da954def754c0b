/** What is wrong with a scenario file, with the path to the fault in it. */
import type { Document, LineCounter } from "yaml";
import type { z } from "zod";
import {
  describeProblems,
  FileError,
  problemsOf as problemsIn,
  type Problem,
} from "../../src/config/problems.ts";

export type { Problem };

/** A file that is no scenario. */
export class ScenarioError extends FileError {
  override readonly name = "ScenarioError";
}

/** Makes the error for a file whose parsed document is at hand. */
export function scenarioError(
  file: string,
  problems: readonly Problem[],
  document?: Document,
  lines?: LineCounter,
): ScenarioError {
  return new ScenarioError(describeProblems(file, problems, document, lines), problems);
}

/** The faults of a failed validation. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[] = [],
): Problem[] {
  return problemsIn(issues, "docs/scenarios.md", base);
}
