/** Access to a Melexis MLX90632 infrared thermometer (datasheet 3901090632 rev 13) on an I2C bus. */
import { BusError } from "../../../bus/errors.ts";
import type { SmBus, SmBusHost } from "../../../bus/smbus.ts";
import { delay, withDeadline, type Clock } from "../../../clock.ts";
import type { OpenChip, ThermometerChip } from "../chip.ts";
import {
  changeWord,
  Control,
  readConstants,
  readTwice,
  readWords,
  Register,
  Status,
  writeWord,
} from "./registers.ts";
import { RATES, setRate, type MeasuringRate } from "./rate.ts";
import { ambientOf, objectOf, type Constants, type RawMeasurement } from "./temperature.ts";

/** The 7-bit address with the ADDR pin at ground; 0x3B with it at the supply (§9.1). */
export const MLX90632_ADDRESS = 0x3a;

export interface Mlx90632Options {
  host: SmBusHost;
  clock: Clock;
  address: number;
  /** Measurements a second. */
  rateHz: MeasuringRate;
}

const RESET_COMMAND = 0x0006; // figure 17
/** §9.4.2 asks for 150 µs; a millisecond is the least that a clock is sure to wait. */
const AFTER_RESET_MS = 1;
const POLL_MS = 10;
/** Everything that opening does takes about half a second; a chip that needs longer is not well. */
const OPEN_WITHIN_MS = 3_000;
/** The first two measurements after a start: the values of the first one alone mean nothing (§11.1). */
const MEASUREMENTS_FOR_A_TEMPERATURE = 2;
// The status, then RAM_1 to RAM_9 directly behind it (table 7).
const SNAPSHOT_WORDS = 10;

/** Beyond these the datasheet promises nothing (figure 21, table 4): such a value is no temperature. */
const OBJECT_C = { from: -20, to: 100 };
const AMBIENT_C = { from: -20, to: 85 };

/** Opens the chip and starts it, again and again. Its EEPROM is written once at most, however often it is opened. */
export function mlx90632(options: Mlx90632Options): OpenChip {
  const writes = { left: 1 };
  return async () => {
    const bus = await options.host.open();
    try {
      return await withDeadline(
        options.clock,
        OPEN_WITHIN_MS,
        startChip(bus, options, writes),
        () => fault(bus, options.address, "timeout", "starting the chip"),
      );
    } catch (error) {
      await bus.close();
      throw error;
    }
  };
}

async function startChip(
  bus: SmBus,
  { address, clock, rateHz }: Mlx90632Options,
  writes: { left: number },
): Promise<ThermometerChip> {
  await halt(bus, address, clock);
  const constants = await readConstants(bus, address);
  await setRate(bus, address, clock, { rateHz, writes });
  const identity = await readTwice(bus, address, Register.productId, 5);
  // Set here, cleared by a reset: so that one is noticed (table 9).
  await writeWord(bus, address, Register.status, Status.brownOut);
  await changeWord(bus, address, Register.control, (word) => word | Control.continuous);
  const chip = new Chip({ bus, address, clock, rateHz, constants, identity });
  for (let count = 0; count < MEASUREMENTS_FOR_A_TEMPERATURE; count++) await chip.measure();
  return chip;
}

/** The routine of §7.2: step mode, a reset, then the medical measurement, halted for what is to be read. */
async function halt(bus: SmBus, address: number, clock: Clock): Promise<void> {
  const mode = (bits: number) => (word: number) => (word & ~Control.modeMask) | bits;
  await changeWord(bus, address, Register.control, mode(Control.step));
  await writeWord(bus, address, Register.command, RESET_COMMAND);
  await delay(clock, AFTER_RESET_MS);
  await changeWord(
    bus,
    address,
    Register.control,
    (word) => mode(Control.halt)(word) & ~Control.selectMask,
  );
}

interface ChipOptions {
  bus: SmBus;
  address: number;
  clock: Clock;
  rateHz: MeasuringRate;
  constants: Constants;
  identity: readonly number[];
}

