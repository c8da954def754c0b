/**
 * A simulated Melexis MLX90632 infrared thermometer: I2C bytes on one face, a scene on the other.
 * Written from the datasheet (Melexis 3901090632, revision 13, June 2025), independently of any driver.
 */
import type { TwoWireChip } from "../bus/smbus.ts";
import type { Clock } from "../../hal/clock.ts";

/** The part of a random stream the chip's noise needs. */
export interface Noise {
  /** Normally distributed, mean 0, standard deviation 1. */
  normal(): number;
}

export interface Mlx90632ChipOptions {
  clock: Clock;
  random: Noise;
  /** 0x3A with the ADDR pin at ground, 0x3B with it at the supply (§9.1). */
  address?: number;
  /** Standard deviation of one measurement at two measurements a second, K (figure 24: 24 mK). */
  noiseK?: number;
  /** Housing temperature at the start, °C. */
  ambientC?: number;
  /** Cells of the EEPROM that differ from the datasheet's example (table 12). */
  eeprom?: Readonly<Record<number, number>>;
}

/** The chip and the hands that change what it sees. */
export interface Mlx90632Chip extends TwoWireChip {
  /** The surface that fills the view: °C, or `undefined` for nothing but the room. */
  setObject(celsius: number | undefined): void;
  setAmbient(celsius: number): void;
  /** Keeps the chip from finishing a measurement; it answers all the same. */
  setError(raised: boolean): void;
  /** A chip without power does not acknowledge; with it again, it starts as after a reset. */
  setPower(on: boolean): void;
  /** What a cell of the EEPROM holds. */
  eeprom(address: number): number;
  /** How often a cell of the EEPROM was erased or written; each can take ten (table 4). */
  readonly eepromWrites: number;
}

// Table 7: the memory map.
const EEPROM = { first: 0x2400, last: 0x24ff, firstCustomer: 0x2480 };
const CONTROL_AT_START = 0x24d4;
const ADDRESS_CELL = 0x24d5;
const MEASUREMENT_SETTINGS = [0x24e1, 0x24e2] as const;
const REGISTER_ADDRESS = 0x3000;
const REGISTER_CONTROL = 0x3001;
const REGISTER_COMMAND = 0x3005; // figures 17 and 18
const REGISTER_STATUS = 0x3fff;
const RAM = { first: 0x4000, last: 0x403b };

const RESET_COMMAND = 0x0006; // figure 17
const UNLOCK_COMMAND = 0x554c; // figure 18
const GENERAL_CALL = { address: 0x00, reset: 0x06 }; // figure 16
const EEPROM_BUSY_MS = 5; // §9.1.1: at least 5 ms for an erasure or a write
const RESET_MS = 0.15; // §9.4: 150 µs before the next communication
const FIRST_DATA_MS = 64; // table 6, T_valid

// Table 8 (control) and table 9 (status).
const MODE = { shift: 1, halt: 0, sleepingStep: 1, step: 2, continuous: 3 };
const START_ONE = 1 << 3;
const START_ALL = 1 << 11;
const DEVICE_BUSY = 1 << 10;
const EEPROM_BUSY = 1 << 9;
const BROWN_OUT = 1 << 8;
const CYCLE_POSITION_SHIFT = 2;
const CYCLE_POSITION_MASK = 0x1f << CYCLE_POSITION_SHIFT;
const NEW_DATA = 1;

const SLOWEST_MS = 2_000; // table 10: half a hertz, and each code twice as fast
const NOISE_AT_HZ = 2;
const ZERO_CELSIUS_K = 273.15;
const REFERENCE = 23_000; // table 13: RAM_9 of the example
const FULL_SCALE = 0x7fff;

/** Table 12 of §11.1.4, and what the part leaves the factory with. */
const FACTORY: Readonly<Record<number, number>> = {
  0x2405: 0x1d05,
  0x2406: 0x8af2,
  0x2407: 0x0031,
  0x2409: 0x0021, // figure 7: medical accuracy, SFN 3×3, 50°
  0x240b: 0x0105,
  0x240c: 0x0103,
  0x240d: 0x005d,
  0x240e: 0xfae5,
  0x240f: 0x051c,
  0x2410: 0x0000,
  0x2411: 0x0000,
  0x2412: 0x1900,
  0x2413: 0x0000,
  0x2424: 0xcfae,
  0x2425: 0x0051,
  0x2426: 0x0103,
  0x2427: 0x005d,
  0x2428: 0x6351,
  0x2429: 0x0350,
  0x242a: 0x71f1,
  0x242b: 0xfe25,
  0x242c: 0xa7a4,
  0x242d: 0xfdff,
  0x242e: 0x2600,
  0x242f: 0x2a00,
  0x2481: 0x4000,
  0x2482: 0x0000,
  [CONTROL_AT_START]: MODE.continuous << MODE.shift,
  [ADDRESS_CELL]: 0x3a >> 1,
  0x24e1: 0x820d, // table 10: two measurements a second
  0x24e2: 0x821d,
};

