/** Days at a door that asks for two doses: cards of other diseases, and doses that were reported twice. */
import type { z } from "zod";
import { TEMPERATURE_RULE } from "../actors/policy.ts";
import type { Random } from "../kernel/random.ts";
import type { scenario, visitor } from "../scenario/schema.ts";
import { CARDS_TRUST_FILE, VACCINATION_CARDS } from "./vaccination-cards.ts";

type ScenarioInput = z.input<typeof scenario>;
type VisitorInput = z.input<typeof visitor>;

/** Share of the seeds whose day is one of these. */
const SHARE = 0.15;
export const FULLY_VACCINATED = { doses: 2, lastDose: "200d ago" } as const;
export const isVaccinationDay = (random: Random): boolean => random.chance(SHARE);

/** What such a day's door asks for, and whom it trusts. */
export const VACCINATION_DOOR = {
  policy: {
    base: "community-pharmacy",
    acceptedCredentials: ["health-pass-live", "smart-health-card", "resident-id"],
    rules: [
      {
        id: "two-doses",
        kind: "vaccination",
        minDoses: 2,
        whenUnmet: "deny",
        whenMissing: "deny",
        whenUnreachable: "refer",
      },
      TEMPERATURE_RULE,
    ],
  },
  trust: [CARDS_TRUST_FILE],
} satisfies Partial<ScenarioInput>;

const card = (name: keyof typeof VACCINATION_CARDS) => ({ code: VACCINATION_CARDS[name] });
const pass = (vaccination: NonNullable<NonNullable<PassInput>["vaccination"]>) => ({
  pass: { colour: "green" as const, vaccination },
});
type PassInput = Exclude<z.input<typeof scenario>["passes"], undefined>[string];

/** What people show at such a door, with how often they do. */
const SHOWINGS: readonly [weight: number, shows: VisitorInput["shows"]][] = [
  [30, card("twoDoses")],
  [8, card("sameDoseTwice")],
  [8, card("sameDoseInTwoVocabularies")],
  [6, card("sameDoseWithATime")],
  [8, card("influenza")],
  [8, card("oneDoseAndInfluenza")],
  [16, pass(FULLY_VACCINATED)],
  [6, pass({ ...FULLY_VACCINATED, doses: 1 })],
  [6, pass({ ...FULLY_VACCINATED, disease: "snomed:6142004" })],
  [4, { card: "own" }],
];

/** Of these things shown, what lets nobody in, said apart from the rules. */
const UNFIT: ReadonlyMap<unknown, string> = new Map([
  [VACCINATION_CARDS.sameDoseTwice, "one dose that was reported twice"],
  [VACCINATION_CARDS.sameDoseInTwoVocabularies, "one dose in two vocabularies"],
  [VACCINATION_CARDS.sameDoseWithATime, "one dose, once with its time"],
  [VACCINATION_CARDS.influenza, "doses against influenza"],
  [VACCINATION_CARDS.oneDoseAndInfluenza, "one dose, and one against influenza"],
]);

/** Gives a visitor of the usual day something for this door. */
export function forVaccinationDoor(usual: VisitorInput, random: Random): VisitorInput {
  const total = SHOWINGS.reduce((sum, [weight]) => sum + weight, 0);
  let draw = random.integer(1, total);
  const [, shows] = SHOWINGS.find(([weight]) => (draw -= weight) <= 0) ?? [0, []];
  const { person: _person, patience: _patience, ...rest } = usual;
  const isCard = !Array.isArray(shows) && shows?.card !== undefined;
  return { ...rest, shows, ...(isCard ? { person: "known-2" } : {}) };
}

/** Why somebody must not be let in by this door's rules; undefined where nothing speaks against it. */
export function whyNotVaccinated(who: VisitorInput): string | undefined {
  const { shows } = who;
  if (shows === undefined || Array.isArray(shows)) return "nothing to show";
  if (shows.code !== undefined) return UNFIT.get(shows.code);
  if (shows.card !== undefined) return who.person === "known-1" ? undefined : "no vaccination";
  if (typeof shows.pass !== "object") return "no vaccination";
  const { doses = 0, disease } = shows.pass.vaccination ?? {};
  if (disease !== undefined) return "doses against another disease";
  return doses >= 2 ? undefined : "too few doses";
}
