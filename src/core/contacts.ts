/** Contacts around the door: one that opens, the exit button, the fire input, the tamper switch. */
import type { EventOf } from "./event.ts";
import { applyMode } from "./mode.ts";
import { releaseForPassage, requestGateRelease, type Release } from "./visit/passage.ts";
import type { ExitRequest } from "./state.ts";
import type { Transition } from "./transition.ts";

/** A door that was closed for less than this has only bounced: it is the same opening. */
const BOUNCE_MS = 300;
/** A door comes to rest within this time. */
const BOUNCES_AT_MOST_MS = 2_000;
const FIRE_RESTS_MS = 60_000;
const FIRE_RISES_KEPT = 3;
/** A release that was renewed less than this ago needs no renewal. */
const RENEW_EVERY_MS = 500;

/** A contact around the door changed. */
export function contactChanged(transition: Transition, event: EventOf<"contact-changed">): void {
  switch (event.contact) {
    case "door-open":
      return event.active ? doorOpened(transition, event.found === true) : doorClosed(transition);
    case "exit-request":
      return event.active ? exitRequested(transition) : undefined;
    case "fire":
      return fireChanged(transition, event.active);
    case "tamper":
      return event.active ? transition.raise("tamper") : transition.clear("tamper");
  }
}

/** @param found the door was open when the unit began to read the contact: since when is unknown */
function doorOpened(transition: Transition, found: boolean): void {
  const { state } = transition;
  const { passage } = state;
  transition.update({ doorOpen: true });
  if (passage !== null) transition.update({ passage: { ...passage, doorOpened: true } });
  const rattling = isBouncing(transition);
  if (!found && !rattling && !isExpected(transition)) transition.raise("forced-open");
  if (!rattling) transition.update({ bouncesUntilMs: null });
  transition.effect({
    kind: "start-timer",
    timer: "door-open",
    about: "door",
    afterMs: state.policy.visit.maxOpenMs,
  });
}

function isExpected(transition: Transition): boolean {
  const { passage, exitUntilMs, gate, mode } = transition.state;
  if (passage !== null || gate === "released" || mode === "evacuation") return true;
  return transition.event.at.monotonicMs < exitUntilMs;
}

/** The same opening goes on; a contact that bounces for longer could hide a break-in. */
function isBouncing({ state, event }: Transition): boolean {
  const { doorClosed: closed, bouncesUntilMs } = state;
  const { monotonicMs } = event.at;
  if (closed === null || closed.forced || bouncesUntilMs === null) return false;
  return monotonicMs - closed.atMs < BOUNCE_MS && monotonicMs < bouncesUntilMs;
}

function doorClosed(transition: Transition): void {
  const forced = transition.state.alarms.some(({ kind }) => kind === "forced-open");
  const { monotonicMs: atMs } = transition.event.at;
  const bouncesUntilMs = transition.state.bouncesUntilMs ?? atMs + BOUNCES_AT_MOST_MS;
  transition.update({ doorOpen: false, doorClosed: { atMs, forced }, bouncesUntilMs });
  transition.effect({ kind: "cancel-timer", timer: "door-open" });
  transition.clear("forced-open");
  transition.clear("open-too-long");
}

/** The door has been open for as long as it may. */
export function doorOpenTooLong(transition: Transition): void {
  if (transition.state.doorOpen && transition.state.mode !== "evacuation")
    transition.raise("open-too-long");
}

// The lock's own wiring lets people out; this keeps the unit from taking an exit for a break-in. It
// waits for no record.
function exitRequested(transition: Transition): void {
  const { policy, mode, exit } = transition.state;
  if (mode === "evacuation") return;
  const { monotonicMs } = transition.event.at;
  transition.update({ exitUntilMs: monotonicMs + policy.visit.releaseMs + policy.visit.maxOpenMs });
  if (exit === null) beginExit(transition);
  else renewExit(transition, exit);
  // Within this time the button's next press is the same request.
  const afterMs = policy.visit.releaseMs + 1_000;
  transition.effect({ kind: "start-timer", timer: "exit-quiet", about: "exit", afterMs });
}

function beginExit(transition: Transition): void {
  const releaseRef = transition.event.ref;
  transition.record({ type: "gate-released", cause: "exit-request", releaseRef });
  transition.update({
    exit: { releaseRef, times: 1, renewedAtMs: transition.event.at.monotonicMs },
  });
  openForExit(transition, releaseRef);
}

/** The way out stays open; a button that chatters is counted, and is one record. */
function renewExit(transition: Transition, exit: ExitRequest): void {
  const { gate } = transition.state;
  const nowMs = transition.event.at.monotonicMs;
  const fresh = gate === "released" && nowMs - exit.renewedAtMs < RENEW_EVERY_MS;
  const renewedAtMs = fresh ? exit.renewedAtMs : nowMs;
  transition.update({ exit: { ...exit, times: exit.times + 1, renewedAtMs } });
  if (!fresh) openForExit(transition, exit.releaseRef);
}

function openForExit(transition: Transition, releaseRef: string): void {
  const release: Release = { releaseRef, cause: "exit-request", recorded: true };
  const { passage, awaitedReleases } = transition.state;
  if (awaitedReleases.some((each) => each.releaseRef === releaseRef)) return;
  // An exit that goes on has the passage to itself; a visitor's stays the visitor's.
  if (passage === null || passage.cause === "exit-request") releaseForPassage(transition, release);
  else requestGateRelease(transition, release);
}

/** The button has rested. */
export function exitQuiet(transition: Transition): void {
  const { exit } = transition.state;
  transition.update({ exit: null });
  if (exit === null || exit.times === 1) return;
  const { releaseRef, times } = exit;
  transition.record({ type: "exit-repeated", releaseRef, times });
}

// A loose fire input must not slam the gate under people who leave: from its third rise within a
// minute on, the way stays open until the input has rested for as long.
function fireChanged(transition: Transition, active: boolean): void {
  const nowMs = transition.event.at.monotonicMs;
  const recent = transition.state.fireRoseMs.filter((atMs) => nowMs - atMs < FIRE_RESTS_MS);
  if (!active) {
    if (recent.length < FIRE_RISES_KEPT) return fireEnded(transition);
    return transition.effect({
      kind: "start-timer",
      timer: "fire-quiet",
      about: "fire",
      afterMs: FIRE_RESTS_MS,
    });
  }
  transition.update({ fireActive: true, fireRoseMs: [...recent, nowMs].slice(-FIRE_RISES_KEPT) });
  transition.effect({ kind: "cancel-timer", timer: "fire-quiet" });
  transition.raise("fire");
  applyMode(transition);
}

/** The fire input is at rest. */
export function fireEnded(transition: Transition): void {
  transition.update({ fireActive: false });
  transition.effect({ kind: "cancel-timer", timer: "fire-quiet" });
  transition.clear("fire");
  applyMode(transition);
}
