/** The MLX90614's registers, its packet error code, and its counts as temperatures. */
import { BusError } from "../../../bus/errors.ts";
import type { SmBus } from "../../../bus/smbus.ts";

/** Command bytes: RAM as they are, EEPROM cells behind 0x20 (datasheet rev 13, §8.4.5). */
export const Register = {
  ambient: 0x06,
  object: 0x07,
  emissivity: 0x24,
  configuration: 0x25,
  address: 0x2e,
  identity: [0x3c, 0x3d, 0x3e, 0x3f],
} as const;

/** One count of a linearised temperature is 0.02 K (datasheet rev 13, §8.4.5). */
export const KELVIN_PER_COUNT = 0.02;
const ZERO_CELSIUS_K = 273.15;
const ERROR_FLAG = 0x8000; // set when the chip does not believe its own number
const POLYNOMIAL = 0x07; // SMBus 3.1 §6.4.1.2: x⁸ + x² + x + 1

const TABLE = Uint8Array.from({ length: 256 }, (_, value) => {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80 ? POLYNOMIAL : 0);
  return crc & 0xff;
});

/** SMBus packet error code over every byte on the wire, the address bytes included. */
export function packetErrorCode(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) crc = TABLE[crc ^ byte] ?? 0;
  return crc;
}

/** °C of a count. */
export function countToCelsius(count: number): number {
  return count * KELVIN_PER_COUNT - ZERO_CELSIUS_K;
}

/**
 * Reads one 16-bit register and checks its packet error code.
 * @throws BusError `corrupt` on a wrong code, or what the bus says
 */
export async function readRegister(bus: SmBus, address: number, command: number): Promise<number> {
  const [low = 0, high = 0, code] = await bus.readBlock(address, command, 3);
  const expected = packetErrorCode([address << 1, command, (address << 1) | 1, low, high]);
  if (code !== expected) {
    throw new BusError("corrupt", {
      bus: bus.name,
      address,
      during: `reading register 0x${command.toString(16).padStart(2, "0")}`,
      detail: `packet error code 0x${(code ?? 0).toString(16)} instead of 0x${expected.toString(16)}`,
    });
  }
  return low | (high << 8);
}

/** Reads a temperature register in counts; `undefined` when the chip flags its own data as wrong. */
export async function readTemperature(
  bus: SmBus,
  address: number,
  command: number,
): Promise<number | undefined> {
  const word = await readRegister(bus, address, command);
  return (word & ERROR_FLAG) === 0 ? word : undefined;
}

/** What an installer wants to see of a thermometer. */
export interface Mlx90614Probe {
  /** The address the chip itself believes it has. */
  ownAddress: number;
  /** 64 bits, most significant word last, as hexadecimal digits. */
  identity: string;
  /** Emissivity it corrects for, 0…1; skin is 0.98. */
  emissivity: number;
  configuration: number;
  /** °C; absent while the chip flags them as wrong. */
  ambientC?: number;
  objectC?: number;
}

/** Reads identity, settings and both temperatures once; rejects with what the bus says. */
export async function probeMlx90614(bus: SmBus, address = 0x5a): Promise<Mlx90614Probe> {
  const identity: string[] = [];
  for (const command of Register.identity) {
    identity.push((await readRegister(bus, address, command)).toString(16).padStart(4, "0"));
  }
  const ambient = await readTemperature(bus, address, Register.ambient);
  const object = await readTemperature(bus, address, Register.object);
  return {
    ownAddress: (await readRegister(bus, address, Register.address)) & 0x7f,
    identity: identity.join(""),
    emissivity: (await readRegister(bus, address, Register.emissivity)) / 0xffff,
    configuration: await readRegister(bus, address, Register.configuration),
    ...(ambient === undefined ? {} : { ambientC: countToCelsius(ambient) }),
    ...(object === undefined ? {} : { objectC: countToCelsius(object) }),
  };
}
