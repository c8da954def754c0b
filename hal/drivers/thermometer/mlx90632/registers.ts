/** What an MLX90632 has on the wire: words behind addresses of two bytes, constants, settings and commands. */
import { BusError } from "../../../bus/errors.ts";
import type { SmBus } from "../../../bus/smbus.ts";
import type { Constants } from "./temperature.ts";

/** Addresses of datasheet 3901090632 rev 13, table 7; the command register is of figures 17 and 18. */
export const Register = {
  productId: 0x2405,
  productCode: 0x2409,
  ambientConstants: 0x240c,
  objectConstants: 0x2424,
  customerConstants: 0x2481,
  measurementSettings: 0x24e1,
  control: 0x3001,
  command: 0x3005,
  status: 0x3fff,
} as const;

/** Bits of the control register (table 8). */
export const Control = {
  modeMask: 0b110,
  halt: 0b000,
  step: 0b100,
  continuous: 0b110,
  selectMask: 0x1f0,
} as const;

/** Bits of the status register (table 9). */
export const Status = {
  newData: 1,
  cyclePositionShift: 2,
  cyclePositionMask: 0x1f,
  brownOut: 1 << 8,
} as const;

const BYTES_PER_WORD = 2;

/** The words that follow one another from an address on. A wire has no check on them. */
export async function readWords(
  bus: SmBus,
  address: number,
  register: number,
  count: number,
): Promise<number[]> {
  const asked = Uint8Array.of(register >> 8, register & 0xff);
  const bytes = await bus.writeThenRead(address, asked, count * BYTES_PER_WORD);
  return Array.from({ length: count }, (_, index) => {
    const at = index * BYTES_PER_WORD;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  });
}

/** One word. Its first byte is the command of the bus: on the wire they are four bytes in a row. */
export async function writeWord(
  bus: SmBus,
  address: number,
  register: number,
  value: number,
): Promise<void> {
  const data = Uint8Array.of(register & 0xff, value >> 8, value & 0xff);
  await bus.writeBlock(address, register >> 8, data);
}

/** Sets bits of a register that has others which must stay as they are (§7.3). */
export async function changeWord(
  bus: SmBus,
  address: number,
  register: number,
  change: (word: number) => number,
): Promise<void> {
  const [word = 0] = await readWords(bus, address, register, 1);
  await writeWord(bus, address, register, change(word));
}

/**
 * The words twice over, because nothing protects them on the wire and a wrong constant would bend
 * every measurement after it.
 * @throws BusError `corrupt` where they differ
 */
export async function readTwice(
  bus: SmBus,
  address: number,
  register: number,
  count: number,
): Promise<number[]> {
  const first = await readWords(bus, address, register, count);
  const second = await readWords(bus, address, register, count);
  if (first.every((word, index) => word === second[index])) return first;
  throw new BusError("corrupt", {
    bus: bus.name,
    address,
    during: `reading register 0x${register.toString(16)}`,
    detail: "two readings of the same cells differ",
  });
}

const signed16 = (word: number): number => (word << 16) >> 16;

/**
 * The constants of table 7 in the units of §11.1. The chip must be halted meanwhile (§9.1).
 * @throws BusError `corrupt` where they cannot be those of such a chip
 */
export async function readConstants(bus: SmBus, address: number): Promise<Constants> {
  const ambient = await readTwice(bus, address, Register.ambientConstants, 8);
  const object = await readTwice(bus, address, Register.objectConstants, 12);
  const [ha = 0, hb = 0] = await readTwice(bus, address, Register.customerConstants, 2);
  // The least significant word first; shifted into the upper half, the other one brings the sign.
  const long = (words: readonly number[], index: number): number =>
    (words[index] ?? 0) | ((words[index + 1] ?? 0) << 16);
  const constants = {
    pr: long(ambient, 0) / 2 ** 8,
    pg: long(ambient, 2) / 2 ** 20,
    pt: long(ambient, 4) / 2 ** 44,
    po: long(ambient, 6) / 2 ** 8,
    ea: long(object, 0) / 2 ** 16,
    eb: long(object, 2) / 2 ** 8,
    fa: long(object, 4) / 2 ** 46,
    fb: long(object, 6) / 2 ** 36,
    ga: long(object, 8) / 2 ** 36,
    gb: signed16(object[10] ?? 0) / 2 ** 10,
    ka: signed16(object[11] ?? 0) / 2 ** 10,
    ha: signed16(ha) / 2 ** 14,
    hb: signed16(hb) / 2 ** 10,
  };
  const { pg, ea, fa, ha: gain } = constants;
  if (pg > 0 && ea > 0 && fa > 0 && gain > 0) return constants;
  throw new BusError("corrupt", {
    bus: bus.name,
    address,
    during: "reading the calibration constants",
    detail: "they are not those of an MLX90632; check which chip is at this address",
  });
}
