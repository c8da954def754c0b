/** What the directory knows of a person, as evidence. */
import { COVID_19 } from "../../core/evidence/disease.ts";
import type { DirectoryEntry } from "../../core/evidence/directory.ts";
import type { Evidence } from "../../core/evidence/evidence.ts";
import type { Instant } from "../../core/time.ts";

/**
 * Evidence from a directory entry, each piece dated by the entry: looked up, not verified.
 * @param name which list answered: `directory` or `resolver`
 */
export function evidenceOfEntry(
  entry: DirectoryEntry,
  at: Instant,
  name = "directory",
): Evidence[] {
  const common = {
    trust: "looked-up" as const,
    source: { name, asOfMs: entry.asOfMs },
    observedAt: at,
  };
  // A statement of the directory that names no disease is one of COVID-19 (core/directory.ts).
  const disease = COVID_19;
  const evidence: Evidence[] = [];
  if (entry.colour !== undefined) {
    evidence.push({ id: "colour-1", kind: "code-colour", colour: entry.colour, ...common });
  }
  for (const [index, test] of entry.nucleicAcidTests.entries()) {
    evidence.push({
      id: `nat-${index + 1}`,
      kind: "nucleic-acid-test",
      disease,
      ...test,
      ...common,
    });
  }
  for (const [index, test] of entry.antigenTests.entries()) {
    evidence.push({
      id: `antigen-${index + 1}`,
      kind: "antigen-test",
      disease,
      ...test,
      ...common,
    });
  }
  if (entry.vaccination !== undefined) {
    evidence.push({
      id: "vaccination-1",
      kind: "vaccination",
      disease,
      ...entry.vaccination,
      ...common,
    });
  }
  if (entry.roles.length > 0) {
    evidence.push({ id: "membership-1", kind: "membership", roles: entry.roles, ...common });
  }
  return evidence;
}
