/** Evidence that devices observe: taken in as it comes, asked for while a visit awaits it. */
import type { Evidence } from "../evidence/evidence.ts";
import { onePerKind, OBSERVED_SOURCES, type ObservedKind } from "../evidence/observed.ts";
import type { Transition } from "../transition.ts";
import { evaluate } from "./commit.ts";
import type { GatheringVisit } from "./visit-state.ts";

/** A device observed something of the person who stands there. */
export function evidenceObserved(transition: Transition, evidence: Evidence): void {
  const { visit, presence } = transition.state;
  const { kind } = evidence;
  const requested = presence.requested.filter((each) => each !== kind);
  transition.update({ presence: { ...presence, requested } });
  if (visit?.phase === "gathering") {
    const observed = onePerKind([evidence, ...visit.observed]);
    const repeated = visit.repeated.filter((each) => each !== kind);
    transition.update({ visit: { ...visit, observed, repeated } });
    evaluate(transition, false);
    return;
  }
  // Requested by a visit that is over: it is of that visitor, not of the next one.
  if (requested.length < presence.requested.length) return;
  const observed = onePerKind([evidence, ...presence.observed]);
  transition.update({ presence: { ...presence, requested, observed } });
}

/**
 * An observation came to nothing. It is requested again while the visit lasts, unless its device is
 * at fault; it is never guessed.
 */
export function observationFailed(
  transition: Transition,
  kind: ObservedKind,
  deviceAtFault: boolean,
): void {
  const { visit, presence } = transition.state;
  const requested = presence.requested.filter((each) => each !== kind);
  transition.update({ presence: { ...presence, requested } });
  if (visit?.phase !== "gathering" || !visit.awaits.includes(kind)) return;
  transition.signal("hold-still");
  if (deviceAtFault) return;
  const repeated = [...visit.repeated.filter((each) => each !== kind), kind];
  transition.update({ visit: { ...visit, repeated } });
  request(transition, kind);
}

/** Asks the devices for what the visit awaits of them. */
export function requestAwaited(transition: Transition, { awaits }: GatheringVisit): void {
  for (const kind of awaits) {
    if (kind !== "id-card") request(transition, kind);
  }
}

function request(transition: Transition, kind: ObservedKind): void {
  const { presence } = transition.state;
  const others = presence.requested.filter((each) => each !== kind);
  transition.update({ presence: { ...presence, requested: [...others, kind] } });
  transition.effect(OBSERVED_SOURCES[kind].request);
}
