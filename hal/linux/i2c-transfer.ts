/** One I2C transaction that writes, starts again and reads: what i2c-bus cannot do, by the kernel's own call. */
import { open } from "node:fs/promises";
import { constants } from "node:os";
import { getSystemErrorName } from "node:util";

/** The transactions of one device node. They reject with a system error that has its `code`. */
export interface I2cTransfers {
  /** Writes `bytes`, starts again, and fills `answer`. */
  writeThenRead(address: number, bytes: Uint8Array, answer: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

// linux/i2c-dev.h and linux/i2c.h
const I2C_RDWR = 0x0707;
const I2C_M_RD = 0x0001;

/** Opens a node such as `/dev/i2c-1`; the calls run on another thread, for a chip may hold its clock line. */
export async function openI2cTransfers(device: string): Promise<I2cTransfers> {
  const ioctl = await loadIoctl();
  const file = await open(device, "r+");
  return {
    async writeThenRead(address, bytes, answer) {
      const written = Uint8Array.from(bytes);
      const messages = [
        { addr: address, flags: 0, len: written.length, buf: written },
        { addr: address, flags: I2C_M_RD, len: answer.length, buf: answer },
      ];
      await new Promise<void>((resolve, reject) => {
        ioctl(file.fd, { msgs: messages, nmsgs: messages.length }, (errno) => {
          if (errno === 0) resolve();
          else reject(systemError(errno));
        });
      });
    },
    close: () => file.close(),
  };
}

interface Transaction {
  msgs: readonly { addr: number; flags: number; len: number; buf: Uint8Array }[];
  nmsgs: number;
}

type Ioctl = (fd: number, transaction: Transaction, done: (errno: number) => void) => void;

async function loadIoctl(): Promise<Ioctl> {
  // Loaded only where a chip needs it.
  const { default: koffi } = await import("koffi");
  const message = koffi.struct({ addr: "uint16", flags: "uint16", len: "uint16", buf: "void *" });
  const transaction = koffi.struct({ msgs: koffi.pointer(message), nmsgs: "uint32" });
  const ioctl = koffi
    .load("libc.so.6")
    .func("ioctl", "int", ["int", "ulong", koffi.pointer(transaction)]);
  return (fd, argument, done) => {
    ioctl.async(fd, I2C_RDWR, argument, (fault: unknown, result: number) => {
      const failed = fault !== null || result < 0;
      done(failed ? koffi.errno() || constants.errno.EIO : 0);
    });
  };
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: I2C transaction`), { code });
}
