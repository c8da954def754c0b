/** The directory as a file: who is known here, one JSON line each. */
import { z } from "zod";
import { diseaseNamed } from "../../core/evidence/disease.ts";
import type { DirectoryEntry } from "../../core/evidence/directory.ts";
import type { DirectoryRow } from "../../core/evidence/directory.ts";

const testResult = z.enum(["negative", "positive", "pending"]);
/** COVID-19 where a statement names none; others by their code. */
const disease = z
  .string()
  .refine((name) => diseaseNamed(name) !== undefined, "expected covid-19 or e.g. snomed:6142004")
  .overwrite((name) => diseaseNamed(name) ?? name)
  .exactOptional();
const entry = z.strictObject({
  pseudonym: z.string().min(16).max(64),
  maskedName: z.string().max(16).exactOptional(),
  birthYear: z.number().int().min(1900).max(2200).exactOptional(),
  roles: z.array(z.string()).default([]),
  colour: z.enum(["green", "yellow", "red"]).exactOptional(),
  nucleicAcidTests: z
    .array(
      z.strictObject({
        disease,
        result: testResult,
        sampledAtMs: z.number(),
        reportedAtMs: z.number().exactOptional(),
      }),
    )
    .default([]),
  antigenTests: z
    .array(z.strictObject({ disease, result: testResult, sampledAtMs: z.number() }))
    .default([]),
  vaccination: z
    .strictObject({
      disease,
      doses: z.number().int().min(0),
      dosesNeeded: z.number().int().exactOptional(),
      lastDoseAtMs: z.number(),
      product: z.string().exactOptional(),
    })
    .exactOptional(),
  asOfMs: z.number(),
});

/** One person as the district tells it in an answer. */
export const directoryEntry: z.ZodType<DirectoryEntry> = entry;

/** One person in a file: beside the entry, the references of opaque tokens that lead to it. */
const directoryLine = entry.extend({
  tokenReferences: z.array(z.string().min(16).max(64)).max(16).exactOptional(),
});

/**
 * One line of a directory file.
 * @throws Error that says what is wrong with it, without saying what stands in it
 */
export function readDirectoryLine(line: string): DirectoryRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error("not JSON");
  }
  const parsed = directoryLine.safeParse(value);
  if (!parsed.success) {
    const [problem] = parsed.error.issues;
    throw new Error(`${problem?.path.join(".")}: ${problem?.message}`);
  }
  const { tokenReferences, ...known } = parsed.data;
  return tokenReferences === undefined ? { entry: known } : { entry: known, tokenReferences };
}

/**
 * Reads a directory file: JSON lines.
 * @throws Error naming the first bad line, which refuses the file, so that nobody is half known
 */
export function readDirectory(text: string): DirectoryRow[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [readDirectoryLine(line)];
    } catch (error) {
      throw new Error(`line ${index + 1}: ${error instanceof Error ? error.message : "invalid"}`, {
        cause: error,
      });
    }
  });
}
