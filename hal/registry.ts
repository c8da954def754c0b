/** Every driver there is, by the kind of device it is for. Adding one is one line here and its folder. */
import { camera } from "./drivers/code-reader/camera/register.ts";
import { serialScanner } from "./drivers/code-reader/serial-scanner/register.ts";
import { gpioContacts } from "./drivers/contacts/gpio/register.ts";
import { guardedLine } from "./drivers/gate/guarded-line/register.ts";
import { sdt } from "./drivers/card-reader/sdt/register.ts";
import { firmataPanel } from "./drivers/panel/firmata/register.ts";
import { gpioPanel } from "./drivers/panel/gpio/register.ts";
import { mlx90614 } from "./drivers/thermometer/mlx90614/register.ts";
import { mlx90632 } from "./drivers/thermometer/mlx90632/register.ts";
import type { DeviceKind, DeviceSettings, Driver } from "./driver.ts";

/** The first of each kind is the one that is meant where a file names no driver. */
export const DRIVERS: { readonly [K in DeviceKind]: readonly [Driver<K>, ...Driver<K>[]] } = {
  "code-reader": [camera, serialScanner],
  "card-reader": [sdt],
  thermometer: [mlx90614, mlx90632],
  gate: [guardedLine],
  panel: [gpioPanel, firmataPanel],
  "door-contacts": [gpioContacts],
};

/**
 * The driver of these settings.
 * @throws RangeError for a name that no driver of the kind has
 */
export function driverOf<K extends DeviceKind>(kind: K, { driver }: DeviceSettings): Driver<K> {
  const drivers: readonly Driver<K>[] = DRIVERS[kind];
  const found = drivers.find(({ name }) => name === driver);
  if (found !== undefined) return found;
  const known = drivers.map(({ name }) => name).join(", ");
  throw new RangeError(`no ${kind} driver is named ${driver}; known: ${known}`);
}