class Chip implements ThermometerChip {
  readonly bus: string;
  readonly address: number;
  readonly #bus: SmBus;
  readonly #clock: Clock;
  readonly #rateHz: MeasuringRate;
  readonly #constants: Constants;
  readonly #identity: readonly number[];
  #last: RawMeasurement | undefined;

  constructor({ bus, address, clock, rateHz, constants, identity }: ChipOptions) {
    this.bus = bus.name;
    this.address = address;
    this.#bus = bus;
    this.#clock = clock;
    this.#rateHz = rateHz;
    this.#constants = constants;
    this.#identity = identity;
  }

  /** Waits for the next measurement: the same one twice would pass for two that agree. */
  async readObjectC(): Promise<number | undefined> {
    return within(OBJECT_C, objectOf(await this.measure(), this.#constants));
  }

  async readAmbientC(): Promise<number | undefined> {
    const raw = this.#last ?? (await this.measure());
    return within(AMBIENT_C, ambientOf(raw, this.#constants));
  }

  async identify(): Promise<string> {
    const [low = 0, middle = 0, high = 0, _crc, code = 0] = this.#identity;
    const id = [high, middle, low].map((word) => word.toString(16).padStart(4, "0")).join("");
    return `MLX90632 ${id}, ${accuracyOf(code)}, ${this.#rateHz} measurements a second`;
  }

  close(): Promise<void> {
    return this.#bus.close();
  }

  /** The next measurement that is finished (§11.1). */
  async measure(): Promise<RawMeasurement> {
    const patienceMs = 2 * RATES[this.#rateHz].measurementMs;
    const startedAtMs = this.#clock.monotonicMs();
    for (;;) {
      const words = await readWords(this.#bus, this.address, Register.status, SNAPSHOT_WORDS);
      const status = words[0] ?? 0;
      if ((status & Status.brownOut) === 0) {
        throw this.#fault("corrupt", "measuring", "the chip was reset; check its supply");
      }
      if ((status & Status.newData) !== 0) {
        await writeWord(this.#bus, this.address, Register.status, status & ~Status.newData);
        this.#last = rawOf(words);
        return this.#last;
      }
      if (this.#clock.monotonicMs() - startedAtMs > patienceMs) {
        throw this.#fault("timeout", "waiting for a measurement", "the chip finishes none");
      }
      await delay(this.#clock, POLL_MS);
    }
  }

  #fault(kind: "corrupt" | "timeout", during: string, detail: string): BusError {
    return fault(this.#bus, this.address, kind, during, detail);
  }
}

const signed = (word: number | undefined): number => ((word ?? 0) << 16) >> 16;

/** Of the status and RAM_1 to RAM_9: RAM_4 and RAM_5 after the first measurement, RAM_7 and RAM_8 after the second. */
function rawOf(words: readonly number[]): RawMeasurement {
  const position = ((words[0] ?? 0) >> Status.cyclePositionShift) & Status.cyclePositionMask;
  const at = position === 1 ? 4 : 7;
  return {
    object: [signed(words[at]), signed(words[at + 1])],
    sensor: signed(words[6]),
    reference: signed(words[9]),
  };
}

function within({ from, to }: { from: number; to: number }, celsius: number): number | undefined {
  return celsius >= from && celsius <= to ? celsius : undefined;
}

/** Figure 7: the lowest five bits of the product code. */
function accuracyOf(code: number): string {
  const accuracy = code & 0x1f;
  if (accuracy === 1) return "medical accuracy";
  return accuracy === 2 ? "standard accuracy" : "unknown accuracy";
}

function fault(
  bus: SmBus,
  address: number,
  kind: "corrupt" | "timeout",
  during: string,
  detail?: string,
): BusError {
  const context = { bus: bus.name, address, during };
  return new BusError(kind, detail === undefined ? context : { ...context, detail });
}
