/** The configuration of a simulated unit, as an installer would have written it. */
import { unitSchema, type UnitConfig } from "../../src/config/unit.ts";
import { CONTACT_LINES, GATE_LINE, GATE_MAXIMUM_MS, PANEL_LINES } from "../doorway/wiring.ts";
import { UNIT_FILES } from "./unit-files.ts";

/** Devices a unit can be built without. */
export type OptionalDevice = "camera" | "card-reader" | "thermometer" | "panel" | "door-contacts";

export interface SimulatedUnitOptions {
  unitId: string;
  district: string;
  venue?: { zh: string; en: string };
  without?: readonly OptionalDevice[];
  /** Paths of trust and revocation files. */
  trust: readonly string[];
  revoked: readonly string[];
  mqtt?: { url?: string; version?: "5" | "3.1.1"; collector?: boolean; homeAssistant?: boolean };
  /** Whether the unit has files of who may command it, and who may give it data. */
  keys?: { commands: boolean; data: boolean };
  /** With it tokens that the directory does not know are asked of the online resolver. */
  resolver?: boolean;
}

export function simulatedUnitConfig(options: SimulatedUnitOptions): UnitConfig {
  const { unitId, district, venue, without = [], trust, revoked, mqtt, resolver } = options;
  const { keys = { commands: true, data: true } } = options;
  const devices = {
    camera: { source: "command", command: "simulated", width: 640, height: 480 },
    cardReader: {},
    thermometer: {},
    gate: { line: GATE_LINE, maximumMs: GATE_MAXIMUM_MS },
    panel: PANEL_LINES,
    contacts: CONTACT_LINES,
  };
  const settings: Readonly<Record<OptionalDevice, keyof typeof devices>> = {
    camera: "camera",
    "card-reader": "cardReader",
    thermometer: "thermometer",
    panel: "panel",
    "door-contacts": "contacts",
  };
  const missing = new Set(without.map((device) => settings[device]));
  return unitSchema.parse({
    unitId,
    district,
    ...(venue === undefined ? {} : { venue }),
    store: { path: UNIT_FILES.database },
    keys: { district: UNIT_FILES.districtKey, unit: UNIT_FILES.unitKey },
    trust: { files: trust, revoked, directory: UNIT_FILES.directory },
    mqtt: { url: "mqtt://127.0.0.1:1883", ...mqtt },
    ...(keys.commands ? { commands: { keys: UNIT_FILES.commandKeys } } : {}),
    ...(keys.data ? { data: { keys: UNIT_FILES.dataKeys, folder: UNIT_FILES.dataSets } } : {}),
    ...(resolver === true ? { resolver: { url: "https://resolver.simulated/ask" } } : {}),
    devices: Object.fromEntries(
      Object.entries(devices).filter(([name]) => ![...missing].some((each) => each === name)),
    ),
  });
}
