/** Rules about vaccination and recovery, counted in calendar days at the venue. */
import { dayOf, localDay, startOfDayMs } from "./calendar.ts";
import { UNKNOWN_DISEASE } from "./disease.ts";
import type { EvidenceOf } from "./evidence.ts";
import {
  current,
  found,
  missing,
  unclear,
  type Finding,
  type RuleContext,
  type RuleOf,
} from "./finding.ts";
import type { Reason } from "./reason.ts";
import { DAY_MS } from "./time.ts";

export function findVaccination(rule: RuleOf<"vaccination">, context: RuleContext): Finding {
  const asked = rule.disease ?? context.disease;
  const all = current(context, "vaccination", (each) => each.lastDoseAtMs);
  const given = all.filter(({ disease }) => disease === asked);
  const [latest] = given;
  if (latest === undefined) {
    const [unknown] = all.filter(({ disease }) => disease === UNKNOWN_DISEASE);
    if (unknown === undefined) return missing("vaccination-missing");
    return unclear(unknown, "vaccination-unclear");
  }
  const since = daysSince(latest.lastDoseAtMs, context);
  // Several statements may each know a part: none of them takes back what another one says.
  const doses = Math.max(...given.map((each) => each.doses));
  const enough =
    rule.minDoses === "complete" ? given.some(isComplete) : doses >= Math.max(1, rule.minDoses);
  if (!enough) {
    const needed = rule.minDoses === "complete" ? latest.dosesNeeded : rule.minDoses;
    const params = { doses, ...(needed === undefined ? {} : { needed }) };
    return found(latest, since.ageMs, { code: "vaccination-incomplete", params });
  }
  const until = daysSince(latest.lastDoseUntilMs ?? latest.lastDoseAtMs, context);
  return found(latest, since.ageMs, judgeDoseAge(rule, since, until));
}

/** A credential that does not say what is complete cannot meet a rule that asks for it. */
function isComplete({ doses, dosesNeeded }: EvidenceOf<"vaccination">): boolean {
  return dosesNeeded !== undefined && dosesNeeded >= 1 && doses >= dosesNeeded;
}

/** @param until since the last day that the dose can have been: nobody gains from an unclear date */
function judgeDoseAge(
  rule: RuleOf<"vaccination">,
  { days, ageMs }: Since,
  until: Since,
): Reason | undefined {
  const minDays = rule.minDaysSinceLastDose ?? 0;
  if (until.days < minDays) {
    const params = { ageMs: until.ageMs, days: until.days, minDays };
    return { code: "vaccination-too-recent", params };
  }
  const maxDays = rule.maxDaysSinceLastDose;
  if (maxDays !== undefined && days > maxDays) {
    return { code: "vaccination-too-old", params: { ageMs, days, maxDays } };
  }
  return undefined;
}

export function findRecovery(rule: RuleOf<"recovery">, context: RuleContext): Finding {
  const asked = rule.disease ?? context.disease;
  const all = current(context, "recovery", (each) => each.firstPositiveAtMs);
  const [unknown] = all.filter(({ disease }) => disease === UNKNOWN_DISEASE);
  const findings = all
    .filter(({ disease }) => disease === asked)
    .map((piece) => {
      const since = daysSince(piece.firstPositiveAtMs, context);
      return found(piece, since.ageMs, judgeRecovery(rule, piece, since, context));
    });
  const finding = findings.find(({ outcome }) => outcome === "met") ?? findings[0];
  if (finding !== undefined) return finding;
  return unknown === undefined ? missing("recovery-missing") : unclear(unknown, "recovery-unclear");
}

function judgeRecovery(
  { minDays, maxDays }: RuleOf<"recovery">,
  { fromMs, untilMs }: EvidenceOf<"recovery">,
  { days }: Since,
  { at, zone }: RuleContext,
): Reason | undefined {
  if (days < minDays) return { code: "recovery-too-recent", params: { days, minDays } };
  if (days > maxDays) return { code: "recovery-too-old", params: { days, maxDays } };
  const today = localDay(at.wallMs, zone);
  // The term is the issuer's own; both its days count. A term that ends before it begins has no day.
  if (fromMs !== undefined && today < dayOf(fromMs, zone)) {
    return { code: "recovery-not-yet", params: { fromMs } };
  }
  if (untilMs !== undefined && today > dayOf(untilMs, zone)) {
    return { code: "recovery-over", params: { untilMs } };
  }
  return undefined;
}

interface Since {
  /** Calendar days at the venue: 0 on the same day. */
  days: number;
  /** From the moment, or from the beginning of the day where only that is known. */
  ageMs: number;
}

function daysSince(statedMs: number, { at, zone }: RuleContext): Since {
  const day = dayOf(statedMs, zone);
  const sinceMs = statedMs % DAY_MS === 0 ? startOfDayMs(day, zone) : statedMs;
  return { days: localDay(at.wallMs, zone) - day, ageMs: at.wallMs - sinceMs };
}
