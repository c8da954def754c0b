/**
 * The release and the passage: the gate is asked to open, answers, and a person walks through or not.
 *
 * ```
 * state             event or timer                        next        what happens
 * none              a visit is granted, staff, an exit    requested   release-gate, the passage begins
 * requested         gate-answered: ok                     open        the requester is answered
 * requested         gate-answered: not ok                 none        corrected by a record (release.ts)
 * requested         `gate-deadline`                       none        locked, corrected by a record
 * open              the door opens                        open        `doorOpened`
 * open              the gate locks, `passage`             none        entered or not entered: recorded
 * requested, open   another release, an evacuation        replaced    entered, or unobserved: recorded
 * ```
 *
 * `passage` is of the newest release; `awaitedReleases` holds each that the gate has not answered, so
 * an exit may be requested while a visitor's passage goes on.
 */
import type { VisitEnding } from "../record.ts";
import type { AwaitedRelease } from "../state.ts";
import type { Transition } from "../transition.ts";

/** A gate moves within milliseconds; one that has not answered by then did not open. */
const GATE_ANSWERS_WITHIN_MS = 1_000;

/** What the gate is released for. */
export type Release = Omit<AwaitedRelease, "requestedAt">;

/** Releases the gate for one passage and watches what becomes of it. */
export function releaseForPassage(transition: Transition, release: Release): void {
  endPassage(transition, true);
  const { releaseMs } = transition.state.policy.visit;
  const { releaseRef, cause, visitRef, authority } = release;
  const about = visitRef === undefined ? {} : { visitRef };
  const by = authority === undefined ? {} : { authority };
  const { doorOpen: doorOpened } = transition.state;
  transition.update({
    passage: { releaseRef, cause, ...about, ...by, releasedAt: transition.event.at, doorOpened },
  });
  requestGateRelease(transition, release);
  // The gate reports its own fall; the timer is for a gate that does not.
  transition.effect({
    kind: "start-timer",
    timer: "passage",
    about: transition.event.ref,
    afterMs: releaseMs + 1_000,
  });
}

/** Asks the gate to open, and waits for its answer. */
export function requestGateRelease(transition: Transition, release: Release): void {
  const { releaseRef, cause, visitRef } = release;
  const about = visitRef === undefined ? {} : { visitRef };
  const awaited = { ...release, requestedAt: transition.event.at };
  transition.update({ awaitedReleases: [...transition.state.awaitedReleases, awaited] });
  const { releaseMs } = transition.state.policy.visit;
  transition.effect({ kind: "release-gate", releaseRef, ...about, releaseMs, cause });
  restartGateDeadline(transition);
}

/** Wakes when the oldest release that the gate has not answered is overdue. */
export function restartGateDeadline(transition: Transition): void {
  const [oldest] = transition.state.awaitedReleases;
  if (oldest === undefined) {
    transition.effect({ kind: "cancel-timer", timer: "gate-deadline" });
    return;
  }
  const waitedMs = transition.event.at.monotonicMs - oldest.requestedAt.monotonicMs;
  const afterMs = Math.max(1, GATE_ANSWERS_WITHIN_MS - waitedMs);
  transition.effect({
    kind: "start-timer",
    timer: "gate-deadline",
    about: oldest.releaseRef,
    afterMs,
  });
}

/**
 * The release is over: was it used?
 * @param goesOn the way stays open for another cause: who walks through then may be this visitor
 */
export function endPassage(transition: Transition, goesOn = false): void {
  const { passage, devices } = transition.state;
  if (passage === null) return;
  transition.update({ passage: null });
  transition.effect({ kind: "cancel-timer", timer: "passage" });
  if (passage.visitRef === undefined) return;
  const observed = devices["door-contacts"] === true && !goesOn;
  const ending: VisitEnding = passage.doorOpened ? "taken" : observed ? "not-taken" : "unobserved";
  transition.record({ type: "visit-ended", visitRef: passage.visitRef, ending });
}

/** The gate's line went up or down. */
export function gateChanged(transition: Transition, state: "locked" | "released"): void {
  transition.update({ gate: state });
  if (state === "released") {
    transition.update({ holdOpenFailed: false });
    return;
  }
  const { passage, awaitedReleases } = transition.state;
  // What locks now is the release before, when the gate has not answered for this one yet.
  if (awaitedReleases.some((each) => each.releaseRef === passage?.releaseRef)) return;
  endPassage(transition);
}
