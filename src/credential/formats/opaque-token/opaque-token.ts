/** The opaque token: a string without structure, as a phone shows it, that only a list can explain. */
import { credentialOfEntry, lookUpHolder } from "../../directory/directory-lookup.ts";
import type { CredentialFormat } from "../../format.ts";
import { tokenReferenceOf } from "../../pseudonym.ts";
import {
  invalid,
  malformed,
  reason,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";

/** Marks a token of this system; those of other systems come bare. */
const PREFIX = "DT1:";

/** A token that the directory or an online resolver explains. */
export const opaqueToken = {
  name: "opaque-token",
  kinds: ["opaque-token"],
  code: {
    shapes: ["^DT1:[0-9A-Z]{20,64}$", "^(?=.*\\d)(?=.*[A-Z])[0-9A-Z]{20,64}$"],
    recognise: (text) => (tokenIn(text) === undefined ? undefined : "recognised"),
    verify: (text, context) => verifyToken(text.trimEnd(), context),
  },
} as const satisfies CredentialFormat;

/**
 * The token in a text: `DT1:` and 20 to 64 letters and digits, or those alone if both letters and
 * digits are among them (a long number alone is a barcode, a long word alone is a word).
 */
function tokenIn(text: string): string | undefined {
  const isMarked = text.startsWith(PREFIX);
  const token = isMarked ? text.slice(PREFIX.length) : text;
  if (!/^[0-9A-Za-z]{20,64}$/.test(token)) return undefined;
  if (!isMarked && !(/\d/.test(token) && /[A-Za-z]/.test(token))) return undefined;
  return token;
}

/** Looks a token up in the unit's directory, and asks the resolver where that does not know it. */
async function verifyToken(text: string, context: VerificationContext): Promise<Verification> {
  const [kind] = opaqueToken.kinds;
  const token = tokenIn(text);
  if (token === undefined) return malformed(kind, "characters");
  const { resolver } = context;
  const tokenReference = tokenReferenceOf(context.districtKey, token);
  const local = await lookUpHolder(kind, { tokenReference }, context);
  if (local.isValid || resolver === undefined) return local;
  const answer = await resolver.resolve(token, tokenReference);
  // The resolver could not be asked: that the directory does not know the token proves nothing then.
  if (answer.outcome === "unreachable") return invalid(kind, reason("directory-unreachable"));
  const basis = { basis: "resolver" as const, basisAsOfMs: answer.asOfMs };
  if (answer.outcome === "unknown") return { ...invalid(kind, reason("holder-unknown")), ...basis };
  return { ...credentialOfEntry(kind, answer.entry, context.at, "resolver"), ...basis };
}
