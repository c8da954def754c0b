/** Contacts around the door: one that opens, the exit button, the fire input, the tamper switch. */
import type { EventOf } from "./event.ts";
import { applyMode, askGate, releaseFor, type Release } from "./visit/passage.ts";
import type { ExitRequest } from "./state.ts";
import type { Turn } from "./turn.ts";

/** A door that was closed for less than this has only rattled: it is the same opening. */
const RATTLE_MS = 300;
/** A door comes to rest within this time. */
const RATTLES_AT_MOST_MS = 2_000;
const FIRE_RESTS_MS = 60_000;
const FIRE_RISES_KEPT = 3;
/** A release that was renewed less than this ago needs no renewal. */
const RENEW_EVERY_MS = 500;

/** A contact around the door changed. */
export function contactChanged(turn: Turn, event: EventOf<"contact-changed">): void {
  switch (event.contact) {
    case "door-open":
      return event.active ? doorOpened(turn, event.found === true) : doorClosed(turn);
    case "exit-request":
      return event.active ? exitRequested(turn) : undefined;
    case "fire":
      return fireChanged(turn, event.active);
    case "tamper":
      return event.active ? turn.raise("tamper") : turn.clear("tamper");
  }
}

/** @param found so it was when the unit began to look: who opened it, and when, nobody knows */
function doorOpened(turn: Turn, found: boolean): void {
  const { state } = turn;
  const { passage } = state;
  turn.set({ doorOpen: true });
  if (passage !== null) turn.set({ passage: { ...passage, doorOpened: true } });
  const rattling = rattles(turn);
  if (!found && !rattling && !isExpected(turn)) turn.raise("forced-open");
  if (!rattling) turn.set({ rattlesUntilMs: null });
  turn.effect({
    kind: "start-timer",
    timer: "door-open",
    about: "door",
    afterMs: state.policy.visit.maxOpenMs,
  });
}

function isExpected(turn: Turn): boolean {
  const { passage, exitUntilMs, gate, mode } = turn.state;
  if (passage !== null || gate === "released" || mode === "evacuation") return true;
  return turn.event.at.monotonicMs < exitUntilMs;
}

/** The opening before goes on; a door that rattles on and on would hide a break-in. */
function rattles({ state, event }: Turn): boolean {
  const { doorClosed: closed, rattlesUntilMs } = state;
  const { monotonicMs } = event.at;
  if (closed === null || closed.forced || rattlesUntilMs === null) return false;
  return monotonicMs - closed.atMs < RATTLE_MS && monotonicMs < rattlesUntilMs;
}

function doorClosed(turn: Turn): void {
  const forced = turn.state.alarms.some(({ kind }) => kind === "forced-open");
  const { monotonicMs: atMs } = turn.event.at;
  const rattlesUntilMs = turn.state.rattlesUntilMs ?? atMs + RATTLES_AT_MOST_MS;
  turn.set({ doorOpen: false, doorClosed: { atMs, forced }, rattlesUntilMs });
  turn.effect({ kind: "cancel-timer", timer: "door-open" });
  turn.clear("forced-open");
  turn.clear("open-too-long");
}

/** The door has been open for as long as it may. */
export function doorOpenTooLong(turn: Turn): void {
  if (turn.state.doorOpen && turn.state.mode !== "evacuation") turn.raise("open-too-long");
}

// Nobody is ever kept in: the lock's own wiring lets people out, and this only keeps the unit from
// calling it a break-in. No record is waited for.
function exitRequested(turn: Turn): void {
  const { policy, mode, exit } = turn.state;
  if (mode === "evacuation") return;
  const { monotonicMs } = turn.event.at;
  turn.set({ exitUntilMs: monotonicMs + policy.visit.releaseMs + policy.visit.maxOpenMs });
  if (exit === null) beginExit(turn);
  else renewExit(turn, exit);
  // Within this time the button's next press is the same request.
  const afterMs = policy.visit.releaseMs + 1_000;
  turn.effect({ kind: "start-timer", timer: "exit-quiet", about: "exit", afterMs });
}

function beginExit(turn: Turn): void {
  const releaseRef = turn.event.ref;
  turn.record({ type: "gate-released", cause: "exit-request", releaseRef });
  turn.set({ exit: { releaseRef, times: 1, renewedAtMs: turn.event.at.monotonicMs } });
  openForExit(turn, releaseRef);
}

/** The way out stays open; a button that chatters is counted, and is one record. */
function renewExit(turn: Turn, exit: ExitRequest): void {
  const { gate } = turn.state;
  const nowMs = turn.event.at.monotonicMs;
  const fresh = gate === "released" && nowMs - exit.renewedAtMs < RENEW_EVERY_MS;
  const renewedAtMs = fresh ? exit.renewedAtMs : nowMs;
  turn.set({ exit: { ...exit, times: exit.times + 1, renewedAtMs } });
  if (!fresh) openForExit(turn, exit.releaseRef);
}

function openForExit(turn: Turn, releaseRef: string): void {
  const release: Release = { releaseRef, cause: "exit-request", recorded: true };
  const { passage, awaitedReleases } = turn.state;
  if (awaitedReleases.some((each) => each.releaseRef === releaseRef)) return;
  // An exit that goes on has the passage to itself; a visitor's stays the visitor's.
  if (passage === null || passage.cause === "exit-request") releaseFor(turn, release);
  else askGate(turn, release);
}

/** The button has rested. */
export function exitQuiet(turn: Turn): void {
  const { exit } = turn.state;
  turn.set({ exit: null });
  if (exit === null || exit.times === 1) return;
  const { releaseRef, times } = exit;
  turn.record({ type: "exit-repeated", releaseRef, times });
}

// A loose fire input must not slam the gate under people who leave: from its third rise within a
// minute on, the way stays open until the input has rested for as long.
function fireChanged(turn: Turn, active: boolean): void {
  const nowMs = turn.event.at.monotonicMs;
  const recent = turn.state.fireRoseMs.filter((atMs) => nowMs - atMs < FIRE_RESTS_MS);
  if (!active) {
    if (recent.length < FIRE_RISES_KEPT) return fireEnded(turn);
    return turn.effect({
      kind: "start-timer",
      timer: "fire-quiet",
      about: "fire",
      afterMs: FIRE_RESTS_MS,
    });
  }
  turn.set({ fireActive: true, fireRoseMs: [...recent, nowMs].slice(-FIRE_RISES_KEPT) });
  turn.effect({ kind: "cancel-timer", timer: "fire-quiet" });
  turn.raise("fire");
  applyMode(turn);
}

/** The fire input is at rest. */
export function fireEnded(turn: Turn): void {
  turn.set({ fireActive: false });
  turn.effect({ kind: "cancel-timer", timer: "fire-quiet" });
  turn.clear("fire");
  applyMode(turn);
}
