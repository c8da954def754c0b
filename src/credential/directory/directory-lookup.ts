/** Looks a holder up in the directory for a credential that states nothing by itself. */
import type { DirectoryEntry, DirectoryKey } from "../../core/evidence/directory.ts";
import type { CredentialKind } from "../../core/evidence/evidence.ts";
import type { Instant } from "../../core/time.ts";
import { optional } from "../../base/optional.ts";
import { cleanName } from "../pseudonym.ts";
import { invalid, reason, type Verification, type VerificationContext } from "../verification.ts";
import { evidenceOfEntry } from "./directory-entry.ts";

/** What the unit's directory knows by a key: evidence with its age, or `holder-unknown`. */
export async function lookUpHolder(
  kind: CredentialKind,
  key: DirectoryKey,
  { at, directory }: Pick<VerificationContext, "at" | "directory">,
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

/** An entry that was found, as a valid credential. @param source which list answered */
export function credentialOfEntry(
  kind: CredentialKind,
  entry: DirectoryEntry,
  at: Instant,
  source: "directory" | "resolver",
): Verification {
  const { pseudonym, maskedName, birthYear } = entry;
  return {
    kind,
    isValid: true,
    reasons: [],
    holder: {
      pseudonym,
      ...optional({ maskedName: maskedName && cleanName(maskedName), birthYear }),
    },
    issuer: source,
    evidence: evidenceOfEntry(entry, at, source),
  };
}
