/** What is wrong with a request's body, in one line. */
import type { z } from "zod";

/** The first thing wrong, with the path to it. */
export function describeProblem(error: z.ZodError): string {
  const [problem] = error.issues;
  const path = problem?.path.join(".") ?? "";
  return `${path === "" ? "body" : path}: ${problem?.message ?? "not as expected"}`;
}
