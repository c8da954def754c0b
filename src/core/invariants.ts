/**
 * What must hold in every state, between its machines: checked after each step in tests and in the
 * simulator. Cheap: it looks at no list that grows.
 */
import { BrokenInvariant } from "./broken-invariant.ts";
import { modeOf } from "./mode.ts";
import type { DoorwayState } from "./state.ts";

type Invariant = (state: DoorwayState) => boolean;

/** Each by the sentence that must be true. */
const INVARIANTS: Readonly<Record<string, Invariant>> = {
  "the mode follows from the fire input and the orders": (state) => state.mode === modeOf(state),
  "presence is known exactly while the thermometer works": ({ presence, devices }) =>
    (presence.seen !== "unknown") === (devices.thermometer === true),
  "a visit that gathers awaits something": ({ visit }) =>
    visit?.phase !== "gathering" || visit.awaits.length > 0,
  "what a visit repeats is awaited": ({ visit }) =>
    visit?.phase !== "gathering" || visit.repeated.every((kind) => visit.awaits.includes(kind)),
  "observations outside a visit wait for no visit that gathers": ({ visit, presence }) =>
    visit?.phase !== "gathering" || presence.observed.length === 0,
  "a visit holds one observation of a kind": ({ visit }) =>
    visit === null ||
    new Set(visit.observed.map(({ kind }) => kind)).size === visit.observed.length,
  "a visitor who was seen to leave left after the visit had begun": ({ visit, presence }) =>
    visit === null ||
    visit.phase === "gathering" ||
    !visit.left ||
    presence.lastLeftAtMs >= visit.openedAt.monotonicMs,
  "no passage goes on in an evacuation": ({ mode, passage }) =>
    mode !== "evacuation" || passage === null,
  "a release awaits the gate once": ({ awaitedReleases }) =>
    new Set(awaitedReleases.map(({ releaseRef }) => releaseRef)).size === awaitedReleases.length,
  "an alarm is raised once": ({ alarms }) =>
    alarms.every(
      ({ kind, subject }, index) =>
        alarms.findIndex((each) => each.kind === kind && each.subject === subject) === index,
    ),
};

/** Every sentence that is not true of this state. */
export function brokenInvariants(state: DoorwayState): string[] {
  return Object.entries(INVARIANTS).flatMap(([sentence, holds]) => (holds(state) ? [] : sentence));
}

/** Throws where one does not hold. */
export function assertInvariants(state: DoorwayState): void {
  const [first] = brokenInvariants(state);
  if (first !== undefined) throw new BrokenInvariant(`it does not hold that ${first}`);
}
