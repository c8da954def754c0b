/** SMBus on Linux, through the kernel's i2c-dev interface and the i2c-bus module. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { PromisifiedBus } from "i2c-bus";
import { BusError } from "../bus/errors.ts";
import type { BusErrorKind } from "../bus/errors.ts";
import type { SmBus, SmBusHost } from "../bus/smbus.ts";
import { atMost } from "./at-most.ts";
import { toBusError } from "./errno.ts";
import { openI2cTransfers } from "./i2c-transfer.ts";
import type { I2cTransfers } from "./i2c-transfer.ts";
import { loadNativeModule } from "./native-module.ts";

/** The native module's face this host needs. */
export interface I2cModule {
  openPromisified(busNumber: number): Promise<PromisifiedBus>;
}

export interface LinuxSmBusOptions {
  /** The number in `/dev/i2c-N`; 1 on the pin header of a Raspberry Pi. */
  bus: number;
  /** The device node; `/dev/i2c-N` when not given. */
  device?: string;
  /** Loads the native module: it is optional and needs a compiler, so it is not there everywhere. */
  load?: () => Promise<I2cModule>;
  /** Opens the device node for the transactions that the module has no call for. */
  openTransfers?: (device: string) => Promise<I2cTransfers>;
}

/** The kernel gives a transaction up after a second; one that takes longer hangs. */
const CLOSE_MS = 1_500;
const MAXIMUM_BLOCK = 32; // I2C_SMBUS_BLOCK_MAX in linux/i2c.h
// During a transaction these mean that nobody answered; at opening they mean there is no bus.
const TRANSACTION_KINDS: Readonly<Record<string, BusErrorKind>> = {
  ENODEV: "no-acknowledge",
};

/** A bus by its number. Opening rejects with `absent` without the module, the bus, or its driver. */
export function createLinuxSmBus(options: LinuxSmBusOptions): SmBusHost {
  const name = `i2c-${options.bus}`;
  const { device = `/dev/${name}`, load = () => import("i2c-bus") } = options;
  const { openTransfers = openI2cTransfers } = options;
  // A hung transaction holds one of the few threads that the whole process shares.
  let hung: Promise<void> | undefined;
  const onHung = (over: Promise<void>): void => {
    hung = over.then(() => {
      hung = undefined;
    });
  };
  return {
    async open() {
      if (hung !== undefined) {
        throw new BusError("busy", {
          bus: name,
          during: "opening the bus",
          detail: "an earlier transaction has not returned; power-cycle what is wired to the bus",
        });
      }
      try {
        // The module opens the device with the first transaction only, so look here.
        await access(device, constants.R_OK | constants.W_OK);
        const native = await loadNativeModule("i2c-bus", load, {
          bus: name,
          during: "opening the bus",
        });
        const opened = await native.openPromisified(options.bus);
        return new LinuxSmBus(name, opened, () => openTransfers(device), onHung);
      } catch (error) {
        throw toBusError(error, { bus: name, during: "opening the bus" });
      }
    },
  };
}

class LinuxSmBus implements SmBus {
  readonly name: string;
  readonly #native: PromisifiedBus;
  readonly #openTransfers: () => Promise<I2cTransfers>;
  #transfers: I2cTransfers | undefined;
  // The module runs each call on a pool of threads, which keep no order among themselves.
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #onHung: (over: Promise<void>) => void;

  constructor(
    name: string,
    native: PromisifiedBus,
    openTransfers: () => Promise<I2cTransfers>,
    onHung: (over: Promise<void>) => void,
  ) {
    this.name = name;
    this.#native = native;
    this.#openTransfers = openTransfers;
    this.#onHung = onHung;
  }

  async readBlock(address: number, command: number, length: number): Promise<Uint8Array> {
    checkLength(length, 1);
    const buffer = Buffer.alloc(length);
    return this.#run(address, `reading register ${hex(command)}`, async () => {
      const { bytesRead } = await this.#native.readI2cBlock(address, command, length, buffer);
      if (bytesRead === length) return Uint8Array.from(buffer);
      throw new BusError("corrupt", {
        bus: this.name,
        address,
        during: `reading register ${hex(command)}`,
        detail: `${bytesRead} of ${length} bytes came`,
      });
    });
  }

  async writeBlock(address: number, command: number, data: Uint8Array): Promise<void> {
    checkLength(data.length, 0);
    const buffer = Buffer.from(data);
    await this.#run(address, `writing register ${hex(command)}`, async () => {
      // The kernel refuses an empty block; a command byte alone is its send-byte transaction.
      if (buffer.length === 0) await this.#native.sendByte(address, command);
      else await this.#native.writeI2cBlock(address, command, buffer.length, buffer);
    });
  }

  readWord(address: number, command: number): Promise<number> {
    return this.#run(address, `reading word ${hex(command)}`, () =>
      this.#native.readWord(address, command),
    );
  }

  readByte(address: number, command: number): Promise<number> {
    return this.#run(address, `reading byte ${hex(command)}`, () =>
      this.#native.readByte(address, command),
    );
  }

  async writeThenRead(address: number, bytes: Uint8Array, length: number): Promise<Uint8Array> {
    checkLength(bytes.length, 1);
    checkLength(length, 1);
    const written = Uint8Array.from(bytes);
    const answer = new Uint8Array(length);
    await this.#run(address, `reading behind ${hexOf(written)}`, async () => {
      this.#transfers ??= await this.#openTransfers();
      await this.#transfers.writeThenRead(address, written, answer);
    });
    return answer;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = this.#tail.then(async () => {
      await this.#transfers?.close();
      await this.#native.close();
    });
    if (await atMost(CLOSE_MS, closed)) return await closed;
    this.#onHung(closed.catch(() => undefined));
  }

  #run<T>(address: number, during: string, transaction: () => Promise<T>): Promise<T> {
    const context = { bus: this.name, address, during };
    if (this.#closed) return Promise.reject(new BusError("closed", context));
    const turn = this.#tail.then(transaction).catch((error: unknown) => {
      throw toBusError(error, context, TRANSACTION_KINDS);
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

function checkLength(length: number, least: number): void {
  if (Number.isInteger(length) && length >= least && length <= MAXIMUM_BLOCK) return;
  throw new RangeError(`an SMBus block is ${least} to ${MAXIMUM_BLOCK} bytes, not ${length}`);
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
