/** How warm the unit's processor is, as the kernel says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the kernel lists its thermal zones (Documentation/driver-api/thermal/sysfs-api.rst). */
const ZONES = "/sys/class/thermal";
/** What the zone of the processor is called: a Raspberry Pi's first, then PCs'. */
const PROCESSOR_ZONES = ["cpu-thermal", "cpu_thermal", "x86_pkg_temp", "acpitz"];
// sysfs-api.rst, "temp": millidegree Celsius.
const MILLI = 1_000;

/**
 * A probe of the processor's temperature in degrees Celsius, or nothing where the machine has no
 * such sensor. The probe gives nothing while the sensor cannot be read.
 */
export function createTemperatureProbe(zones = ZONES): (() => number | undefined) | undefined {
  const path = findZone(zones);
  if (path === undefined) return undefined;
  return () => {
    const text = readText(join(path, "temp"));
    const milli = text === undefined || text === "" ? NaN : Number(text);
    return Number.isFinite(milli) ? milli / MILLI : undefined;
  };
}

function findZone(zones: string): string | undefined {
  const byType = new Map<string, string>();
  for (const name of folderOf(zones)) {
    const path = join(zones, name);
    const type = readText(join(path, "type"));
    if (type !== undefined && !byType.has(type)) byType.set(type, path);
  }
  const known = PROCESSOR_ZONES.find((type) => byType.has(type));
  return known === undefined ? undefined : byType.get(known);
}

function folderOf(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
