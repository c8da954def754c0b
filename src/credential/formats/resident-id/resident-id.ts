/** The resident ID card: its number checked, its holder looked up by pseudonym. */
import type { Holder } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { DAY_MS, HOUR_MS, type Instant } from "../../../core/time.ts";
import { optional } from "../../../base/optional.ts";
import { lookUpHolder } from "../../directory/directory-lookup.ts";
import type { CardContent, CredentialFormat } from "../../format.ts";
import { maskName, pseudonymOf } from "../../pseudonym.ts";
import {
  invalid,
  reason,
  type Verification,
  type VerificationContext,
} from "../../verification.ts";
import { isResidentNumber } from "./card-number.ts";

/** China's resident ID card, and the cards of the same kind for permit holders and foreigners. */
export const residentId = {
  name: "resident-id",
  kinds: ["resident-id"],
  card: {
    documents: ["resident-id", "residence-permit", "foreign-permanent-resident"],
    verify: verifyResidentCard,
  },
} as const satisfies CredentialFormat;

/** Cards are dated in China's time. */
const CHINA_OFFSET_MS = 8 * HOUR_MS;

/** Verifies a card: its number, its last day, and what the directory knows of its holder. */
async function verifyResidentCard(
  card: CardContent,
  context: VerificationContext,
): Promise<Verification> {
  const [kind] = residentId.kinds;
  const { at, districtKey } = context;
  if (!isResidentNumber(card.number)) return invalid(kind, reason("number-invalid"));
  const pseudonym = pseudonymOf(districtKey, card.number);
  const holder: Holder = {
    pseudonym,
    ...optional({
      maskedName: card.name === "" ? undefined : maskName(card.name),
      birthYear: card.birth === "unknown" ? undefined : card.birth.year,
    }),
  };
  const ended = expiryProblem(card, at);
  // An untrusted clock cannot establish that a card has expired: what is known of its holder counts.
  if (ended !== undefined && (at.wallTrusted || ended.code !== "card-expired")) {
    return { ...invalid(kind, ended), holder };
  }
  const known = await lookUpHolder(kind, { pseudonym }, context);
  if (ended === undefined) return { ...known, holder };
  return { ...known, isValid: false, reasons: [ended, ...known.reasons], holder };
}

/** Why the card may not be valid any more; undefined while it is. */
function expiryProblem({ validTo }: CardContent, at: Instant): Reason | undefined {
  if (validTo === undefined) return undefined;
  if (validTo === "unknown") return reason("card-validity-unknown");
  const lastDayMs = Date.UTC(validTo.year, validTo.month - 1, validTo.day) - CHINA_OFFSET_MS;
  const validUntilMs = lastDayMs + DAY_MS;
  return at.wallMs < validUntilMs ? undefined : reason("card-expired", { validUntilMs });
}
