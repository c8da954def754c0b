/** A device's health as it is told: every change once, and the present state to whoever starts listening. */
import { BusError } from "../../bus/errors.ts";
import type { DeviceHealth } from "../../devices.ts";

export interface Health {
  readonly current: DeviceHealth;
  set(next: DeviceHealth): void;
  onChange(listener: (health: DeviceHealth) => void): void;
}

/** A device that has not been started counts as starting. */
export function createHealth(): Health {
  let current: DeviceHealth = { state: "starting" };
  let tell: ((health: DeviceHealth) => void) | undefined;
  return {
    get current() {
      return current;
    },
    set(next) {
      if (isSame(current, next)) return;
      current = next;
      tell?.(next);
    },
    onChange(listener) {
      tell = listener;
      listener(current);
    },
  };
}

// The same kind of failure again is no news, even when its words differ.
function isSame(a: DeviceHealth, b: DeviceHealth): boolean {
  if (a.state === "failed" && b.state === "failed") return a.kind === b.kind;
  return a.state === b.state;
}

/** How an error is told as a device's health. */
export function failureOf(error: unknown): DeviceHealth {
  return {
    state: "failed",
    kind: error instanceof BusError ? error.kind : "error",
    detail: error instanceof Error ? error.message : String(error),
  };
}
