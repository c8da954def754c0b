/** The devices a unit is to have, as alarms and figures name them. */
import type { UnitConfig } from "../config/unit.ts";
import type { DeviceName } from "../core/alarm.ts";

export function configuredDevices(config: UnitConfig["devices"]): DeviceName[] {
  const named: [DeviceName, unknown][] = [
    ["code-reader", config.camera],
    ["card-reader", config.cardReader],
    ["thermometer", config.thermometer],
    ["gate", config.gate],
    ["panel", config.panel],
    ["door-contacts", config.contacts],
  ];
  return named.flatMap(([name, settings]) => (settings === undefined ? [] : [name]));
}
