/** Who of a seeded day must not be let in by the rules: said here once more, apart from the rules. */
import type { z } from "zod";
import type { AdmissionTruth, Unfit } from "../checks/admission.ts";
import type { scenario, visitor } from "../scenario/schema.ts";
import { whyNotVaccinated } from "./vaccination-day.ts";

type Day = z.input<typeof scenario>;
type Visitor = z.input<typeof visitor>;

/** What the pharmacy lets in: green, tested within 48 h, below 37.3 °C, shown by whom it is about. */
const FEVER_C = 38;
const REUSE_WINDOW_MS = 5 * 60_000;

export function truthOf(day: Day): AdmissionTruth {
  const unfit = new Map<string, Unfit>();
  const sharing = new Set<string>();
  for (const each of day.visitors ?? []) {
    const id = each.id ?? "";
    const reason = typeof day.policy === "object" ? whyUnfitFor(each) : whyUnfit(each);
    if (reason !== undefined) unfit.set(id, reason);
    if (firstShown(each)?.pass === "shared") sharing.add(id);
  }
  return { unfit, sharing, reuseWindowMs: REUSE_WINDOW_MS };
}

/** Visitors who show a pass or a card, and nothing else. */
export function genuineOf(day: Day): ReadonlySet<string> {
  const isGenuine = (who: Visitor): boolean =>
    showings(who).length > 0 &&
    showings(who).every(({ code, codeBase64 }) => code === undefined && codeBase64 === undefined);
  return new Set((day.visitors ?? []).filter(isGenuine).map(({ id }) => id ?? ""));
}

function showings({ shows }: Visitor) {
  if (shows === undefined) return [];
  return Array.isArray(shows) ? shows : [shows];
}

const firstShown = (who: Visitor) => showings(who)[0];

/** The same at a door that asks for two doses. */
function whyUnfitFor(who: Visitor): Unfit | undefined {
  if ((who.temperatureC ?? 36) >= FEVER_C) return { why: "a fever" };
  const why = whyNotVaccinated(who);
  return why === undefined ? undefined : { why };
}

function whyUnfit(who: Visitor): Unfit | undefined {
  if ((who.temperatureC ?? 36) >= FEVER_C) return { why: "a fever" };
  const [first, second] = showings(who);
  if (first === undefined) return { why: "nothing to show" };
  if (first.code !== undefined || first.codeBase64 !== undefined) return { why: "no health code" };
  if (first.card !== undefined && who.person === "stranger") return { why: "a card nobody knows" };
  if (typeof first.pass !== "object") return undefined;
  const { colour, damage, form, issued, nucleicAcidTest } = first.pass;
  if (damage !== undefined) return { why: "a spoilt pass" };
  if (colour !== "green") return { why: `a ${colour ?? "colourless"} code` };
  if (nucleicAcidTest?.disease !== undefined) return { why: "a test of another disease" };
  if (nucleicAcidTest?.sampled === "49h ago") return { why: "too old a test", dated: true };
  if (form !== "paper") {
    return issued === undefined ? undefined : { why: "too old a live code", dated: true };
  }
  if (second?.card === undefined) return { why: "paper and no card" };
  return second.card === "own" ? undefined : { why: "paper and somebody else's card" };
}
