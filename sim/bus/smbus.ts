/** A simulated two-wire bus: SMBus transactions become bytes, and the chips on the wire answer byte by byte. */
import { BusError } from "../../hal/bus/errors.ts";
import type { BusErrorKind } from "../../hal/bus/errors.ts";
import type { SmBus, SmBusHost } from "../../hal/bus/smbus.ts";
import type { Clock } from "../../hal/clock.ts";
import { delay } from "../../hal/clock.ts";

/**
 * A chip's face to the wire. Several chips may hear the same bus; what they say at once is ANDed,
 * because the lines are open-drain and a zero wins.
 */
export interface TwoWireChip {
  /** A start condition and the address byte (7-bit address, then 1 for read). True acknowledges. */
  start(addressByte: number): boolean;
  /** The master clocks a byte in. True acknowledges. */
  write(byte: number): boolean;
  /** The master clocks a byte out. */
  read(): number;
  /** A stop condition: the transaction is over. */
  stop(): void;
}

/** Things that go wrong on the wire itself, to be switched on by a fault plan. */
export interface SmBusFaults {
  /** Nobody acknowledges the next `count` transactions. */
  refuse(count: number): void;
  /** The clock line is held low: every transaction times out until `release()`. */
  stick(): void;
  release(): void;
  /** Transactions do not return, as with a driver that hangs in the kernel; `false` lets them go on. */
  hang(hung: boolean): void;
  /** Inverts one bit of what the chip sends in the next transaction (bit 0 is the first byte's most significant). */
  flipBit(bit: number): void;
}

/** The bus and the hands that act on it. */
export interface SimulatedSmBus extends SmBusHost {
  attach(chip: TwoWireChip): void;
  detach(chip: TwoWireChip): void;
  /** Brings the adapter back. Buses opened before stay lost. */
  plug(): void;
  /** Takes the adapter away: opening and every transaction reject with `absent`. */
  unplug(): void;
  readonly faults: SmBusFaults;
  /** Transactions finished so far, whatever their outcome. */
  readonly transactions: number;
}

export interface SimulatedSmBusOptions {
  clock: Clock;
  name?: string;
  /** Clock rate; the standard mode of most boards is 100 kHz. */
  hertz?: number;
}

const MAXIMUM_BLOCK = 32; // SMBus 2.0, and the limit of Linux' I2C block transfers
const BITS_PER_BYTE = 9; // eight of data, one to acknowledge
const CLOCK_LOW_TIMEOUT_MS = 35; // SMBus 3.1 table 2, T_TIMEOUT,MAX

/** A failed transaction before it has its context. */
class WireFault extends Error {
  readonly kind: BusErrorKind;

  constructor(kind: BusErrorKind) {
    super(kind);
    this.kind = kind;
  }
}

/** A bus with nothing on it. Transactions take as long as their bytes take at `hertz`. */
export function createSimulatedSmBus(options: SimulatedSmBusOptions): SimulatedSmBus {
  return new Wire(options);
}

