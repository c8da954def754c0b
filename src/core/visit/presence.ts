/** Who stands there: seen by their warmth, and gone when it is. */
import { endHint } from "./hint.ts";
import { presenceChangedAtResult } from "./shown-result.ts";
import type { Transition } from "../transition.ts";
import { abandonVisit, recordLateRead } from "./visit.ts";

/** Somebody came into view of the thermometer, or left it. */
export function presenceChanged(transition: Transition, present: boolean): void {
  transition.update({ present });
  markPresenterChanged(transition);
  presenceChangedAtResult(transition, present);
  if (present) return;
  endHint(transition);
  transition.update({ standingTemperature: null, absentAtMs: transition.event.at.monotonicMs });
  // Whoever stands there next is somebody else until they show otherwise: the same holder's card or
  // code within the window takes the visit up again where it was left.
  const { visit } = transition.state;
  if (visit?.phase === "gathering") abandonVisit(transition, visit);
  if (visit?.next === undefined) return;
  const { next, ...rest } = visit;
  transition.update({ visit: rest });
  recordLateRead(transition, next.credential, next.ref);
}

/**
 * While the thermometer was down nobody saw who came and went: a visit of that time, which waits for
 * a card, may be somebody's who has left, and the warmth that is felt now another's. The same holder's
 * card takes it up again.
 */
export function thermometerRecovered(transition: Transition): void {
  const { visit } = transition.state;
  if (visit?.phase === "gathering") abandonVisit(transition, visit);
}

/**
 * Whoever shows the same holder's code next may be another body: their own warmth counts, and their
 * own card. So it is when somebody comes, for a thermometer that failed did not see who left.
 */
function markPresenterChanged(transition: Transition): void {
  const before = transition.state.lastRejected;
  if (before === null) return;
  const { temperature: _temperature, ...rest } = before;
  transition.update({ lastRejected: { ...rest, left: true } });
}
