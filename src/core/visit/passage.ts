/** The way through: who caused a release, whether somebody walked, and a door that is not as it should be. */
import type { Signal } from "../effect.ts";
import type { Authority, Mode, VisitEnding } from "../record.ts";
import type { AwaitedRelease, DoorwayState } from "../state.ts";
import type { Turn } from "../turn.ts";

/** In an evacuation the release is renewed this often, so that it ends by itself if the unit does. */
const HOLD_OPEN_RENEW_MS = 2_000;
const HOLD_OPEN_RELEASE_MS = 4_000;

/** A gate moves within milliseconds; one that has said nothing by then did not open. */
const GATE_ANSWERS_WITHIN_MS = 1_000;

/** What the gate is released for. */
export type Release = Omit<AwaitedRelease, "askedAt">;

/** Releases the gate for one passage and watches what becomes of it. */
export function releaseFor(turn: Turn, release: Release): void {
  endPassage(turn, true);
  const { releaseMs } = turn.state.policy.visit;
  const { releaseRef, cause, visitRef, authority } = release;
  const about = visitRef === undefined ? {} : { visitRef };
  const by = authority === undefined ? {} : { authority };
  const { doorOpen: doorOpened } = turn.state;
  turn.set({
    passage: { releaseRef, cause, ...about, ...by, releasedAt: turn.event.at, doorOpened },
  });
  askGate(turn, release);
  // The gate reports its own fall; the timer is for a gate that does not.
  turn.effect({
    kind: "start-timer",
    timer: "passage",
    about: turn.event.ref,
    afterMs: releaseMs + 1_000,
  });
}

/** Asks the gate to open, and waits for its answer. */
export function askGate(turn: Turn, release: Release): void {
  const { releaseRef, cause, visitRef } = release;
  const about = visitRef === undefined ? {} : { visitRef };
  const awaited = { ...release, askedAt: turn.event.at };
  turn.set({ awaitedReleases: [...turn.state.awaitedReleases, awaited] });
  const { releaseMs } = turn.state.policy.visit;
  turn.effect({ kind: "release-gate", releaseRef, ...about, releaseMs, cause });
  awaitGate(turn);
}

/** Wakes when the oldest release that the gate has not answered is overdue. */
export function awaitGate(turn: Turn): void {
  const [oldest] = turn.state.awaitedReleases;
  if (oldest === undefined) {
    turn.effect({ kind: "cancel-timer", timer: "gate-deadline" });
    return;
  }
  const waitedMs = turn.event.at.monotonicMs - oldest.askedAt.monotonicMs;
  const afterMs = Math.max(1, GATE_ANSWERS_WITHIN_MS - waitedMs);
  turn.effect({ kind: "start-timer", timer: "gate-deadline", about: oldest.releaseRef, afterMs });
}

/**
 * The release is over: was it used?
 * @param goesOn the way stays open for something else, and whoever walks through then may be this visitor
 */
export function endPassage(turn: Turn, goesOn = false): void {
  const { passage, devices } = turn.state;
  if (passage === null) return;
  turn.set({ passage: null });
  turn.effect({ kind: "cancel-timer", timer: "passage" });
  if (passage.visitRef === undefined) return;
  const observed = devices["door-contacts"] === true && !goesOn;
  const ending: VisitEnding = passage.doorOpened ? "taken" : observed ? "not-taken" : "unobserved";
  turn.record({ type: "visit-ended", visitRef: passage.visitRef, ending });
}

/** The gate's line went up or down. */
export function gateChanged(turn: Turn, state: "locked" | "released"): void {
  turn.set({ gate: state });
  if (state === "released") {
    turn.set({ holdOpenFailed: false });
    return;
  }
  const { passage, awaitedReleases } = turn.state;
  // What locks now is the release before, when the gate has not answered for this one yet.
  if (awaitedReleases.some((each) => each.releaseRef === passage?.releaseRef)) return;
  endPassage(turn);
}

/** What the unit is to do: fire outranks every command, and an evacuation every lock-down. */
function modeOf({ fireActive, orders }: DoorwayState): Mode {
  if (fireActive || orders.evacuation !== undefined) return "evacuation";
  return orders.lockDown === undefined ? "normal" : "locked-down";
}

/** Says on the panel what holds. */
export function signalOf(mode: Mode): Signal {
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
export function applyMode(turn: Turn, authority?: Authority): void {
  const before = turn.state.mode;
  const mode = modeOf(turn.state);
  if (before === mode) return;
  turn.set({ mode, holdOpenFailed: false });
  turn.record({ type: "mode-changed", mode, ...(authority === undefined ? {} : { authority }) });
  if (before === "evacuation") {
    turn.clear("evacuation");
    turn.effect({ kind: "cancel-timer", timer: "hold-open" });
    turn.effect({ kind: "lock-gate" });
  }
  if (before === "locked-down") turn.clear("locked-down");
  turn.effect({ kind: "signal", signal: signalOf(mode) });
  switch (mode) {
    case "normal":
      return;
    case "locked-down":
      turn.raise("locked-down");
      turn.effect({ kind: "lock-gate" });
      return;
    case "evacuation":
      turn.raise("evacuation");
      endPassage(turn, true);
      holdOpen(turn);
  }
}

/** Keeps the way open a little longer while the evacuation lasts. */
export function holdOpen(turn: Turn): void {
  if (turn.state.mode !== "evacuation") return;
  const cause = turn.state.fireActive ? "fire" : "evacuation";
  const releaseRef = turn.event.ref;
  turn.effect({ kind: "release-gate", releaseRef, releaseMs: HOLD_OPEN_RELEASE_MS, cause });
  turn.effect({
    kind: "start-timer",
    timer: "hold-open",
    about: "evacuation",
    afterMs: HOLD_OPEN_RENEW_MS,
  });
}
