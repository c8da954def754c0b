/** Who stands there: seen by their warmth, and gone when it is. */
import { endHint } from "./hint.ts";
import { presenceOfResult } from "./shown-result.ts";
import type { Turn } from "../turn.ts";
import { abandon, leftBehind } from "./visit.ts";

/** Somebody came into view of the thermometer, or left it. */
export function presenceChanged(turn: Turn, present: boolean): void {
  turn.set({ present });
  leaveBehind(turn);
  presenceOfResult(turn, present);
  if (present) return;
  endHint(turn);
  turn.set({ standingTemperature: null, absentAtMs: turn.event.at.monotonicMs });
  // Whoever stands there next is somebody else until they show otherwise: the same holder's card or
  // code within the window takes the visit up again where it was left.
  const { visit } = turn.state;
  if (visit?.phase === "gathering") abandon(turn, visit);
  if (visit?.next === undefined) return;
  const { next, ...rest } = visit;
  turn.set({ visit: rest });
  leftBehind(turn, next.credential, next.ref);
}

/**
 * While the thermometer was down nobody saw who came and went: a visit of that time, which waits for
 * a card, may be somebody's who has left, and the warmth that is felt now another's. The same holder's
 * card takes it up again.
 */
export function seeingAgain(turn: Turn): void {
  const { visit } = turn.state;
  if (visit?.phase === "gathering") abandon(turn, visit);
}

/**
 * Whoever shows the same holder's code next may be another body: their own warmth counts, and their
 * own card. So it is when somebody comes, for a thermometer that failed did not see who left.
 */
function leaveBehind(turn: Turn): void {
  const before = turn.state.turnedAway;
  if (before === null) return;
  const { temperature: _temperature, ...rest } = before;
  turn.set({ turnedAway: { ...rest, left: true } });
}