/** Makes a chip that has just been powered and sees an empty room. */
export function createMlx90632Chip(options: Mlx90632ChipOptions): Mlx90632Chip {
  return new Chip(options);
}

class Chip implements Mlx90632Chip {
  eepromWrites = 0;
  readonly #clock: Clock;
  readonly #random: Noise;
  readonly #noiseK: number;
  readonly #addressPin: number;
  readonly #cells = new Map<number, number>();
  readonly #ram = new Uint16Array(RAM.last - RAM.first + 1);
  #ambientC: number;
  #objectC: number | undefined;
  #errorRaised = false;
  #powered = true;
  #address = 0;
  #control = 0;
  #status = 0;
  #unlocked = false;
  #eepromFreeAtMs = 0;
  #answersAtMs = 0;
  /** When the measurement under way is finished, and how many follow it; none in a halted chip. */
  #dueAtMs = Infinity;
  #position = 1;
  #left = 0;
  // The transaction on the wire.
  #written: number[] = [];
  #generalCall = false;
  #selected = false;
  #answer: (() => number) | undefined;

  constructor(options: Mlx90632ChipOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#noiseK = options.noiseK ?? 0.024;
    this.#addressPin = (options.address ?? 0x3a) & 1;
    this.#ambientC = options.ambientC ?? 22;
    const cells = { ...FACTORY, ...options.eeprom };
    for (const [cell, value] of Object.entries(cells)) this.#cells.set(Number(cell), value);
    if (options.address !== undefined) this.#cells.set(ADDRESS_CELL, options.address >> 1);
    this.#reset(FIRST_DATA_MS);
  }

  setObject(celsius: number | undefined): void {
    this.#measure();
    this.#objectC = celsius;
  }

  setAmbient(celsius: number): void {
    this.#measure();
    this.#ambientC = celsius;
  }

