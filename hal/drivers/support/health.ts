/** A device's health: each change is reported once, and the present state to a new listener. */
import { BusError } from "../../bus/errors.ts";
import type { DeviceHealth } from "../../devices.ts";

export interface Health {
  readonly current: DeviceHealth;
  set(next: DeviceHealth): void;
  /** Called on every change, and once with the present state. One listener. */
  onChange(listener: (health: DeviceHealth) => void): void;
}

/** A device that has not been started counts as starting. */
export function createHealth(): Health {
  let current: DeviceHealth = { state: "starting" };
  let listener: ((health: DeviceHealth) => void) | undefined;
  return {
    get current() {
      return current;
    },
    set(next) {
      if (isSame(current, next)) return;
      current = next;
      listener?.(next);
    },
    onChange(added) {
      listener = added;
      added(current);
    },
  };
}

// The same kind of failure again is no change, even where its detail differs.
function isSame(a: DeviceHealth, b: DeviceHealth): boolean {
  if (a.state === "failed" && b.state === "failed") return a.kind === b.kind;
  return a.state === b.state;
}

/** An error as a device's health. */
export function failureOf(error: unknown): DeviceHealth {
  return {
    state: "failed",
    kind: error instanceof BusError ? error.kind : "error",
    detail: error instanceof Error ? error.message : String(error),
  };
}
