/** Who stands there: seen by the thermometer, and gone when it sees no one (presence-state.ts). */
import type { Transition } from "../transition.ts";
import { endHint } from "./hint.ts";
import type { Presence } from "./presence-state.ts";
import { presenceChangedAtResult } from "./shown-result.ts";
import { abandonVisit, recordLateRead } from "./visit.ts";

/** A person came into the thermometer's view, or left it. */
export function presenceChanged(transition: Transition, present: boolean): void {
  transition.update({ presence: sighted(transition.state.presence, present) });
  markPresenterChanged(transition);
  presenceChangedAtResult(transition, present);
  if (present) return;
  endHint(transition);
  const lastLeftAtMs = transition.event.at.monotonicMs;
  const { presence, visit } = transition.state;
  transition.update({ presence: { ...presence, observed: [], lastLeftAtMs } });
  // The next person is another one until they show otherwise: the same holder's card or code within
  // the window carries the visit on where it was left.
  if (visit?.phase === "gathering") abandonVisit(transition, visit);
  if (visit?.phase !== "committing" || visit.next === undefined) return;
  const { next, ...rest } = visit;
  transition.update({ visit: rest });
  recordLateRead(transition, next.credential, next.ref);
}

/** A thermometer that is down keeps what it saw last, and does not vouch for it any more. */
function sighted(presence: Presence, present: boolean): Presence {
  const seen = present ? "present" : "absent";
  if (presence.seen === "unknown") return { ...presence, lastSeen: seen };
  return { ...presence, seen };
}

/**
 * The next presenter may be another person: the last visit's temperature and card are dropped. This
 * holds when a person comes as well as when one leaves, for a thermometer that had failed did not see
 * who left.
 */
function markPresenterChanged(transition: Transition): void {
  const { presence } = transition.state;
  if (presence.lastRejected === null) return;
  const lastRejected = { ...presence.lastRejected, observed: [], presenterLeft: true };
  transition.update({ presence: { ...presence, lastRejected } });
}

/** The thermometer is down: presence is unknown, and what was seen last is kept. */
export function loseSight(presence: Presence): Presence {
  if (presence.seen === "unknown") return presence;
  const { seen: lastSeen, ...rest } = presence;
  return { ...rest, seen: "unknown", lastSeen };
}

/** The thermometer works: what it saw last holds until it reports otherwise. */
export function regainSight(presence: Presence): Presence {
  if (presence.seen !== "unknown") return presence;
  const { lastSeen, ...rest } = presence;
  return { ...rest, seen: lastSeen };
}

/**
 * Presence was unobserved while the thermometer was down: a visit that still gathers may be of a
 * person who has left, and is abandoned. The same holder's card carries it on.
 */
export function thermometerRecovered(transition: Transition): void {
  const { visit } = transition.state;
  if (visit?.phase === "gathering") abandonVisit(transition, visit);
}
