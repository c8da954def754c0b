/** Seeded days: forty people, whatever can go wrong, then everything heals and a good visitor must pass. */
import type { z } from "zod";
import { COMMAND_FLAWS } from "../actors/operator.ts";
import { createRandom, type Random } from "../kernel/random.ts";
import type { happening, scenario, visitor } from "../scenario/schema.ts";
import type { FaultKind } from "../faults/kinds.ts";
import { newerTrouble, remoteReleases } from "./newer-faults.ts";
import {
  forVaccinationDoor,
  FULLY_VACCINATED,
  isVaccinationDay,
  VACCINATION_DOOR,
} from "./vaccination-day.ts";

type ScenarioInput = z.input<typeof scenario>;
type VisitorInput = z.input<typeof visitor>;
type HappeningInput = z.input<typeof happening>;

const VISITORS = 40;
const FIRST_AT_S = 6;
/** A relay that refuses while it is up cannot be lowered by anybody; it is left for hardware. */
const SWARM: readonly FaultKind[] = [
  "thermometer-unplugged",
  "thermometer-no-answer",
  "thermometer-bus-stuck",
  "thermometer-corrupt",
  "thermometer-invalid",
  "reader-unplugged",
  "reader-silent",
  "reader-garbage",
  "reader-split",
  "camera-unplugged",
  "camera-stalled",
  "camera-blank",
  "relay-refuses",
  "guard-lost",
  "door-held",
  "disk-full",
  "disk-slow",
  "broker-down",
  "broker-slow",
  "broker-duplicating",
  "directory-unreachable",
];
/** Drawn apart from the others, so that the days before them stay what they were. */
const LATER: readonly FaultKind[] = [
  "guard-stalled",
  "decoder-dead",
  "broker-lossy",
  "broker-forgetful",
  "broker-unheard",
];
/** Reconnects to a broker back off to a minute, a camera to a quarter of one. */
const HEALING_S = 75;

/** The whole day that belongs to a seed. */
export function seededDay(seed: number): ScenarioInput {
  const random = createRandom(seed).fork("day");
  const showing = createRandom(seed).fork("vaccination door");
  const vaccinationDay = isVaccinationDay(showing);
  const visitors: VisitorInput[] = [];
  let atS = FIRST_AT_S;
  for (let index = 0; index < VISITORS; index++) {
    const usual = someone(random, index);
    const who = vaccinationDay ? forVaccinationDoor(usual, showing) : usual;
    visitors.push({ id: `v${index + 1}`, at: round(atS), ...who });
    atS += 5 + random.integer(0, 80) / 10;
  }
  const endS = atS + 10;
  const timeline = [
    ...disturbances(random, endS),
    ...commands(createRandom(seed).fork("commands"), endS),
    ...laterTrouble(seed, visitors, endS),
    ...newerTrouble(createRandom(seed).fork("newer trouble"), visitors, FIRST_AT_S, endS - 70),
    ...remoteReleases(createRandom(seed).fork("remote releases"), visitors, endS - 70),
  ];
  // Whoever was told that an order could not be written down gives it again once the disk is well:
  // a restart meanwhile went by the one before.
  timeline.push(
    { at: round(endS + 1), command: { name: "lock-down", active: false } },
    { at: round(endS + 1), command: { name: "evacuate", active: false } },
  );
  const goodAtS = endS + HEALING_S;
  const good = { outcome: "granted", taken: true, gateWithinMs: 2_500 } as const;
  visitors.push(
    {
      id: "good-code",
      at: goodAtS,
      shows: {
        pass: {
          colour: "green",
          nucleicAcidTest: { sampled: "10h ago" },
          vaccination: FULLY_VACCINATED,
        },
      },
      expect: { ...good, delivered: true },
    },
    { id: "good-card", person: "known-1", at: goodAtS + 15, shows: { card: "own" }, expect: good },
  );
  return {
    name: `seed ${seed}`,
    seed,
    unit: { camera: { width: 640, height: 480, framesPerSecond: 5 } },
    people: { "known-1": {}, "known-2": {}, "known-3": {}, stranger: {} },
    passes: {
      shared: { holder: "known-1", colour: "green", nucleicAcidTest: { sampled: "10h ago" } },
    },
    directory: ["known-1", "known-2", "known-3"].map((person) => ({
      person,
      token: `DT1${person.replace("-", "")}8f3kQ2mZx7LpV0sT`,
      colour: "green" as const,
      nucleicAcidTests: [{ sampled: "20h ago", reported: "12h ago" }],
      ...(vaccinationDay && person === "known-1" ? { vaccination: FULLY_VACCINATED } : {}),
    })),
    ...(vaccinationDay ? VACCINATION_DOOR : {}),
    visitors,
    timeline: timeline.map((happening) => whileItRuns(happening, timeline)),
    expect: { outboxPending: 0 },
  };
}

