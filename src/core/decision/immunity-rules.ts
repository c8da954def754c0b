/** Rules about vaccination and recovery, counted in calendar days at the venue. */
import { dayOf, localDay, startOfDayMs } from "../policy/calendar.ts";
import { UNKNOWN_DISEASE } from "../evidence/disease.ts";
import type { EvidenceOf } from "../evidence/evidence.ts";
import {
  current,
  found,
  missing,
  unclear,
  type Finding,
  type RuleContext,
  type RuleOf,
} from "./finding.ts";
import type { Reason } from "../reason.ts";
import { DAY_MS } from "../time.ts";

export function findVaccination(rule: RuleOf<"vaccination">, context: RuleContext): Finding {
  const ruleDisease = rule.disease ?? context.disease;
  const all = current(context, "vaccination", (each) => each.lastDoseAtMs);
  const given = all.filter(({ disease }) => disease === ruleDisease);
  const [latest] = given;
  const unknown = all.filter(({ disease }) => disease === UNKNOWN_DISEASE);
  if (latest === undefined) {
    const [first] = unknown;
    return first === undefined
      ? missing("vaccination-missing")
      : unclear(first, "vaccination-unclear");
  }
  const finding = judgeDoses(rule, [latest, ...given], context);
  if (finding.outcome === "met") return finding;
  const lacking = unknown.find((each) => isLacking(each, rule, [latest, ...given], context));
  return lacking === undefined ? finding : unclear(lacking, "vaccination-unclear");
}

type Vaccination = EvidenceOf<"vaccination">;

/** Whether the rule would be met, if the doses of unknown disease were of the rule's disease. */
function isLacking(
  unknown: Vaccination,
  rule: RuleOf<"vaccination">,
  given: readonly [Vaccination, ...Vaccination[]],
  context: RuleContext,
): boolean {
  const [latest] = given;
  const doses = unknown.doses + Math.max(...given.map((each) => each.doses));
  const needed = unknown.dosesNeeded ?? latest.dosesNeeded;
  const supposed = {
    ...unknown,
    doses,
    ...(needed === undefined ? {} : { dosesNeeded: needed }),
  };
  const newest = unknown.lastDoseAtMs > latest.lastDoseAtMs ? supposed : latest;
  return judgeDoses(rule, [newest, supposed, ...given], context).outcome === "met";
}

/** @param given the newest first */
function judgeDoses(
  rule: RuleOf<"vaccination">,
  given: readonly [Vaccination, ...Vaccination[]],
  context: RuleContext,
): Finding {
  const [latest] = given;
  const since = daysSince(latest.lastDoseAtMs, context);
  // Several statements may each know a part: none of them revokes what another one states.
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

/** A credential that does not state the complete series cannot meet a rule that asks for it. */
function isComplete({ doses, dosesNeeded }: Vaccination): boolean {
  return dosesNeeded !== undefined && dosesNeeded >= 1 && doses >= dosesNeeded;
}

/** @param until since the last day that the dose can have been: an unclear date is no advantage */
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
  const ruleDisease = rule.disease ?? context.disease;
  const findings = current(context, "recovery", (each) => each.firstPositiveAtMs).map((piece) => {
    const since = daysSince(piece.firstPositiveAtMs, context);
    return { piece, ...found(piece, since.ageMs, judgeRecovery(rule, piece, since, context)) };
  });
  const known = findings.filter(({ piece }) => piece.disease === ruleDisease);
  const unknown = findings.filter(({ piece }) => piece.disease === UNKNOWN_DISEASE);
  const isMet = ({ outcome }: Finding): boolean => outcome === "met";
  const { piece, ...finding } = known.find(isMet) ?? known[0] ?? NONE;
  if (finding.outcome === "met") return finding;
  const mayBe = unknown.find(isMet) ?? (piece === undefined ? unknown[0] : undefined);
  return mayBe === undefined ? finding : unclear(mayBe.piece, "recovery-unclear");
}

const NONE = { piece: undefined, ...missing("recovery-missing") };

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
