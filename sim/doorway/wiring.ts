/** Where things hang on the simulated unit; the same lines as docs/installers/wiring.md names (BCM numbers). */
import type { Contact } from "../../hal/devices.ts";

export const GATE_LINE = 17;
/** The guard's own limit; no release lasts longer, whatever the policy says. */
export const GATE_MAXIMUM_MS = 10_000;

export const CONTACT_LINES: Readonly<Record<Contact, number>> = {
  "door-open": 27,
  "exit-request": 22,
  fire: 23,
  tamper: 24,
};

export const PANEL_LINES = { red: 5, yellow: 6, green: 13, buzzer: 19 } as const;
