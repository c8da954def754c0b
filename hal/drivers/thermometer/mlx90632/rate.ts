/** How often an MLX90632 measures: a setting in its EEPROM, which takes only ten writes in its life. */
import { BusError } from "../../../bus/errors.ts";
import type { SmBus } from "../../../bus/smbus.ts";
import { delay, type Clock } from "../../../clock.ts";
import { readTwice, Register, writeWord } from "./registers.ts";

/** Measurements a second: a person is to be measured within seconds, and noise rises with the rate (figure 24). */
export type MeasuringRate = 4 | 8 | 16;

/** Table 10: what belongs in EE_MEAS_1 and EE_MEAS_2, and how long one measurement takes. */
export const RATES: Readonly<
  Record<MeasuringRate, { settings: readonly [number, number]; measurementMs: number }>
> = {
  4: { settings: [0x830d, 0x831d], measurementMs: 250 },
  8: { settings: [0x840d, 0x841d], measurementMs: 125 },
  16: { settings: [0x850d, 0x851d], measurementMs: 62.5 },
};

const UNLOCK_COMMAND = 0x554c; // figure 18
/** §9.1.1 asks for 5 ms at least after an erasure and after a write. */
const EEPROM_MS = 10;

/**
 * Sets the rate of a halted chip, where it has another one. A cell is written whole, so that one
 * that lost its supply in between is whole again.
 * @param writes how often this process may still write; a cell that does not keep its value must not
 * be written again and again
 * @throws BusError `corrupt` where the chip does not keep the setting
 */
export async function setRate(
  bus: SmBus,
  address: number,
  clock: Clock,
  { rateHz, writes }: { rateHz: MeasuringRate; writes: { left: number } },
): Promise<void> {
  const wanted = RATES[rateHz].settings;
  const wrong = async (): Promise<{ cell: number; value: number }[]> => {
    const held = await readTwice(bus, address, Register.measurementSettings, wanted.length);
    const cells = wanted.map((value, index) => ({
      cell: Register.measurementSettings + index,
      value,
    }));
    return cells.filter(({ value }, index) => value !== held[index]);
  };
  const cells = await wrong();
  if (cells.length === 0) return;
  if (writes.left > 0) {
    writes.left -= 1;
    for (const { cell, value } of cells) {
      await writeCell(bus, address, clock, cell, 0);
      await writeCell(bus, address, clock, cell, value);
    }
    if ((await wrong()).length === 0) return;
  }
  throw new BusError("corrupt", {
    bus: bus.name,
    address,
    during: "setting how often it measures",
    detail:
      "its EEPROM does not keep the setting; it takes ten writes, so the chip may be worn out",
  });
}

/** One write for each unlocking (§9.5); erased first, which is writing 0 (§9.3). */
async function writeCell(
  bus: SmBus,
  address: number,
  clock: Clock,
  cell: number,
  value: number,
): Promise<void> {
  await writeWord(bus, address, Register.command, UNLOCK_COMMAND);
  await writeWord(bus, address, cell, value);
  await delay(clock, EEPROM_MS);
}
