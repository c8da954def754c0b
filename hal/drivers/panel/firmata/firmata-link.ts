/** A Firmata board on a serial line: the library's protocol, our wire, our clock. */
import { EventEmitter } from "node:events";
import firmata from "firmata-io";
import type { FirmataBoard, Transport } from "firmata-io";
import { BusError } from "../../../bus/errors.ts";
import type { SerialConnection } from "../../../bus/serial.ts";
import { withDeadline } from "../../../clock.ts";
import type { Clock } from "../../../clock.ts";

/** A board that has introduced itself. */
export interface FirmataLink {
  readonly io: FirmataBoard;
  /** Resolves when every byte so far has left; rejects with the first write that did not. */
  settled(): Promise<void>;
  /** Asks the board for a sign of life; rejects with `timeout` when none comes. */
  check(): Promise<void>;
  /** Rejects when the line is lost or the board restarted, which leaves its pins dark. */
  readonly lost: Promise<never>;
}

// An Arduino restarts when its port is opened and is then silent for up to two seconds; one that
// was running already says nothing until it is asked.
const ASK_AFTER_MS = 2500;
const READY_WITHIN_MS = 8000;
const ANSWER_WITHIN_MS = 2000;

/**
 * Waits until the board has told its version, firmware, pins and their modes.
 * @throws BusError `timeout` when what is there does not speak Firmata
 */
export async function openFirmata(
  connection: SerialConnection,
  clock: Clock,
): Promise<FirmataLink> {
  const transport = new SerialTransport(connection);
  const io = new firmata.Firmata(transport);
  // The library would ask by a timer of its own; ours also runs in virtual time.
  clearTimeout(io.reportVersionTimeoutId);
  transport.emit("open");
  const asking = clock.after(ASK_AFTER_MS, () => {
    io.reportVersion(() => undefined);
    io.queryFirmware(() => undefined);
  });
  const context = { bus: connection.path, during: "waiting for the panel's board" };
  try {
    const ready = new Promise<void>((resolve) => {
      io.once("ready", resolve);
    });
    await withDeadline(
      clock,
      READY_WITHIN_MS,
      Promise.race([ready, transport.lost]),
      () => new BusError("timeout", { ...context, detail: "no answer in the Firmata protocol" }),
    );
  } finally {
    asking.cancel();
  }
  io.on("queryfirmware", () =>
    transport.fail(new BusError("closed", { ...context, detail: "the board restarted" })),
  );
  return {
    io,
    settled: () => transport.settled(),
    lost: transport.lost,
    check: () =>
      withDeadline(
        clock,
        ANSWER_WITHIN_MS,
        new Promise<void>((resolve) => {
          io.reportVersion(resolve);
        }),
        () => new BusError("timeout", { ...context, detail: "the board went silent" }),
      ),
  };
}

/** The serial contract in the shape the library wants. */
class SerialTransport extends EventEmitter implements Transport {
  readonly path: string;
  readonly lost: Promise<never>;
  readonly #connection: SerialConnection;
  #pending: Promise<void> = Promise.resolve();
  #fail: (error: unknown) => void = () => undefined;

  constructor(connection: SerialConnection) {
    super();
    this.path = connection.path;
    this.#connection = connection;
    this.lost = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    // Whoever holds the link waits for it; before and after that nobody has to.
    this.lost.catch(() => undefined);
    connection.onData((chunk) => this.emit("data", chunk));
    connection.onClose((error) => {
      this.fail(error ?? new BusError("closed", { bus: this.path, during: "driving the panel" }));
    });
  }

  write(bytes: Uint8Array, written: () => void): void {
    const write = this.#connection.write(bytes);
    write.then(written, (error: unknown) => this.fail(error));
    this.#pending = Promise.all([this.#pending, write]).then(() => undefined);
    this.#pending.catch(() => undefined);
  }

  settled(): Promise<void> {
    return this.#pending;
  }

  fail(error: unknown): void {
    this.#fail(error);
  }
}
