/** Access to a Melexis MLX90614 infrared thermometer on an SMBus. */
import type { SmBus } from "../../../bus/smbus.ts";
import type { ThermometerChip } from "../chip.ts";
import { countToCelsius, readRegister, readTemperature, Register } from "./registers.ts";

/** Every part leaves the factory at this address (datasheet rev 13, §8.4.4). */
export const MLX90614_ADDRESS = 0x5a;

/** Takes over the open bus, and closes it with the chip. */
export function createMlx90614(bus: SmBus, address: number): ThermometerChip {
  const celsius = async (command: number): Promise<number | undefined> => {
    const count = await readTemperature(bus, address, command);
    return count === undefined ? undefined : countToCelsius(count);
  };
  return {
    bus: bus.name,
    address,
    readObjectC: () => celsius(Register.object),
    readAmbientC: () => celsius(Register.ambient),
    async identify() {
      const words: string[] = [];
      for (const command of Register.identity) {
        words.push((await readRegister(bus, address, command)).toString(16).padStart(4, "0"));
      }
      const emissivity = (await readRegister(bus, address, Register.emissivity)) / 0xffff;
      return `MLX90614 ${words.join("")}, emissivity ${emissivity.toFixed(2)}`;
    },
    close: () => bus.close(),
  };
}
