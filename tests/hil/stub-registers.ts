/** The registers of the kernel's i2c-stub, as the SMBus suite sees a chip's. */
import { createRequire } from "node:module";

/** The calls of i2c-bus that wait; the unit itself uses none of them. */
interface WaitingBus {
  writeWordSync(address: number, command: number, word: number): void;
  readI2cBlockSync(address: number, command: number, length: number, buffer: Buffer): number;
  closeSync(): void;
}

const native = createRequire(import.meta.url)("i2c-bus") as {
  openSync(bus: number): WaitingBus;
};

const EMPTY = 0xff;
const SIZE = 256;
const LONGEST_BLOCK = 32; // I2C_SMBUS_BLOCK_MAX

/**
 * i2c-stub has 256 words (drivers/i2c/i2c-stub.c): a word transaction moves one of them, a block the
 * low bytes of those that follow one another. What is set here reads right either way.
 */
export class StubRegisters extends Map<number, number[]> {
  readonly #bus: WaitingBus;
  readonly #address: number;

  constructor(bus: number, address: number) {
    super();
    this.#bus = native.openSync(bus);
    this.#address = address;
    for (let command = 0; command < SIZE; command++) {
      this.#bus.writeWordSync(address, command, (EMPTY << 8) | EMPTY);
    }
  }

  override set(command: number, bytes: number[]): this {
    for (const [index, low] of bytes.entries()) {
      const high = bytes[index + 1] ?? EMPTY;
      this.#bus.writeWordSync(this.#address, command + index, (high << 8) | low);
    }
    return this;
  }

  /** What was written since the registers were emptied. */
  override get(command: number): number[] {
    const block = Buffer.alloc(LONGEST_BLOCK);
    this.#bus.readI2cBlockSync(this.#address, command, LONGEST_BLOCK, block);
    const end = block.indexOf(EMPTY);
    return [...block.subarray(0, end < 0 ? LONGEST_BLOCK : end)];
  }

  close(): void {
    this.#bus.closeSync();
  }
}
