/** The configuration of a simulated unit, as an installer would have written it. */
import { unitSchema, type UnitConfig } from "../../src/config/unit.ts";
import { doorwayFile, type DevicesFile } from "../doorway/wiring.ts";
import { UNIT_FILES } from "./unit-files.ts";

/** Devices a unit can be built without. */
export type OptionalDevice = "camera" | "card-reader" | "thermometer" | "panel" | "door-contacts";

export interface SimulatedUnitOptions {
  unitId: string;
  district: string;
  venue?: { zh: string; en: string };
  without?: readonly OptionalDevice[];
  /** Other devices than a doorway usually has, as a unit's file names them. */
  devices?: DevicesFile;
  /** Paths of trust and revocation files. */
  trust: readonly string[];
  revoked: readonly string[];
  mqtt?: { url?: string; version?: "5" | "3.1.1"; collector?: boolean; homeAssistant?: boolean };
  /** Whether the unit has files of who may command it, and who may give it data. */
  keys?: { commands: boolean; data: boolean };
  /** With it tokens that the directory does not know are asked of the online resolver. */
  resolver?: boolean;
}

const SETTINGS: Readonly<Record<OptionalDevice, readonly string[]>> = {
  camera: ["camera"],
  "card-reader": ["cardReader", "cardReaders"],
  thermometer: ["thermometer"],
  panel: ["panel"],
  "door-contacts": ["contacts"],
};

export function simulatedUnitConfig(options: SimulatedUnitOptions): UnitConfig {
  const { unitId, district, venue, without = [], trust, revoked, mqtt, resolver } = options;
  const { keys = { commands: true, data: true } } = options;
  const missing = new Set(without.flatMap((device) => SETTINGS[device]));
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
      Object.entries(doorwayFile(options.devices)).filter(([setting]) => !missing.has(setting)),
    ),
  });
}
