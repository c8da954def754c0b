import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { I2cTransfers } from "../../hal/linux/i2c-transfer.ts";
import type { I2cModule } from "../../hal/linux/smbus.ts";
import { createLinuxSmBus } from "../../hal/linux/smbus.ts";
import { createSimulatedSmBus } from "../../sim/bus/smbus.ts";
import type { TwoWireChip } from "../../sim/bus/smbus.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { smBusContract } from "./smbus.contract.ts";

const ADDRESS = 0x5a;

/** Byte registers behind a command byte, the way most sensors do it. */
function registerChip(registers: Map<number, number[]>): TwoWireChip {
  let written: number[] = [];
  let reading: number[] = [];
  return {
    start(addressByte) {
      if (addressByte >> 1 !== ADDRESS) return false;
      if ((addressByte & 1) === 1) {
        const register = written.reduce((number, byte) => number * 256 + byte, 0);
        reading = [...(registers.get(register) ?? [])];
        written = [];
      }
      return true;
    },
    write(byte) {
      written.push(byte);
      return true;
    },
    read: () => reading.shift() ?? 0xff,
    stop() {
      const [command, ...data] = written;
      if (command !== undefined) registers.set(command, data);
      written = [];
    },
  };
}

smBusContract("simulated wire", () => {
  const clock = new VirtualClock(0);
  const wire = createSimulatedSmBus({ clock });
  const registers = new Map<number, number[]>();
  const chip = registerChip(registers);
  wire.attach(chip);
  return {
    host: wire,
    address: ADDRESS,
    registers,
    pullChip: () => wire.detach(chip),
    holdClockLine: () => wire.faults.stick(),
    pullAdapter: () => wire.unplug(),
    async settle(work) {
      const ran = clock.run(1000);
      await Promise.allSettled([work, ran]);
      return work;
    },
  };
});

/** Stands where i2c-bus stands: the same calls, and errors as the kernel gives them. */
class NativeStandIn {
  readonly registers = new Map<number, number[]>();
  failure: { code: string } | undefined;

  readonly module: I2cModule = {
    openPromisified: async () => {
      return {
        readI2cBlock: async (address, command, length, buffer) => {
          await this.#turn(address);
          const held = this.registers.get(command) ?? [];
          for (let index = 0; index < length; index++) buffer[index] = held[index] ?? 0xff;
          return { bytesRead: length, buffer };
        },
        writeI2cBlock: async (address, command, length, buffer) => {
          await this.#turn(address);
          this.registers.set(command, [...buffer.subarray(0, length)]);
        },
        sendByte: async (address, command) => {
          await this.#turn(address);
          this.registers.set(command, []);
        },
        readWord: async (address, command) => {
          await this.#turn(address);
          const [low = 0xff, high = 0xff] = this.registers.get(command) ?? [];
          return low | (high << 8);
        },
        readByte: async (address, command) => {
          await this.#turn(address);
          return this.registers.get(command)?.[0] ?? 0xff;
        },
        close: async () => undefined,
      };
    },
  };

  /** The kernel's own call, where the module has none. */
  readonly transfers: I2cTransfers = {
    writeThenRead: async (address, bytes, answer) => {
      await this.#turn(address);
      const register = bytes.reduce((number, byte) => number * 256 + byte, 0);
      const held = this.registers.get(register) ?? [];
      for (let index = 0; index < answer.length; index++) answer[index] = held[index] ?? 0xff;
    },
    close: async () => undefined,
  };

  /** A thread of the pool: whoever comes first need not be first served. */
  async #turn(address: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== undefined) throw systemError(this.failure.code, "i2c transfer");
    if (address !== ADDRESS) throw systemError("EREMOTEIO", "i2c transfer");
  }
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

smBusContract("Linux on a stand-in for i2c-bus", () => {
  const native = new NativeStandIn();
  const folder = mkdtempSync(join(tmpdir(), "i2c-"));
  const device = join(folder, "i2c-1");
  writeFileSync(device, "");
  return {
    host: createLinuxSmBus({
      bus: 1,
      device,
      load: async () => native.module,
      openTransfers: async () => native.transfers,
    }),
    address: ADDRESS,
    registers: native.registers,
    pullChip: () => {
      native.failure = { code: "ENXIO" };
    },
    holdClockLine: () => {
      native.failure = { code: "ETIMEDOUT" };
    },
    pullAdapter: () => rmSync(device),
    settle: (work) => work,
    dispose: () => rmSync(folder, { recursive: true }),
  };
});
