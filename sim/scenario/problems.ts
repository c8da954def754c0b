/** What is wrong with a scenario file, with the path to the fault in it. */
import type { Document, LineCounter } from "yaml";
import { describeProblems, FileError, type Problem } from "../../src/config/problems.ts";

/** A file that is no scenario. The message names the file, the path to each fault, and its line. */
export class ScenarioError extends FileError {
  override readonly name = "ScenarioError";
}

/** The document that lists what can stand in a scenario. */
export const ADVICE = "docs/developers/scenarios.md";

/** Makes the error for a file whose parsed document may be at hand. */
export function scenarioError(
  file: string,
  problems: readonly Problem[],
  document?: Document,
  lines?: LineCounter,
): ScenarioError {
  return new ScenarioError(describeProblems(file, problems, document, lines), problems);
}