class Wire implements SimulatedSmBus {
  readonly name: string;
  readonly faults: SmBusFaults;
  transactions = 0;
  readonly #clock: Clock;
  readonly #byteMs: number;
  readonly #chips = new Set<TwoWireChip>();
  #plugged = true;
  #epoch = 0;
  #refusals = 0;
  #stuck = false;
  #hung: PromiseWithResolvers<void> | undefined;
  #waiting = 0;
  #flippedBit: number | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: SimulatedSmBusOptions) {
    this.#clock = options.clock;
    this.name = options.name ?? "i2c-sim";
    this.#byteMs = (BITS_PER_BYTE * 1000) / (options.hertz ?? 100_000);
    this.faults = {
      refuse: (count) => {
        this.#refusals += count;
      },
      stick: () => {
        this.#stuck = true;
      },
      release: () => {
        this.#stuck = false;
      },
      hang: (hung) => {
        if (hung) this.#hung ??= Promise.withResolvers<void>();
        else {
          this.#hung?.resolve();
          this.#hung = undefined;
        }
      },
      flipBit: (bit) => {
        this.#flippedBit = bit;
      },
    };
  }

  attach(chip: TwoWireChip): void {
    this.#chips.add(chip);
  }

  detach(chip: TwoWireChip): void {
    this.#chips.delete(chip);
  }

  plug(): void {
    this.#plugged = true;
  }

  unplug(): void {
    this.#plugged = false;
    this.#epoch += 1;
  }

  async open(): Promise<SmBus> {
    if (!this.#plugged) {
      throw new BusError("absent", { bus: this.name, during: "opening the bus" });
    }
    // As the contract has it: not while a transaction of before still hangs.
    if (this.#waiting > 0) {
      throw new BusError("busy", { bus: this.name, during: "opening the bus" });
    }
    return new OpenBus(this, this.#epoch);
  }

  /** True while a bus opened in that epoch still has its adapter. */
  lives(epoch: number): boolean {
    return this.#plugged && epoch === this.#epoch;
  }

  /** One transaction after those before it: bytes out behind the command, then `readLength` bytes back. */
  transact(address: number, out: readonly number[], readLength: number): Promise<Uint8Array> {
    const turn = this.#tail.then(() => this.#transact(address, out, readLength));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #transact(address: number, out: readonly number[], length: number): Promise<Uint8Array> {
    try {
      if (this.#hung !== undefined) await this.#wait(this.#hung.promise);
      if (this.#stuck) {
        await delay(this.#clock, CLOCK_LOW_TIMEOUT_MS);
        throw new WireFault("timeout");
      }
      const bytes = 1 + out.length + (length > 0 ? 1 + length : 0);
      await delay(this.#clock, bytes * this.#byteMs);
      return this.#clockBytes(address, out, length);
    } finally {
      this.transactions += 1;
    }
  }

  async #wait(hung: Promise<void>): Promise<void> {
    this.#waiting += 1;
    await hung;
    this.#waiting -= 1;
  }

  #clockBytes(address: number, out: readonly number[], length: number): Uint8Array {
    const heard: TwoWireChip[] = [...this.#chips];
    try {
      if (this.#refusals > 0) {
        this.#refusals -= 1;
        throw new WireFault("no-acknowledge");
      }
      let talking = this.#address(heard, address << 1);
      for (const byte of out) {
        talking = talking.filter((chip) => chip.write(byte));
        if (talking.length === 0) throw new WireFault("no-acknowledge");
      }
      if (length === 0) return new Uint8Array();
      talking = this.#address(heard, (address << 1) | 1);
      const answer = new Uint8Array(length);
      for (let index = 0; index < length; index++) {
        answer[index] = talking.reduce((wire, chip) => wire & chip.read(), 0xff);
      }
      this.#disturb(answer);
      return answer;
    } finally {
      for (const chip of heard) chip.stop();
    }
  }

  #address(chips: readonly TwoWireChip[], addressByte: number): TwoWireChip[] {
    const answering = chips.filter((chip) => chip.start(addressByte));
    if (answering.length === 0) throw new WireFault("no-acknowledge");
    return answering;
  }

  #disturb(answer: Uint8Array): void {
    if (this.#flippedBit === undefined) return;
    const index = this.#flippedBit >> 3;
    const byte = answer[index];
    if (byte === undefined) return;
    answer[index] = byte ^ (0x80 >> (this.#flippedBit & 7));
    this.#flippedBit = undefined;
  }
}

class OpenBus implements SmBus {
  readonly #wire: Wire;
  readonly #epoch: number;
  #closed = false;

  constructor(wire: Wire, epoch: number) {
    this.#wire = wire;
    this.#epoch = epoch;
  }

  get name(): string {
    return this.#wire.name;
  }

  async readBlock(address: number, command: number, length: number): Promise<Uint8Array> {
    if (!Number.isInteger(length) || length < 1 || length > MAXIMUM_BLOCK) {
      throw new RangeError(`an SMBus block is 1 to ${MAXIMUM_BLOCK} bytes, not ${length}`);
    }
    return this.#run(address, [command], length, `reading register ${hex(command)}`);
  }

  async writeBlock(address: number, command: number, data: Uint8Array): Promise<void> {
    if (data.length > MAXIMUM_BLOCK) {
      throw new RangeError(`an SMBus block is 0 to ${MAXIMUM_BLOCK} bytes, not ${data.length}`);
    }
    await this.#run(address, [command, ...data], 0, `writing register ${hex(command)}`);
  }

  async readWord(address: number, command: number): Promise<number> {
    const bytes = await this.readBlock(address, command, 2);
    return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  }

  async readByte(address: number, command: number): Promise<number> {
    const bytes = await this.readBlock(address, command, 1);
    return bytes[0] ?? 0;
  }

  async writeThenRead(address: number, bytes: Uint8Array, length: number): Promise<Uint8Array> {
    for (const count of [bytes.length, length]) {
      if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_BLOCK) {
        throw new RangeError(`each way takes 1 to ${MAXIMUM_BLOCK} bytes, not ${count}`);
      }
    }
    const register = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return this.#run(address, [...bytes], length, `reading behind 0x${register}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #run(
    address: number,
    out: readonly number[],
    length: number,
    during: string,
  ): Promise<Uint8Array> {
    const fail = (kind: BusErrorKind, cause?: unknown): never => {
      throw new BusError(kind, { bus: this.name, address, during }, { cause });
    };
    if (this.#closed) fail("closed");
    if (!this.#wire.lives(this.#epoch)) fail("absent");
    try {
      const answer = await this.#wire.transact(address, out, length);
      // The adapter may have been pulled while the bytes were on their way.
      return this.#wire.lives(this.#epoch) ? answer : fail("absent");
    } catch (error) {
      if (error instanceof WireFault) return fail(error.kind, error);
      throw error;
    }
  }
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;
