/** The unit's devices, made by the drivers that its configuration names. */
import type { DeviceByKind, DeviceKind, DriverContext } from "../../hal/driver.ts";
import { driverOf } from "../../hal/registry.ts";
import type { ConfiguredDevice } from "../config/devices.ts";
import type { Devices } from "../gateway/sensing.ts";

/** Makes new devices at each start of the unit. Nothing is opened before a device is started. */
export type MakeDevices = (context: DriverContext) => Devices;

/**
 * Loads the drivers of what is configured, and no others: a panel's library alone is 5 MB of a unit's memory.
 * @throws RangeError where no gate is among them
 */
export async function loadDrivers(configured: readonly ConfiguredDevice[]): Promise<MakeDevices> {
  const codeReaders = await factoriesOf("code-reader", configured);
  const cardReaders = await factoriesOf("card-reader", configured);
  const [thermometer] = await factoriesOf("thermometer", configured);
  const [gate] = await factoriesOf("gate", configured);
  const [panel] = await factoriesOf("panel", configured);
  const [doorContacts] = await factoriesOf("door-contacts", configured);
  if (gate === undefined) throw new RangeError("a unit has a gate");
  return (context) => ({
    gate: gate(context),
    ...(codeReaders.length > 0 && { codeReaders: codeReaders.map((make) => make(context)) }),
    ...(cardReaders.length > 0 && { cardReaders: cardReaders.map((make) => make(context)) }),
    ...(thermometer && { thermometer: thermometer(context) }),
    ...(panel && { panel: panel(context) }),
    ...(doorContacts && { doorContacts: doorContacts(context) }),
  });
}

async function factoriesOf<K extends DeviceKind>(
  kind: K,
  configured: readonly ConfiguredDevice[],
): Promise<((context: DriverContext) => DeviceByKind[K])[]> {
  return Promise.all(
    configured
      .filter((device) => device.kind === kind)
      .map(async ({ settings }) => {
        const create = await driverOf(kind, settings).load();
        return (context: DriverContext) => create(settings, context);
      }),
  );
}
