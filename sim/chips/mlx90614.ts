/**
 * A simulated Melexis MLX90614 infrared thermometer: SMBus bytes on one face, a scene on the other.
 * Written from the datasheet (Melexis 3901090614, rev 13), independently of any driver.
 */
import type { TwoWireChip } from "../bus/smbus.ts";
import type { Clock } from "../../hal/clock.ts";

/** The part of a random stream the chip's noise needs. */
export interface Noise {
  /** Normally distributed, mean 0, standard deviation 1. */
  normal(): number;
}

export interface Mlx90614ChipOptions {
  clock: Clock;
  random: Noise;
  /** Factory default 0x5A (datasheet, EEPROM table: cell 0x0E). */
  address?: number;
  /** Standard deviation of one object reading, K; a medical part shows about 0.05 K at 10 Hz. */
  noiseK?: number;
  /** Full width of the cone it sees, degrees: 90 for the …BAA part, 35 for …DCC, 5 for …DCI. */
  fieldOfViewDegrees?: number;
  /** Air and housing temperature at the start, °C. */
  ambientC?: number;
}

/** The chip and the hands that change what it sees. */
export interface Mlx90614Chip extends TwoWireChip {
  /** The surface that fills the view: °C, or `undefined` for nothing but the room. */
  setObject(celsius: number | undefined): void;
  /** A round target of that diameter at that distance instead of one that fills the view. */
  setTarget(target: { celsius: number; diameterMm: number; distanceMm: number } | undefined): void;
  setAmbient(celsius: number): void;
  /** Makes the chip flag its data as invalid (bit 15), as it does when the ADC saturates. */
  setError(raised: boolean): void;
  /** A chip without power does not acknowledge; with it again, its first data needs 250 ms. */
  setPower(on: boolean): void;
}

// Opcodes, datasheet, "Commands": 000x xxxx RAM, 001x xxxx EEPROM, 1111 1111 enter sleep.
const RAM_AMBIENT = 0x06;
const RAM_OBJECT_1 = 0x07;
const RAM_OBJECT_2 = 0x08;
const EEPROM_OPCODE = 0x20;
const SLEEP_OPCODE = 0xff;
const COUNTS_PER_KELVIN = 50; // datasheet: T[K] = RAM · 0.02
const ZERO_CELSIUS_K = 273.15;
const ERROR_FLAG = 0x8000; // datasheet: the MSB of a linearised temperature is its error flag
const LOWEST_COUNT = 0x27ad; // datasheet: −70.01 °C, the least object temperature
const HIGHEST_COUNT = 0x7fff; // datasheet: +382.19 °C, the greatest
const FIRST_DATA_MS = 250; // datasheet: valid data 0.25 s after power-on
const ADDRESS_CELL = 0x0e;
const EMISSIVITY_CELL = 0x04;
const CONFIGURATION_CELL = 0x05;

/** Makes a chip that has just been powered and sees an empty room. */
export function createMlx90614Chip(options: Mlx90614ChipOptions): Mlx90614Chip {
  return new Chip(options);
}

class Chip implements Mlx90614Chip {
  readonly #clock: Clock;
  readonly #random: Noise;
  readonly #noiseK: number;
  readonly #halfAngle: number;
  readonly #address: number;
  readonly #eeprom = new Uint16Array(32);
  #ambientC: number;
  #target: { celsius: number; share: number } | undefined;
  #errorRaised = false;
  #powered = true;
  #poweredAtMs: number;
  #asleep = false;
  // The transaction on the wire.
  #onWire: number[] = [];
  #selected = false;
  #answer: number[] = [];

  constructor(options: Mlx90614ChipOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#noiseK = options.noiseK ?? 0.05;
    this.#halfAngle = ((options.fieldOfViewDegrees ?? 35) * Math.PI) / 360;
    this.#address = options.address ?? 0x5a;
    this.#ambientC = options.ambientC ?? 22;
    this.#poweredAtMs = this.#clock.monotonicMs();
    this.#eeprom[EMISSIVITY_CELL] = 0xffff;
    this.#eeprom[CONFIGURATION_CELL] = 0x9f74; // a factory …DCI part
    this.#eeprom[ADDRESS_CELL] = 0xbe00 | this.#address;
    for (let cell = 0x1c; cell < 0x20; cell++) this.#eeprom[cell] = 0x1234 + cell;
  }

  setObject(celsius: number | undefined): void {
    this.#target = celsius === undefined ? undefined : { celsius, share: 1 };
  }

