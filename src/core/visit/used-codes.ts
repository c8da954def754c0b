/** Live codes that admitted a visitor: within the reuse window they admit no other. */
import type { EventOf } from "../event.ts";
import type { Credential } from "../evidence/evidence.ts";
import type { Transition } from "../transition.ts";

/** How many live codes are remembered for the reuse window; the oldest go first. */
const USED_CODES_KEPT = 512;

/** A visitor was admitted with this credential. */
export function rememberUse(transition: Transition, credential: Credential): void {
  if (credential.kind !== "health-pass-live") return;
  const used = { reference: credential.reference, atMs: transition.event.at.monotonicMs };
  transition.update({
    usedCodes: [...transition.state.usedCodes, used].slice(-USED_CODES_KEPT),
  });
}

/** No visitor entered with it after all: its holder may present it again. */
export function forgetUse(transition: Transition, { reference }: Credential): void {
  const usedCodes = transition.state.usedCodes.filter((each) => each.reference !== reference);
  transition.update({ usedCodes });
}

/** Restores the list after a restart. */
export function restoreUsedCodes(
  transition: Transition,
  { used }: EventOf<"codes-remembered">,
): void {
  const nowMs = transition.event.at.monotonicMs;
  const before = used.map(({ reference, agoMs }) => {
    return { reference, atMs: nowMs - agoMs, restoredAtMs: nowMs };
  });
  transition.update({
    usedCodes: [...before, ...transition.state.usedCodes].slice(-USED_CODES_KEPT),
  });
}

/**
 * Corrects restored codes when the wall clock is set back: a clock that was ahead at the restart made
 * them look older than they are. A clock that was behind made them look newer, which admits no one.
 */
export function redateUsedCodes(transition: Transition, byMs: number): void {
  if (byMs >= 0) return;
  const usedCodes = transition.state.usedCodes.map((each) => {
    if (each.restoredAtMs === undefined) return each;
    return { ...each, atMs: Math.min(each.restoredAtMs, each.atMs - byMs) };
  });
  transition.update({ usedCodes });
}
