/**
 * The mode of the unit: what the fire input and the orders make of the door.
 *
 * ```
 * mode          holds while                                    the gate
 * evacuation    the fire input is active, or it was ordered    is held open, renewed every 2 s
 * locked-down   it was ordered, and no evacuation holds        is locked; only exits release it
 * normal        otherwise                                      is released for visits and by staff
 * ```
 *
 * A change locks the gate (except into an evacuation), ends the passage into an evacuation, and raises
 * or clears the mode's alarm. A lock-down that was ordered holds again after an evacuation.
 */
import type { Authority, Mode } from "./record.ts";
import type { DoorwayState } from "./state.ts";
import type { Transition } from "./transition.ts";
import { endPassage } from "./visit/passage.ts";

/** In an evacuation the release is renewed this often, so that it ends by itself if the unit does. */
const HOLD_OPEN_RENEW_MS = 2_000;
const HOLD_OPEN_RELEASE_MS = 4_000;

/** Fire outranks every command, and an evacuation every lock-down. */
export function modeOf({ fireActive, orders }: Pick<DoorwayState, "fireActive" | "orders">): Mode {
  if (fireActive || orders.evacuation !== undefined) return "evacuation";
  return orders.lockDown === undefined ? "normal" : "locked-down";
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
  transition.signalMode();
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
