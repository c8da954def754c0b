/** The way through: who caused a release, whether somebody walked, and a door that is not as it should be. */
import type { Signal } from "../effect.ts";
import type { Authority, Mode, VisitEnding } from "../record.ts";
import type { AwaitedRelease, DoorwayState } from "../state.ts";
import type { Transition } from "../transition.ts";

/** In an evacuation the release is renewed this often, so that it ends by itself if the unit does. */
const HOLD_OPEN_RENEW_MS = 2_000;
const HOLD_OPEN_RELEASE_MS = 4_000;

/** A gate moves within milliseconds; one that has said nothing by then did not open. */
const GATE_ANSWERS_WITHIN_MS = 1_000;

/** What the gate is released for. */
export type Release = Omit<AwaitedRelease, "askedAt">;

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
  const awaited = { ...release, askedAt: transition.event.at };
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
  const waitedMs = transition.event.at.monotonicMs - oldest.askedAt.monotonicMs;
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
 * @param goesOn the way stays open for something else, and whoever walks through then may be this visitor
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

/** What the unit is to do: fire outranks every command, and an evacuation every lock-down. */
function modeOf({ fireActive, orders }: DoorwayState): Mode {
  if (fireActive || orders.evacuation !== undefined) return "evacuation";
  return orders.lockDown === undefined ? "normal" : "locked-down";
}

/** Says on the panel what holds. */
export function signalForMode(mode: Mode): Signal {
  switch (mode) {
    case "normal":
      return "idle";
    case "locked-down":
      return "denied";
    case "evacuation":
      return "evacuate";
  }
}

/** Enters or leaves lock-down and evacuation, where the fire input or the orders ask for it. */
export function applyMode(transition: Transition, authority?: Authority): void {
  const before = transition.state.mode;
  const mode = modeOf(transition.state);
  if (before === mode) return;
  transition.update({ mode, holdOpenFailed: false });
  transition.record({
    type: "mode-changed",
    mode,
    ...(authority === undefined ? {} : { authority }),
  });
  if (before === "evacuation") {
    transition.clear("evacuation");
    transition.effect({ kind: "cancel-timer", timer: "hold-open" });
    transition.effect({ kind: "lock-gate" });
  }
  if (before === "locked-down") transition.clear("locked-down");
  transition.effect({ kind: "signal", signal: signalForMode(mode) });
  switch (mode) {
    case "normal":
      return;
    case "locked-down":
      transition.raise("locked-down");
      transition.effect({ kind: "lock-gate" });
      return;
    case "evacuation":
      transition.raise("evacuation");
      endPassage(transition, true);
      holdOpen(transition);
  }
}

/** Keeps the way open a little longer while the evacuation lasts. */
export function holdOpen(transition: Transition): void {
  if (transition.state.mode !== "evacuation") return;
  const cause = transition.state.fireActive ? "fire" : "evacuation";
  const releaseRef = transition.event.ref;
  transition.effect({ kind: "release-gate", releaseRef, releaseMs: HOLD_OPEN_RELEASE_MS, cause });
  transition.effect({
    kind: "start-timer",
    timer: "hold-open",
    about: "evacuation",
    afterMs: HOLD_OPEN_RENEW_MS,
  });
}
