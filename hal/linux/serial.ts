/** Serial lines of a real Linux machine, through the serialport package. */
import type { SerialPort } from "serialport";
import { BusError, type BusErrorKind } from "../bus/errors.ts";
import type { SerialConnection, SerialHost, SerialSettings } from "../bus/serial.ts";
import { atMost } from "./at-most.ts";

export interface LinuxSerialOptions {
  /** Device node; best one of `/dev/serial/by-id/`, which stays the same when plugs change places. */
  path: string;
}

/**
 * The line behind a device node. It need not exist yet: opening rejects with `absent` until it does,
 * and a line that was lost can be opened again when it is back. The port is taken exclusively.
 */
export function createLinuxSerial({ path }: LinuxSerialOptions): SerialHost {
  return { path, open: (settings) => open(path, settings) };
}

async function open(path: string, { baudRate }: SerialSettings): Promise<SerialConnection> {
  // Loaded only where a line is opened: not every unit has one.
  const serial = await import("serialport");
  const port = new serial.SerialPort({ path, baudRate, autoOpen: false });
  // Faults reach us by callbacks and by `close`; an unheard `error` event would end the process.
  port.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error === null || error === undefined) resolve();
      else reject(openingError(path, error));
    });
  });
  return new LinuxSerialConnection(port);
}

// The binding gives sentences without error codes.
const OPENING_ERRORS: readonly (readonly [RegExp, BusErrorKind])[] = [
  [/permission denied|operation not permitted/i, "denied"],
  [/cannot lock|temporarily unavailable|resource busy/i, "busy"],
  [/inappropriate ioctl|is a directory|invalid argument/i, "unsupported"],
];

function openingError(path: string, cause: Error): BusError {
  const kind = OPENING_ERRORS.find(([pattern]) => pattern.test(cause.message))?.[1] ?? "absent";
  return new BusError(kind, { bus: path, during: "opening", detail: cause.message }, { cause });
}

const PRESENCE_CHECK_MS = 500;
const CLOSE_MS = 1_500;
const HUNG_UP = /input\/output error|no such device/i;

class LinuxSerialConnection implements SerialConnection {
  readonly path: string;
  readonly #port: SerialPort;
  readonly #pending = new Set<(error: Error) => void>();
  #onData: (chunk: Uint8Array) => void = () => {};
  #onClose: (error?: Error) => void = () => {};
  #state: "open" | "closing" | "closed" = "open";
  #closed: Promise<void>;
  #lostBy: Error | undefined;

  constructor(port: SerialPort) {
    this.path = port.path;
    this.#port = port;
    // The listener stays for the life of the port: without a pending read an unplugged adapter is
    // never noticed, and the descriptor it leaves behind keeps its name from coming back.
    port.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    const watch = setInterval(() => this.#checkPresence(), PRESENCE_CHECK_MS);
    watch.unref();
    this.#closed = new Promise((resolve) => {
      port.once("close", (cause?: Error | null) => {
        clearInterval(watch);
        if (this.#state !== "closed") this.#end(cause ?? undefined);
        resolve();
      });
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    // The caller may reuse its bytes as soon as this returns.
    const copy = Buffer.from(bytes);
    await this.#call("writing", (done) => {
      this.#port.write(copy, (error) => {
        if (error) done(error);
        else this.#port.drain(done);
      });
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return this.#call("setting the baud rate", (done) => {
      this.#port.update({ baudRate }, done);
    });
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener;
  }

  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener;
    if (this.#state === "closed") listener(this.#lostBy);
  }

  async close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closing";
      this.#failPending();
      if (this.#port.isOpen) this.#port.close(() => {});
    }
    // A driver that hangs in a write keeps the port; the line is over for whoever used it.
    if (!(await atMost(CLOSE_MS, this.#closed)) && this.#state === "closing") this.#end(undefined);
  }

  // A line that hangs up before the first read waits is never reported: the binding then reads zero
  // bytes over and over. Every question about such a line fails; where the question itself is not
  // supported (a pseudo-terminal has no modem lines) the line is well.
  #checkPresence(): void {
    if (!this.#port.isOpen) return;
    this.#port.get((error) => {
      if (error && HUNG_UP.test(error.message) && this.#port.isOpen) this.#port.close(() => {});
    });
  }

  async #call(
    during: string,
    start: (done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    if (this.#state !== "open") throw this.#closedError(during);
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        this.#pending.delete(settle);
        if (!error) resolve();
        else if (error instanceof BusError) reject(error);
        else reject(this.#closedError(during, error));
      };
      this.#pending.add(settle);
      start(settle);
    });
  }

  #end(cause: Error | undefined): void {
    const lost = this.#state === "open";
    this.#state = "closed";
    this.#failPending();
    if (lost) {
      this.#lostBy = new BusError(
        "absent",
        { bus: this.path, during: "waiting for bytes", detail: cause?.message ?? "hung up" },
        { cause },
      );
    }
    this.#onClose(this.#lostBy);
  }

  #failPending(): void {
    for (const fail of this.#pending) fail(this.#closedError("waiting for the line"));
  }

  #closedError(during: string, cause?: Error): BusError {
    const detail = cause === undefined ? {} : { detail: cause.message };
    return new BusError("closed", { bus: this.path, during, ...detail }, { cause });
  }
}