const round = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;

/** What people show, with how often they do. */
const SHOWINGS: readonly [weight: number, show: (random: Random) => VisitorInput][] = [
  [40, () => ({ shows: { pass: green() } })],
  [5, () => ({ shows: { pass: { ...green(), colour: "red" } } })],
  [3, () => ({ shows: { pass: { ...green(), colour: "yellow" } } })],
  [4, () => ({ shows: { pass: { ...green(), nucleicAcidTest: { sampled: "49h ago" } } } })],
  [3, () => ({ shows: { pass: { ...green(), nucleicAcidTest: OTHER_DISEASE } } })],
  [4, () => ({ shows: { pass: { ...green(), issued: "3h ago" } } })],
  [4, () => ({ shows: { pass: { ...green(), damage: "content" } } })],
  [3, () => ({ shows: { pass: { ...green(), damage: "truncated" } } })],
  [4, () => ({ shows: { pass: "shared" } })],
  [10, (random) => ({ person: someKnown(random), shows: { card: "own" } })],
  [4, () => ({ person: "stranger", shows: { card: "own" } })],
  [2, () => ({ person: "stranger", shows: { card: { readsAs: "damaged" } } })],
  [2, () => ({ person: "stranger", shows: { card: { readsAs: "unreadable" } } })],
  [4, (random) => paper(someKnown(random), "own")],
  [3, (random) => paper(someKnown(random), "stranger")],
  [2, (random) => paper(someKnown(random), undefined)],
  [2, () => ({ shows: { code: "https://example.com/menu" } })],
  [2, (random) => ({ shows: { codeBase64: noise(random) } })],
  [2, () => ({ shows: [] })],
  [2, () => ({ shows: { pass: green(), holds: "150ms" }, patience: 2 })],
];

/** Hepatitis A (SNOMED CT): a test of it says nothing about COVID-19. */
const OTHER_DISEASE = { sampled: "20h ago", disease: "snomed:40468003" } as const;

function green() {
  return { colour: "green" as const, nucleicAcidTest: { sampled: "20h ago" } };
}

const someKnown = (random: Random): string => `known-${random.integer(1, 3)}`;

function paper(person: string, card: string | undefined): VisitorInput {
  const code = {
    pass: { form: "paper" as const, issued: "30d ago", ...green() },
    on: "paper" as const,
  };
  return { person, patience: 26, shows: card === undefined ? [code] : [code, { card }] };
}

function noise(random: Random): string {
  return Buffer.from(Array.from({ length: 24 }, () => random.integer(0, 255))).toString("base64");
}

function someone(random: Random, index: number): VisitorInput {
  const total = SHOWINGS.reduce((sum, [weight]) => sum + weight, 0);
  let draw = random.integer(1, total);
  const [, show] = SHOWINGS.find(([weight]) => (draw -= weight) <= 0) ?? [0, () => ({})];
  // Temperatures differ, so that one person's is never another's.
  const temperatureC = random.chance(0.06) ? 38.4 : 35.2 + ((index * 7) % 20) / 10;
  const visitor: VisitorInput = {
    temperatureC: Math.round(temperatureC * 10) / 10,
    ...show(random),
  };
  if (random.chance(0.05)) visitor.walksThrough = false;
  if (random.chance(0.04)) visitor.holdsDoor = random.integer(2, 20);
  if (random.chance(0.06)) visitor.pushesIn = true;
  if (random.chance(0.08)) visitor.waitsForStaff = 1;
  return visitor;
}

