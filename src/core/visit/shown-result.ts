/** How long a result stays on the screen: as long as its visitor stands there, and never for the next. */
import { signalForMode } from "./passage.ts";
import type { DoorwayState, Visit } from "../state.ts";
import type { Transition } from "../transition.ts";

/** Two languages and up to three reasons want reading (WCAG 2.2.1 asks for no less time than that). */
const AT_LEAST_MS = 8_000;
/** Whoever steps up next must not read it. */
const AFTER_LEAVING_MS = 2_000;
/** Something warm that stands there for longer is no visitor who reads. */
const STANDING_AT_MOST_MS = 5 * 60_000;
/** Where nobody sees who stands there: staff need the time to come over. */
const REFERRED_UNSEEN_MS = 30_000;
const GATE_LOCKS_SOON_MS = 1_000;

/** A decision has taken effect: shows it, unless its visitor has left already. */
export function showResult(transition: Transition, visit: Visit): void {
  const { absentAtMs, present } = transition.state;
  const left = seesVisitors(transition.state) && visit.openedAt.monotonicMs < absentAtMs;
  if (!left) return showFor(transition, visit, timeFor(transition.state, visit));
  // Somebody else stands there already.
  if (present) return endResult(transition);
  leave(transition, visit);
}

function timeFor(state: DoorwayState, { decision }: Visit): number {
  const shownMs = Math.max(AT_LEAST_MS, state.policy.visit.resultMs);
  // "Please come in" is true for as long as the gate is open, and no longer.
  if (decision?.outcome === "granted") return shownMs;
  if (seesVisitors(state) && state.present) return STANDING_AT_MOST_MS;
  return decision?.outcome === "referred" ? Math.max(shownMs, REFERRED_UNSEEN_MS) : shownMs;
}

const seesVisitors = ({ devices }: DoorwayState): boolean => devices.thermometer === true;

/** Somebody came into view, or left it. */
export function presenceChangedAtResult(transition: Transition, present: boolean): void {
  const { visit } = transition.state;
  if (visit?.phase !== "closed" || !seesVisitors(transition.state)) return;
  if (!present) leave(transition, visit);
  // Whoever comes now is somebody else, or has turned back and shows their code again.
  else if (visit.left === true) endResult(transition);
}

/** Nobody sees any more whether they still stand there. */
export function presenceLostAtResult(transition: Transition): void {
  const { visit } = transition.state;
  if (visit?.phase !== "closed" || visit.left === true) return;
  showFor(transition, visit, timeFor(transition.state, visit));
}

function leave(transition: Transition, visit: Visit): void {
  transition.update({ visit: { ...visit, left: true } });
  showFor(transition, visit, AFTER_LEAVING_MS);
}

function showFor(transition: Transition, { ref }: Visit, afterMs: number): void {
  transition.effect({ kind: "start-timer", timer: "result", about: ref, afterMs });
}

/** The result has been shown long enough. */
export function resultTimeElapsed(transition: Transition, about: string): void {
  const { visit, passage } = transition.state;
  if (visit?.phase !== "closed" || visit.ref !== about) return;
  if (passage?.visitRef === about && visit.left !== true) {
    return showFor(transition, visit, GATE_LOCKS_SOON_MS);
  }
  endResult(transition);
}

function endResult(transition: Transition): void {
  transition.update({ visit: null });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  transition.effect({ kind: "signal", signal: signalForMode(transition.state.mode) });
}
