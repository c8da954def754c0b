import { describe, expect, it } from "vitest";
import { createLinuxSmBus } from "../../../hal/linux/smbus.ts";
import type { I2cModule } from "../../../hal/linux/smbus.ts";
import { toBusError } from "../../../hal/linux/errno.ts";

describe("SMBus on Linux", () => {
  it("says absent for a bus this machine does not have, before anything is asked of it", async () => {
    // 250 is beyond what any board numbers.
    await expect(createLinuxSmBus({ bus: 250 }).open()).rejects.toMatchObject({ kind: "absent" });
  });

  it("says absent when the module is not installed", async () => {
    const error = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    const host = createLinuxSmBus({
      bus: 1,
      device: "/dev/null",
      load: () => Promise.reject(error),
    });
    await expect(host.open()).rejects.toMatchObject({
      kind: "absent",
      context: {
        bus: "i2c-1",
        detail:
          "the module i2c-bus cannot be loaded: Cannot find package; install a compiler (sudo apt-get install g++) and run deploy/install.sh again, in a checkout `node deploy/setup/native.mjs`",
      },
    });
  });

  it.each([
    ["EACCES", "denied"],
    ["EREMOTEIO", "no-acknowledge"],
    ["ENXIO", "no-acknowledge"],
    ["ETIMEDOUT", "timeout"],
    ["EBADMSG", "corrupt"],
    ["EAGAIN", "busy"],
    ["EOPNOTSUPP", "unsupported"],
    ["ENOTTY", "unsupported"],
    ["ENOENT", "absent"],
    ["ESOMETHINGNEW", "absent"],
  ])("turns %s into %s", (code, kind) => {
    const cause = Object.assign(new Error(code), { code });
    const error = toBusError(cause, { bus: "i2c-1", during: "reading" });
    expect(error).toMatchObject({ kind, cause });
  });

  it("finds an answer that came too short corrupt", async () => {
    const host = createLinuxSmBus({
      bus: 1,
      device: "/dev/null",
      load: async () => ({
        openPromisified: async () => ({
          ...(await (await idle()).openPromisified(1)),
          readI2cBlock: async (_address, _command, _length, buffer) => ({ bytesRead: 2, buffer }),
        }),
      }),
    });
    const bus = await host.open();
    await expect(bus.readBlock(0x5a, 7, 3)).rejects.toMatchObject({
      kind: "corrupt",
      context: { detail: "2 of 3 bytes came" },
    });
  });

  it("names what the kernel says of a transaction that i2c-bus has no call for", async () => {
    // A file of no adapter: the kernel knows the call and refuses it.
    const bus = await createLinuxSmBus({ bus: 1, device: "/dev/null", load: idle }).open();
    const work = bus.writeThenRead(0x3a, Uint8Array.of(0x24, 0x0b), 2);
    await expect(work).rejects.toMatchObject({
      kind: "unsupported",
      context: {
        address: 0x3a,
        during: "reading behind 0x240b",
        detail: "ENOTTY: I2C transaction",
      },
    });
    await bus.close();
  });

  it("opens the node for such transactions only where one is made, and gives it back", async () => {
    const calls: string[] = [];
    const host = createLinuxSmBus({
      bus: 1,
      device: "/dev/null",
      load: idle,
      openTransfers: async (device) => {
        calls.push(`open ${device}`);
        return {
          writeThenRead: async (_address, _bytes, answer) => void answer.fill(7),
          close: async () => void calls.push("close"),
        };
      },
    });
    const unused = await host.open();
    await unused.close();
    expect(calls).toEqual([]);
    const bus = await host.open();
    await bus.writeThenRead(0x3a, Uint8Array.of(1), 1);
    expect([...(await bus.writeThenRead(0x3a, Uint8Array.of(1), 2))]).toEqual([7, 7]);
    await bus.close();
    expect(calls).toEqual(["open /dev/null", "close"]);
  });
});

/** The module, of which nothing is asked. */
const idle = async (): Promise<I2cModule> => ({
  openPromisified: async () => ({
    readI2cBlock: async (_address, _command, length, buffer) => ({ bytesRead: length, buffer }),
    writeI2cBlock: async () => undefined,
    sendByte: async () => undefined,
    readWord: async () => 0,
    readByte: async () => 0,
    close: async () => undefined,
  }),
});
