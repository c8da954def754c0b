/** Where things hang on the simulated unit; the same lines as docs/installers/wiring.md names (BCM numbers). */
import type { Contact } from "../../hal/devices.ts";
import { configuredDevices, devices, type ConfiguredDevice } from "../../src/config/devices.ts";

export const GATE_LINE = 17;
/** The guard's own limit; no release lasts longer, whatever the policy allows. */
export const GATE_MAXIMUM_MS = 10_000;

export const CONTACT_LINES: Readonly<Record<Contact, number>> = {
  "door-open": 27,
  "exit-request": 22,
  fire: 23,
  tamper: 24,
};

export const PANEL_LINES = { red: 5, yellow: 6, green: 13, buzzer: 19 } as const;

/** A simulated contact drives its line high while it is active. */
const contact = (line: number): object => ({ line, activeLow: false });

/** The `devices` of the unit's file on a simulated unit with everything. */
const DOORWAY_FILE = {
  camera: { source: "command", command: "simulated", width: 640, height: 480 },
  cardReader: {},
  thermometer: {},
  gate: { line: GATE_LINE, maximumMs: GATE_MAXIMUM_MS },
  panel: PANEL_LINES,
  contacts: Object.fromEntries(
    Object.entries(CONTACT_LINES).map(([name, line]) => [name, contact(line)]),
  ),
};

/** Devices as a unit's file names them, by its keys under `devices`. */
export type DevicesFile = Readonly<Record<string, unknown>>;

/** The same with other devices in place of those that have their key; a list takes the place of the single one. */
export function doorwayFile(changes: DevicesFile = {}): DevicesFile {
  const file: Record<string, unknown> = { ...DOORWAY_FILE };
  if ("codeReaders" in changes) delete file["camera"];
  if ("cardReaders" in changes) delete file["cardReader"];
  return { ...file, ...changes };
}

/** The devices that a file's `devices` names, checked as a unit checks its own. */
export function devicesIn(file: DevicesFile): ConfiguredDevice[] {
  return configuredDevices(devices.parse(file));
}