  setTarget(target: { celsius: number; diameterMm: number; distanceMm: number } | undefined): void {
    if (target === undefined) {
      this.#target = undefined;
      return;
    }
    const spotMm = 2 * target.distanceMm * Math.tan(this.#halfAngle);
    const share = spotMm <= target.diameterMm ? 1 : (target.diameterMm / spotMm) ** 2;
    this.#target = { celsius: target.celsius, share };
  }

  setAmbient(celsius: number): void {
    this.#ambientC = celsius;
  }

  setError(raised: boolean): void {
    this.#errorRaised = raised;
  }

  setPower(on: boolean): void {
    if (on && !this.#powered) {
      this.#poweredAtMs = this.#clock.monotonicMs();
      this.#asleep = false;
    }
    this.#powered = on;
  }

  start(addressByte: number): boolean {
    const asked = addressByte >> 1;
    // Every part also answers at address 0.
    this.#selected = this.#powered && !this.#asleep && (asked === this.#address || asked === 0);
    if (!this.#selected) return false;
    this.#onWire.push(addressByte);
    if ((addressByte & 1) === 1) this.#prepareAnswer();
    return true;
  }

  write(byte: number): boolean {
    if (!this.#selected) return false;
    this.#onWire.push(byte);
    return true;
  }

  read(): number {
    // A released data line reads as ones.
    return this.#answer.shift() ?? 0xff;
  }

  stop(): void {
    const [addressByte, opcode] = this.#onWire;
    if (addressByte !== undefined && opcode !== undefined && (addressByte & 1) === 0) {
      this.#obey(opcode);
    }
    this.#onWire = [];
    this.#answer = [];
    this.#selected = false;
  }

  /** Datasheet, "Read Word": address, command, repeated start, address, low byte, high byte, PEC over all of them. */
  #prepareAnswer(): void {
    const opcode = this.#onWire[1];
    if (opcode === undefined) return;
    const word = this.#word(opcode);
    const sent = [word & 0xff, word >> 8];
    this.#answer = [...sent, packetErrorCode([...this.#onWire, ...sent])];
  }

  /** Datasheet, "Write Word": a write counts only when it is complete and its PEC is right. */
  #obey(opcode: number): void {
    const received = this.#onWire;
    const whole = packetErrorCode(received.slice(0, -1)) === received.at(-1);
    if (opcode === SLEEP_OPCODE && received.length === 3 && whole) {
      this.#asleep = true;
    } else if ((opcode & 0xe0) === EEPROM_OPCODE && received.length === 5 && whole) {
      this.#writeCell(opcode & 0x1f, (received[2] ?? 0) | ((received[3] ?? 0) << 8));
    }
  }

  /** A cell must be erased (written 0) before it takes a value. */
  #writeCell(cell: number, value: number): void {
    if (value === 0 || this.#eeprom[cell] === 0) this.#eeprom[cell] = value;
  }

  #word(opcode: number): number {
    if ((opcode & 0xe0) === EEPROM_OPCODE) return this.#eeprom[opcode & 0x1f] ?? 0;
    switch (opcode) {
      case RAM_AMBIENT:
        return this.#temperature(this.#ambientC);
      case RAM_OBJECT_1:
        return this.#temperature(this.#seenC() + this.#random.normal() * this.#noiseK);
      case RAM_OBJECT_2:
        return this.#temperature(this.#ambientC); // a single-zone part: no second sensor
      default:
        return 0;
    }
  }

  #temperature(celsius: number): number {
    const settling = this.#clock.monotonicMs() - this.#poweredAtMs < FIRST_DATA_MS;
    // Whole tenths of a degree lie between two counts; the lower one is sent, and a sum in binary
    // fractions must not change that.
    const counts = Math.ceil((celsius + ZERO_CELSIUS_K) * COUNTS_PER_KELVIN - 0.5 - 1e-6);
    const bounded = Math.min(HIGHEST_COUNT, Math.max(LOWEST_COUNT, counts));
    return this.#errorRaised || settling ? bounded | ERROR_FLAG : bounded;
  }

  /** What a target that fills only a share of the cone looks like: radiances add, and go with T⁴. */
  #seenC(): number {
    if (this.#target === undefined) return this.#ambientC;
    const { celsius, share } = this.#target;
    const radiance =
      share * (celsius + ZERO_CELSIUS_K) ** 4 +
      (1 - share) * (this.#ambientC + ZERO_CELSIUS_K) ** 4;
    return radiance ** 0.25 - ZERO_CELSIUS_K;
  }
}

/** SMBus 3.1 §6.4: CRC-8 with x⁸ + x² + x + 1, most significant bit first, from zero. */
function packetErrorCode(bytes: readonly number[]): number {
  let remainder = 0;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 7; bit >= 0; bit--) {
      const carry = remainder >= 0x80;
      remainder = (remainder * 2) & 0xff;
      if (carry) remainder ^= 0b0000_0111;
    }
  }
  return remainder;
}
