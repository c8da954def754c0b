/** Watches the wall clock against the monotonic one: a jump or a lost synchronisation is an event. */
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import type { Emit } from "./sensing.ts";

const CHECK_EVERY_MS = 1_000;
/**
 * Reported from here on. Slewing moves both clocks alike (clock_gettime(2), adjtime(3)), so that whatever
 * comes between them was stepped: small steps add up, or a clock could be led away unseen.
 */
const STEP_MS = 500;

/** A clock that is watched. */
export interface ClockWatch extends Timer {
  /** Checks now instead of at the next second: the unit is about to stop. */
  check(): void;
}

/**
 * Starts watching; the first check reports an untrusted clock at the start.
 *
 * @param behindMs by how much the clock has fallen behind a time that was there already, at start
 */
export function watchClock(clock: Clock, emit: Emit, behindMs = 0): ClockWatch {
  let offsetMs = clock.wallMs() - clock.monotonicMs();
  let trusted = true;
  const check = (): void => {
    const nowOffsetMs = clock.wallMs() - clock.monotonicMs();
    const nowTrusted = clock.wallTrusted();
    const byMs = Math.round(nowOffsetMs - offsetMs);
    const stepped = Math.abs(byMs) >= STEP_MS;
    if (stepped) offsetMs = nowOffsetMs;
    if (!stepped && nowTrusted === trusted) return;
    trusted = nowTrusted;
    emit({ kind: "clock-changed", byMs: stepped ? byMs : 0, trusted });
  };
  if (behindMs === 0) check();
  else {
    trusted = clock.wallTrusted();
    emit({ kind: "clock-changed", byMs: -behindMs, trusted });
  }
  const timer = every(clock, CHECK_EVERY_MS, check);
  return { check, cancel: () => timer.cancel() };
}