  setError(raised: boolean): void {
    this.#measure();
    this.#errorRaised = raised;
    if (!raised && this.#dueAtMs !== Infinity) this.#startMeasurement(this.#left);
  }

  setPower(on: boolean): void {
    if (on && !this.#powered) this.#reset(FIRST_DATA_MS);
    this.#powered = on;
  }

  eeprom(address: number): number {
    return this.#cells.get(address) ?? 0;
  }

  start(addressByte: number): boolean {
    const asked = addressByte >> 1;
    const reading = (addressByte & 1) === 1;
    this.#generalCall = asked === GENERAL_CALL.address && !reading;
    const listens = this.#powered && this.#clock.monotonicMs() >= this.#answersAtMs;
    this.#selected = listens && (asked === this.#address || this.#generalCall);
    if (!this.#selected) return false;
    this.#measure();
    if (reading) this.#answer = this.#wordsFrom(this.#firstAddress());
    else this.#written = [];
    return true;
  }

  write(byte: number): boolean {
    if (!this.#selected) return false;
    this.#written.push(byte);
    const [high, low, ...data] = this.#written;
    if (high === undefined || low === undefined || data.length === 0) return true;
    if (data.length % 2 === 1) return true;
    const address = ((high << 8) | low) + data.length / 2 - 1;
    return this.#writeWord(address, ((data.at(-2) ?? 0) << 8) | (data.at(-1) ?? 0));
  }

  read(): number {
    // A released data line reads as ones.
    return this.#answer?.() ?? 0xff;
  }

  stop(): void {
    if (this.#generalCall && this.#written[0] === GENERAL_CALL.reset) this.#reset(RESET_MS);
    this.#written = [];
    this.#generalCall = false;
    this.#selected = false;
    this.#answer = undefined;
  }

  /** §9.2: an address counts only for a read behind a repeated start; §9.6: else it is the status. */
  #firstAddress(): number {
    const [high, low] = this.#written;
    if (high === undefined || low === undefined || this.#written.length !== 2) {
      return REGISTER_STATUS;
    }
    return (high << 8) | low;
  }

  /** Bytes of words that follow one another, the most significant one first. */
  #wordsFrom(first: number): () => number {
    let at = first;
    let low: number | undefined;
    return () => {
      if (low !== undefined) {
        const byte = low;
        low = undefined;
        return byte;
      }
      const word = this.#word(at);
      at += 1;
      low = word & 0xff;
      return word >> 8;
    };
  }

  #word(address: number): number {
    if (address >= EEPROM.first && address <= EEPROM.last) {
      // §9.1 and §9.3: not while it measures, and not while a cell is being written.
      const readable = this.#mode() !== MODE.continuous && !this.#eepromBusy();
      return readable ? (this.#cells.get(address) ?? 0) : 0xffff;
    }
    if (address >= RAM.first && address <= RAM.last) return this.#ram[address - RAM.first] ?? 0;
    if (address === REGISTER_ADDRESS) return this.#address >> 1;
    if (address === REGISTER_CONTROL) return this.#control;
    if (address === REGISTER_STATUS) return this.#status | this.#busyBits();
    return 0xffff;
  }

  #writeWord(address: number, value: number): boolean {
    if (address === REGISTER_COMMAND) {
      if (value === RESET_COMMAND) this.#reset(RESET_MS);
      this.#unlocked = value === UNLOCK_COMMAND;
      return true;
    }
    if (address === REGISTER_STATUS) {
      const settable = BROWN_OUT | NEW_DATA;
      this.#status = (this.#status & ~settable) | (value & settable);
      return true;
    }
    if (address === REGISTER_CONTROL) {
      this.#setControl(value);
      return true;
    }
    return this.#writeCell(address, value);
  }

  /** §9.5: one cell for each unlocking; §9.3: halted or in step mode, and erased before it takes a value. */
  #writeCell(address: number, value: number): boolean {
    const writable = address >= EEPROM.firstCustomer && address <= EEPROM.last;
    const idle = this.#mode() !== MODE.continuous && !this.#eepromBusy();
    if (!writable || !this.#unlocked || !idle) return false;
    this.#unlocked = false;
    this.#eepromFreeAtMs = this.#clock.monotonicMs() + EEPROM_BUSY_MS;
    this.eepromWrites += 1;
    if (value === 0 || this.eeprom(address) === 0) this.#cells.set(address, value);
    return true;
  }

  /** Table 8: modes take effect at once; a start bit begins a measurement in the step modes only. */
  #setControl(value: number): void {
    const before = this.#mode();
    this.#control = value & ~(START_ONE | START_ALL);
    const mode = this.#mode();
    if (mode === MODE.continuous) {
      if (before !== MODE.continuous) this.#startMeasurement(Infinity);
      return;
    }
    if (mode !== before) this.#dueAtMs = Infinity;
    if (mode === MODE.halt) return;
    if ((value & START_ALL) !== 0) this.#startMeasurement(MEASUREMENT_SETTINGS.length);
    else if ((value & START_ONE) !== 0) this.#startMeasurement(1);
  }

  #mode(): number {
    return (this.#control >> MODE.shift) & 3;
  }

  #eepromBusy(): boolean {
    return this.#clock.monotonicMs() < this.#eepromFreeAtMs;
  }

  #busyBits(): number {
    const measuring = this.#mode() === MODE.continuous || this.#dueAtMs !== Infinity;
    return (measuring ? DEVICE_BUSY : 0) | (this.#eepromBusy() ? EEPROM_BUSY : 0);
  }

  #reset(afterMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#address = ((this.eeprom(ADDRESS_CELL) & 0x3f) << 1) | this.#addressPin;
    this.#control = this.eeprom(CONTROL_AT_START);
    this.#status = 0;
    this.#unlocked = false;
    this.#ram.fill(0);
    this.#position = 1;
    this.#answersAtMs = nowMs + RESET_MS;
    this.#eepromFreeAtMs = nowMs + RESET_MS;
    this.#dueAtMs = Infinity;
    if (this.#mode() !== MODE.continuous) return;
    this.#left = Infinity;
    this.#dueAtMs = nowMs + Math.max(afterMs, this.#measurementMs(this.#position));
  }

