/** The opaque token: a string without structure, as a phone shows it, that only a list can explain. */
import type { DirectoryLookup } from "../../../core/evidence/directory.ts";
import type { Instant } from "../../../core/time.ts";
import { credentialOfEntry, lookUpHolder } from "../../directory/directory-lookup.ts";
import { tokenReferenceOf } from "../../pseudonym.ts";
import { reason, invalid, type Verification } from "../../verification.ts";
import type { TokenResolver } from "../../directory/resolver.ts";

/** Marks a token of this system; the real ones come bare. */
const PREFIX = "DT1:";

/**
 * The token in a text: `DT1:` and 20 to 64 letters and digits, or those alone if both letters and
 * digits are among them (a long number alone is a barcode, a long word alone is a word).
 */
export function tokenIn(text: string): string | undefined {
  const marked = text.startsWith(PREFIX);
  const token = marked ? text.slice(PREFIX.length) : text;
  if (!/^[0-9A-Za-z]{20,64}$/.test(token)) return undefined;
  if (!marked && !(/\d/.test(token) && /[A-Za-z]/.test(token))) return undefined;
  return token;
}

/** Who can explain a token. */
export interface TokenSources {
  directory: DirectoryLookup | undefined;
  resolver: TokenResolver | undefined;
  districtKey: Uint8Array;
}

/** Looks a token up in the unit's directory, and asks the resolver where that does not know it. */
export async function verifyToken(
  token: string,
  at: Instant,
  { directory, resolver, districtKey }: TokenSources,
): Promise<Verification> {
  const kind = "opaque-token";
  const tokenReference = tokenReferenceOf(districtKey, token);
  const local = await lookUpHolder(kind, { tokenReference }, at, directory);
  if (local.holds || resolver === undefined) return local;
  const answer = await resolver.resolve(token, tokenReference);
  // Nobody could be asked: that the directory does not know the token proves nothing then.
  if (answer.outcome === "unreachable") return invalid(kind, reason("directory-unreachable"));
  const basis = { basis: "resolver" as const, basisAsOfMs: answer.asOfMs };
  if (answer.outcome === "unknown") return { ...invalid(kind, reason("holder-unknown")), ...basis };
  return { ...credentialOfEntry(kind, answer.entry, at, "resolver"), ...basis };
}
