/** How long a result stays on the screen: as long as its visitor stands there, and never for the next. */
import type { DoorwayState } from "../state.ts";
import type { Transition } from "../transition.ts";
import { isSeenPresent, isWatched } from "./presence-state.ts";
import type { ClosedVisit } from "./visit-state.ts";

/** Two languages and up to three reasons take time to read (WCAG 2.2.1 asks for no less). */
const AT_LEAST_MS = 8_000;
/** The next person must not read it. */
const AFTER_LEAVING_MS = 2_000;
/** Something warm that stands there for longer is no visitor who reads. */
const PRESENT_AT_MOST_MS = 5 * 60_000;
/** Where presence is unknown: staff need the time to come over. */
const REFERRED_UNSEEN_MS = 30_000;
const GATE_LOCKS_SOON_MS = 1_000;

/** A decision has taken effect: shows it, unless its visitor has left already. */
export function showResult(transition: Transition, visit: ClosedVisit): void {
  const { presence } = transition.state;
  const left = isWatched(presence) && visit.openedAt.monotonicMs < presence.lastLeftAtMs;
  if (!left) return showFor(transition, visit, timeFor(transition.state, visit));
  // Another person stands there already.
  if (isSeenPresent(presence)) return endResult(transition);
  leave(transition, visit);
}

function timeFor({ policy, presence }: DoorwayState, { decision }: ClosedVisit): number {
  const shownMs = Math.max(AT_LEAST_MS, policy.visit.resultMs);
  // "Please come in" is true for as long as the gate is open, and no longer.
  if (decision.outcome === "granted") return shownMs;
  if (isSeenPresent(presence)) return PRESENT_AT_MOST_MS;
  return decision.outcome === "referred" ? Math.max(shownMs, REFERRED_UNSEEN_MS) : shownMs;
}

/** A person came into view, or left it, while a result is shown. */
export function presenceChangedAtResult(transition: Transition, present: boolean): void {
  const { visit, presence } = transition.state;
  if (visit?.phase !== "closed" || !isWatched(presence)) return;
  if (!present) leave(transition, visit);
  // A person who comes now is another one, or has turned back and shows their code again.
  else if (visit.left) endResult(transition);
}

/** Whether the visitor of the result still stands there is unknown from now on. */
export function presenceLostAtResult(transition: Transition): void {
  const { visit } = transition.state;
  if (visit?.phase !== "closed" || visit.left) return;
  showFor(transition, visit, timeFor(transition.state, visit));
}

function leave(transition: Transition, visit: ClosedVisit): void {
  transition.update({ visit: { ...visit, left: true } });
  showFor(transition, visit, AFTER_LEAVING_MS);
}

function showFor(transition: Transition, { ref }: ClosedVisit, afterMs: number): void {
  transition.effect({ kind: "start-timer", timer: "result", about: ref, afterMs });
}

/** The result has been shown long enough. */
export function resultTimeElapsed(transition: Transition, about: string): void {
  const { visit, passage } = transition.state;
  if (visit?.phase !== "closed" || visit.ref !== about) return;
  if (passage?.visitRef === about && !visit.left) {
    return showFor(transition, visit, GATE_LOCKS_SOON_MS);
  }
  endResult(transition);
}

function endResult(transition: Transition): void {
  transition.update({ visit: null });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  transition.signalMode();
}