  #startMeasurement(count: number): void {
    this.#left = count;
    this.#dueAtMs = this.#clock.monotonicMs() + this.#measurementMs(this.#position);
  }

  /** Table 10: three bits of each measurement's settings. */
  #measurementMs(position: number): number {
    const settings = this.eeprom(MEASUREMENT_SETTINGS[position - 1] ?? MEASUREMENT_SETTINGS[0]);
    return SLOWEST_MS / 2 ** ((settings >> 8) & 7);
  }

  /** Makes up for the measurements that were finished since it was last looked at. */
  #measure(): void {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#powered || this.#errorRaised) return;
    const roundMs = this.#measurementMs(1) + this.#measurementMs(2);
    // Of a long time only the last measurements are left in the memory.
    const missed = Math.floor((nowMs - this.#dueAtMs) / roundMs) - 1;
    if (this.#left === Infinity && missed > 0) this.#dueAtMs += missed * roundMs;
    while (this.#dueAtMs <= nowMs) {
      this.#store(this.#position);
      this.#position = this.#position === 1 ? 2 : 1;
      this.#left -= 1;
      this.#dueAtMs =
        this.#left > 0 ? this.#dueAtMs + this.#measurementMs(this.#position) : Infinity;
    }
  }

  /** §11.1: measurement 1 is RAM_4 to RAM_6, measurement 2 is RAM_7 to RAM_9. */
  #store(position: number): void {
    const rateHz = 1_000 / this.#measurementMs(position);
    const noiseK = this.#noiseK * Math.sqrt(rateHz / NOISE_AT_HZ);
    const seenC = (this.#objectC ?? this.#ambientC) + this.#random.normal() * noiseK;
    const { sensor, object } = rawOf((cell) => this.eeprom(cell), this.#ambientC, seenC);
    const at = 3 * position;
    this.#ram[at] = Math.floor(object) & 0xffff;
    this.#ram[at + 1] = Math.ceil(object) & 0xffff;
    this.#ram[at + 2] = position === 1 ? sensor : REFERENCE;
    this.#status =
      (this.#status & ~CYCLE_POSITION_MASK) | (position << CYCLE_POSITION_SHIFT) | NEW_DATA;
  }
}

/** §11.1 the other way round: what a chip with these constants measures of these temperatures. */
function rawOf(
  cell: (address: number) => number,
  ambientC: number,
  objectC: number,
): { sensor: number; object: number } {
  const short = (address: number): number => (cell(address) << 16) >> 16;
  const long = (address: number): number => cell(address) | (cell(address + 1) << 16);
  const gb = short(0x242e) / 2 ** 10;
  const ka = short(0x242f) / 2 ** 10;
  const pr = long(0x240c) / 2 ** 8;
  const pg = long(0x240e) / 2 ** 20;
  const po = long(0x2412) / 2 ** 8;
  const ea = long(0x2424) / 2 ** 16;
  const eb = long(0x2426) / 2 ** 8;
  const fa = long(0x2428) / 2 ** 46;
  const fb = long(0x242a) / 2 ** 36;
  const ga = long(0x242c) / 2 ** 36;
  const ha = short(0x2481) / 2 ** 14;
  const hb = short(0x2482) / 2 ** 10;
  // P_T is zero in the example: the sensor's temperature is linear in its ratio.
  const ratio = (pr + pg * (ambientC - po)) / 2 ** 19;
  const twelfth = (ratio * REFERENCE) / (1 - ratio * gb);
  const sensor = Math.max(0, Math.min(FULL_SCALE, Math.round(twelfth * 12)));
  // From here on with the sensor's value as it is stored: the object is measured against it.
  const amb = (sensor / 12 / (REFERENCE + (gb * sensor) / 12)) * 2 ** 19;
  const housingC = (amb - eb) / ea + 25;
  const surfaceC = objectC + hb;
  const difference = (surfaceC + ZERO_CELSIUS_K) ** 4 - (housingC + ZERO_CELSIUS_K) ** 4;
  const sensitivity = fa * ha * (1 + ga * (objectC - 25) + fb * (housingC - 25));
  const sto = difference * sensitivity;
  const counts = (sto * 12 * (REFERENCE + (ka * sensor) / 12)) / 2 ** 19;
  const halves = Math.round(counts * 2) / 2; // the mean of two whole numbers
  return { sensor, object: Math.max(-FULL_SCALE, Math.min(FULL_SCALE, halves)) };
}
