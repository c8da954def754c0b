/** A resident ID card that was read: its number checked, its holder looked up by pseudonym. */
import type { DirectoryLookup } from "../../../core/evidence/directory.ts";
import type { Holder } from "../../../core/evidence/evidence.ts";
import type { Reason } from "../../../core/reason.ts";
import { DAY_MS, HOUR_MS, type Instant } from "../../../core/time.ts";
import { isResidentNumber } from "./card-number.ts";
import { lookUpHolder } from "../../directory/directory-lookup.ts";
import { maskName, pseudonymOf } from "../../pseudonym.ts";
import { reason, invalid, type Verification } from "../../verification.ts";

interface Day {
  year: number;
  month: number;
  day: number;
}

/** What is needed of a card; a reader's content has more. */
export interface ResidentCard {
  name: string;
  number: string;
  birth: Day | "unknown";
  /** Last day it is valid; absent: for ever. */
  validTo?: Day | "unknown";
}

/** Cards are dated in China's time. */
const CHINA_OFFSET_MS = 8 * HOUR_MS;

/** Verifies a card: its number, its last day, and what the directory knows of its holder. */
export async function verifyResidentCard(
  card: ResidentCard,
  at: Instant,
  districtKey: Uint8Array,
  directory: DirectoryLookup | undefined,
): Promise<Verification> {
  const kind = "resident-id";
  if (!isResidentNumber(card.number)) return invalid(kind, reason("number-invalid"));
  const pseudonym = pseudonymOf(districtKey, card.number);
  const holder: Holder = {
    pseudonym,
    ...(card.name === "" ? {} : { maskedName: maskName(card.name) }),
    ...(card.birth === "unknown" ? {} : { birthYear: card.birth.year }),
  };
  const ended = endOf(card, at);
  // A clock that cannot be believed cannot tell that a card is over: what is known of its holder counts.
  if (ended !== undefined && (at.wallTrusted || ended.code !== "card-expired")) {
    return { ...invalid(kind, ended), holder };
  }
  const known = await lookUpHolder(kind, { pseudonym }, at, directory);
  if (ended === undefined) return { ...known, holder };
  return { ...known, holds: false, reasons: [ended, ...known.reasons], holder };
}

/** Why the card may not be valid any more; nothing while it is. */
function endOf({ validTo }: ResidentCard, at: Instant): Reason | undefined {
  if (validTo === undefined) return undefined;
  if (validTo === "unknown") return reason("card-validity-unknown");
  const lastDayMs = Date.UTC(validTo.year, validTo.month - 1, validTo.day) - CHINA_OFFSET_MS;
  const validUntilMs = lastDayMs + DAY_MS;
  return at.wallMs < validUntilMs ? undefined : reason("card-expired", { validUntilMs });
}
