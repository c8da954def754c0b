import { describe, expect, it } from "vitest";
import { createLinuxSmBus } from "../../../hal/linux/smbus.ts";
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
          readI2cBlock: async (_address, _command, _length, buffer) => ({ bytesRead: 2, buffer }),
          writeI2cBlock: async () => undefined,
          sendByte: async () => undefined,
          readWord: async () => 0,
          readByte: async () => 0,
          close: async () => undefined,
        }),
      }),
    });
    const bus = await host.open();
    await expect(bus.readBlock(0x5a, 7, 3)).rejects.toMatchObject({
      kind: "corrupt",
      context: { detail: "2 of 3 bytes came" },
    });
  });
});
