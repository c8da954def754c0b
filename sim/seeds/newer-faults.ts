/** Trouble that public reports of the field tell of: posters, slow staff, hung devices, odd brokers and clocks. */
import type { z } from "zod";
import type { Random } from "../kernel/random.ts";
import type { happening, visitor } from "../scenario/schema.ts";
import type { FaultKind } from "../faults/kinds.ts";

type VisitorInput = z.input<typeof visitor>;
type HappeningInput = z.input<typeof happening>;

const POSTERS = [
  "https://example.org/venue/12345",
  "wxp://f2f0ZtE4mVq1yG7nR3sK8uPdLhXw5cTbJ",
  "HTTPS://EXAMPLE.COM/MENU",
  "WIFI:T:WPA;S:guests;P:welcome-to-the-pharmacy;;",
] as const;
const HANGING: readonly FaultKind[] = [
  "thermometer-hung",
  "reader-hung",
  "camera-hung",
  "broker-no-retain",
  "broker-refuses-commands",
];

/** @param untilS everything is over by then, but for posters: they may hang there for good */
export function newerTrouble(
  random: Random,
  visitors: readonly VisitorInput[],
  fromS: number,
  untilS: number,
): HappeningInput[] {
  const moment = (): number => round(fromS + random.next() * (untilS - fromS));
  const timeline: HappeningInput[] = [];
  if (random.chance(0.3)) {
    for (let count = random.integer(1, 3); count > 0; count--) {
      const posters = Array.from({ length: random.integer(1, 3) }, () => random.pick(POSTERS));
      timeline.push({ at: moment(), posters });
    }
    if (random.chance(0.5)) timeline.push({ at: untilS, posters: [] });
  }
  for (let count = random.integer(0, 3); count > 0; count--) {
    timeline.push({ at: moment(), fault: random.pick(HANGING), for: random.integer(20, 400) / 10 });
  }
  timeline.push(...slowStaff(random, visitors, untilS));
  if (random.chance(0.25)) {
    // The kernel does not say whether the clock is right: as under a filter that forbids asking.
    const at = moment();
    timeline.push(
      { at, clock: { trusted: false } },
      { at: round(at + random.integer(5, 40)), clock: {} },
    );
  }
  if (random.chance(0.25)) {
    // An update restarts the unit while somebody is being let in.
    const at = round(Number(random.pick(visitors).at) + 1.2 + random.next() * 5);
    if (at < untilS) timeline.push({ at, restart: "unit" });
  }
  return timeline;
}

/** Staff who type for a while, and two of them at once. */
function slowStaff(
  random: Random,
  visitors: readonly VisitorInput[],
  untilS: number,
): HappeningInput[] {
  const timeline: HappeningInput[] = [];
  for (let count = random.integer(0, 5); count > 0; count--) {
    const at = round(Number(random.pick(visitors).at) + 1 + random.next() * 6);
    if (at >= untilS) continue;
    const verdict = random.pick(["grant", "grant", "deny"] as const);
    const thinks = random.integer(0, 150) / 10;
    const confirms = random.chance(0.3);
    timeline.push({ at, staff: { verdict, by: "staff-1", thinks, confirms } });
    if (!random.chance(0.4)) continue;
    const other = random.pick(["grant", "deny"] as const);
    const late = Math.max(0, thinks + random.integer(-10, 10) / 10);
    timeline.push({ at, staff: { verdict: other, by: "staff-2", thinks: late } });
  }
  return timeline;
}

/** Releases from afar that name a visit: on their way, it may end, or staff may decide about it. */
export function remoteReleases(
  random: Random,
  visitors: readonly VisitorInput[],
  untilS: number,
): HappeningInput[] {
  return Array.from({ length: random.integer(0, 4) }, () => {
    const at = round(Number(random.pick(visitors).at) + 1 + random.next() * 6);
    const sent = random.chance(0.7);
    return { at, command: { name: "release", about: "at-the-door", sent } } as const;
  }).filter(({ at }) => at < untilS);
}

const round = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;
