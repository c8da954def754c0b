/** What a driver of a thermometer chip provides: access to one chip, and nothing about people. */
import type { SmBusHost } from "../../bus/smbus.ts";

/** An open connection to one chip. Every call rejects with what the bus says. */
export interface ThermometerChip {
  /** The bus and address it is at, for messages. */
  readonly bus: string;
  readonly address?: number;
  /** °C of what is in front of it; nothing while the chip marks its own value as invalid. */
  readObjectC(): Promise<number | undefined>;
  /** °C of the chip itself, which is that of the air around it; nothing while marked as invalid. */
  readAmbientC(): Promise<number | undefined>;
  /** What an installer wants to know of it: identity and settings, as short phrases. */
  identify(): Promise<string>;
  close(): Promise<void>;
}

/** Opens the connection; again after it was lost. */
export type OpenChip = () => Promise<ThermometerChip>;

/** How to fix a chip on a two-wire bus; a bus that is not there is another matter than a silent chip. */
export function twoWireFix(bus: number, detail: string): string {
  if (/ENOENT/.test(detail)) {
    return `there is no /dev/i2c-${bus}: dtparam=i2c_arm=on in config.txt, module i2c-dev loaded (sudo modprobe i2c-dev; deploy/install.sh has it loaded at each start), then reboot`;
  }
  return "check SDA, SCL and 3.3 V, group i2c, and that `driver` and `address` are those of this chip; where it answers now and then, dtparam=i2c_arm_baudrate=10000 in config.txt";
}

/** Reads a chip once, for `sentinel doctor`. */
export async function readOnce(open: OpenChip): Promise<string> {
  const chip = await open();
  try {
    const identity = await chip.identify();
    const ambientC = await chip.readAmbientC();
    const objectC = await chip.readObjectC();
    if (objectC === undefined || ambientC === undefined) {
      throw new Error("it answers, but reports an error instead of a temperature");
    }
    return `object ${objectC.toFixed(1)} °C, ambient ${ambientC.toFixed(1)} °C (${identity})`;
  } finally {
    await chip.close();
  }
}

/** Opens a chip's bus and makes the chip on it. */
export function onTwoWire(
  host: SmBusHost,
  make: (bus: Awaited<ReturnType<SmBusHost["open"]>>) => ThermometerChip,
): OpenChip {
  return async () => make(await host.open());
}
