/** The directory as a file: who is known here, one JSON line each. */
import { z } from "zod";
import type { DirectoryEntry } from "./core/directory.ts";

const testResult = z.enum(["negative", "positive", "pending"]);
/** One person as the district tells it, in a file or in an answer. */
export const directoryEntry: z.ZodType<DirectoryEntry> = z.strictObject({
  pseudonym: z.string().min(16).max(64),
  maskedName: z.string().max(16).exactOptional(),
  birthYear: z.number().int().min(1900).max(2200).exactOptional(),
  roles: z.array(z.string()).default([]),
  colour: z.enum(["green", "yellow", "red"]).exactOptional(),
  nucleicAcidTests: z
    .array(
      z.strictObject({
        result: testResult,
        sampledAtMs: z.number(),
        reportedAtMs: z.number().exactOptional(),
      }),
    )
    .default([]),
  antigenTests: z
    .array(z.strictObject({ result: testResult, sampledAtMs: z.number() }))
    .default([]),
  vaccination: z
    .strictObject({
      doses: z.number().int().min(0),
      dosesNeeded: z.number().int().exactOptional(),
      lastDoseAtMs: z.number(),
      product: z.string().exactOptional(),
    })
    .exactOptional(),
  asOfMs: z.number(),
});

/**
 * Reads a directory file: JSON lines.
 * @throws Error naming the first bad line, which refuses the file, so that nobody is half known
 */
export function readDirectory(text: string): DirectoryEntry[] {
  return text.split("\n").flatMap((row, index) => {
    if (row.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(row);
    } catch {
      throw new Error(`line ${index + 1} is not JSON`);
    }
    const parsed = directoryEntry.safeParse(value);
    if (parsed.success) return [parsed.data];
    const [problem] = parsed.error.issues;
    throw new Error(`line ${index + 1}: ${problem?.path.join(".")}: ${problem?.message}`);
  });
}
