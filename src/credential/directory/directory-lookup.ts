/** Asking the directory on behalf of a credential that says nothing by itself. */
import type {
  DirectoryEntry,
  DirectoryKey,
  DirectoryLookup,
} from "../../core/evidence/directory.ts";
import type { CredentialKind } from "../../core/evidence/evidence.ts";
import type { Instant } from "../../core/time.ts";
import { evidenceOfEntry } from "./directory-entry.ts";
import { cleanName } from "../pseudonym.ts";
import { reason, invalid, type Verification } from "../verification.ts";

/** What the unit's directory says of a key: evidence with its age, or that nobody is known by it. */
export async function lookUpHolder(
  kind: CredentialKind,
  key: DirectoryKey,
  at: Instant,
  directory: DirectoryLookup | undefined,
): Promise<Verification> {
  if (directory === undefined) return invalid(kind, reason("directory-unreachable"));
  try {
    const { entry, directoryAsOfMs } = await directory.lookup(key);
    const basis = { basis: "directory" as const, basisAsOfMs: directoryAsOfMs };
    if (entry === undefined) return { ...invalid(kind, reason("holder-unknown")), ...basis };
    return { ...credentialOfEntry(kind, entry, at, "directory"), ...basis };
  } catch {
    return invalid(kind, reason("directory-unreachable"));
  }
}

/** An entry that was found, as a credential that holds. @param source which list answered */
export function credentialOfEntry(
  kind: CredentialKind,
  entry: DirectoryEntry,
  at: Instant,
  source: "directory" | "resolver",
): Verification {
  const { pseudonym, maskedName, birthYear } = entry;
  return {
    kind,
    holds: true,
    reasons: [],
    holder: {
      pseudonym,
      ...(maskedName === undefined ? {} : { maskedName: cleanName(maskedName) }),
      ...(birthYear === undefined ? {} : { birthYear }),
    },
    issuer: source,
    evidence: evidenceOfEntry(entry, at, source),
  };
}