/** Everything that happens beside people coming, all of it over before `endS`. */
function disturbances(random: Random, endS: number): HappeningInput[] {
  const timeline: HappeningInput[] = [];
  const moment = (): number => round(FIRST_AT_S + random.next() * (endS - FIRST_AT_S - 70));
  const between = (from: number, to: number): number => random.integer(from * 10, to * 10) / 10;
  // Most days see a few kinds of trouble again and again, rather than a little of each.
  const kinds = Array.from({ length: random.integer(1, 5) }, () => random.pick(SWARM));
  for (let count = random.integer(2, 9); count > 0; count--) {
    timeline.push({ at: moment(), fault: random.pick(kinds), for: between(1, 60) });
  }
  for (let count = random.integer(0, 6); count > 0; count--) {
    const verdict = random.pick(["grant", "deny"] as const);
    const whom = random.chance(0.3) ? ("nobody" as const) : ("at-the-door" as const);
    timeline.push({ at: moment(), staff: { verdict, whom } });
  }
  for (let count = random.integer(0, 4); count > 0; count--) {
    timeline.push({ at: moment(), press: "exit-button" });
  }
  if (random.chance(0.25)) {
    const at = moment();
    timeline.push({ at, fire: "on" }, { at: round(at + between(2, 40)), fire: "off" });
  }
  if (random.chance(0.25)) timeline.push(...onAndOff("lock-down", moment(), between(5, 60)));
  if (random.chance(0.2)) timeline.push(...onAndOff("evacuate", moment(), between(5, 40)));
  if (random.chance(0.3)) timeline.push({ at: moment(), command: { name: "release" } });
  if (random.chance(0.3)) {
    const at = moment();
    const step = random.chance(0.5)
      ? { ahead: between(1, 90_000) }
      : { behind: between(1, 90_000) };
    timeline.push(
      { at, clock: { ...step, trusted: random.chance(0.5) } },
      { at: round(at + between(5, 60)), clock: {} },
    );
  }
  if (random.chance(0.2)) timeline.push({ at: moment(), restart: "unit" });
  if (random.chance(0.2)) timeline.push({ at: moment(), restart: "power-cut" });
  if (random.chance(0.2)) {
    const at = moment();
    timeline.push({ at, door: "open" }, { at: round(at + between(1, 30)), door: "closed" });
  }
  return timeline;
}

/**
 * A clock that is set right does so before the unit's eyes. One that was believed in the future and
 * is right when the power comes back has fallen behind its memory, and would be doubted all day.
 */
function whileItRuns(
  happening: HappeningInput,
  timeline: readonly HappeningInput[],
): HappeningInput {
  const at = Number(happening.at);
  const cut = timeline.find(
    (each) => each.restart === "power-cut" && at >= Number(each.at) && at < Number(each.at) + 5,
  );
  if (happening.clock === undefined || cut === undefined) return happening;
  return { ...happening, at: round(Number(cut.at) + 5) };
}

/** What hits the connection, the guard and the decoder; and a power cut in the middle of a visit. */
function laterTrouble(
  seed: number,
  visitors: readonly VisitorInput[],
  endS: number,
): HappeningInput[] {
  const random = createRandom(seed).fork("later trouble");
  const untilS = endS - 70;
  const timeline: HappeningInput[] = [];
  for (let count = random.integer(0, 5); count > 0; count--) {
    const at = round(FIRST_AT_S + random.next() * (untilS - FIRST_AT_S));
    timeline.push({ at, fault: random.pick(LATER), for: random.integer(10, 400) / 10 });
  }
  if (random.chance(0.3)) {
    const at = round(Number(random.pick(visitors).at) + random.next() * 3);
    if (at < untilS) timeline.push({ at, restart: "power-cut" });
  }
  return timeline;
}

/** Commands through the broker: some by who may give them, more by who may not. */
function commands(random: Random, endS: number): HappeningInput[] {
  return Array.from({ length: random.integer(0, 6) }, () => {
    const at = round(FIRST_AT_S + random.next() * (endS - FIRST_AT_S - 70));
    // A lock-down that only half arrives would be in nobody's way but the last visitor's.
    const name = random.pick(["release", "release", "message"] as const);
    if (random.chance(0.4)) return { at, command: { name, sent: true, text: "hello" } };
    const bad = random.pick(["release", "lock-down", "evacuate", "message"] as const);
    return { at, command: { name: bad, flaw: random.pick(COMMAND_FLAWS) } };
  });
}

function onAndOff(name: "lock-down" | "evacuate", at: number, forS: number): HappeningInput[] {
  return [
    { at, command: { name } },
    { at: round(at + forS), command: { name, active: false } },
  ];
}
