/** One question and one answer at a time over an open serial line, with the protocol's deadlines. */
import { withDeadline, type Clock, type Timer } from "../../../clock.ts";
import { BusError } from "../../../bus/errors.ts";
import type { SerialConnection } from "../../../bus/serial.ts";
import { CancellableWaits } from "../../support/waits.ts";
import { FrameParser, type FrameFault, type ResponseFrame } from "./frame.ts";

// Waits used by published implementations of the protocol.
const HEADER_WAIT_MS = 2_000;
/** A request of some bytes leaves within a millisecond at the slowest rate. */
const WRITE_WAIT_MS = 2_000;
const FRAME_WAIT_MS = 5_000;
// A line this long without a byte has said all it had to say.
const QUIET_MS = 30;
const DRAIN_AT_MOST_MS = 1_000;

/**
 * - `silence`: no header came in time
 * - `unfinished`: a header came, its frame did not
 */
export type LinkFault = FrameFault | "silence" | "unfinished";

export type Reply =
  | { kind: "answer"; frame: ResponseFrame; lastByteAtMs: number }
  | { kind: "fault"; fault: LinkFault };

type Waiter = {
  settle(reply: Reply): void;
  fail(error: unknown): void;
};

/** The conversation with one reader. Rejects with `closed` once the line is gone. */
export class SdtLink {
  readonly #connection: SerialConnection;
  readonly #clock: Clock;
  readonly #parser = new FrameParser();
  readonly #waits: CancellableWaits;
  #waiter: Waiter | undefined;
  #lastByteAtMs = 0;
  #lost: Error | undefined;

  constructor(connection: SerialConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#waits = new CancellableWaits(clock);
    connection.onData((chunk) => this.#take(chunk));
    connection.onClose((error) => {
      this.#lost =
        error ??
        new BusError("closed", { bus: connection.path, during: "talking to the card reader" });
      this.#waiter?.fail(this.#lost);
      this.#waits.cancelAll();
    });
  }

  /** Why the line is gone, if it is. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  setBaudRate(baudRate: number): Promise<void> {
    const { path } = this.#connection;
    return withDeadline(
      this.#clock,
      WRITE_WAIT_MS,
      this.#connection.setBaudRate(baudRate),
      () => new BusError("timeout", { bus: path, during: "setting the card reader's baud rate" }),
    );
  }

  /** Resolves after `durationMs`, or at once when the line is lost or closed. */
  wait(durationMs: number): Promise<void> {
    return this.#lost === undefined ? this.#waits.wait(durationMs) : Promise.resolve();
  }

  close(): Promise<void> {
    this.#waits.cancelAll();
    return this.#connection.close();
  }

  /** Sends a request and waits for its answer: `headerWaitMs` for the beginning, 5 s for the whole. */
  async ask(request: Uint8Array, headerWaitMs: number = HEADER_WAIT_MS): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#parser.reset();
    const timers: Timer[] = [];
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#waiter = { settle: resolve, fail: reject };
    });
    // A line lost during the write fails the write as well; the reply's own rejection is handled below.
    reply.catch(() => {});
    try {
      await this.#write(request);
      timers.push(
        this.#clock.after(headerWaitMs, () => {
          if (!this.#parser.midFrame) this.#waiter?.settle({ kind: "fault", fault: "silence" });
        }),
        this.#clock.after(FRAME_WAIT_MS, () =>
          this.#waiter?.settle({ kind: "fault", fault: "unfinished" }),
        ),
      );
      return await reply;
    } finally {
      for (const timer of timers) timer.cancel();
      this.#waiter = undefined;
      this.#parser.reset();
    }
  }

  /** A line whose driver hangs takes no bytes and says nothing: that is a fault of the line. */
  #write(request: Uint8Array): Promise<void> {
    const { path } = this.#connection;
    return withDeadline(
      this.#clock,
      WRITE_WAIT_MS,
      this.#connection.write(request),
      () => new BusError("timeout", { bus: path, during: "sending to the card reader" }),
    );
  }

  /** After a fault: lets what is still on its way arrive and go, so that no late answer is taken for the next. */
  async drain(): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    let quietSinceMs = startedAtMs;
    while (this.#lost === undefined) {
      await this.#waits.wait(QUIET_MS);
      const nowMs = this.#clock.monotonicMs();
      if (this.#lastByteAtMs < quietSinceMs || nowMs - startedAtMs >= DRAIN_AT_MOST_MS) return;
      quietSinceMs = nowMs;
    }
  }

  #take(chunk: Uint8Array): void {
    this.#lastByteAtMs = this.#clock.monotonicMs();
    const outcomes = this.#waiter === undefined ? [] : this.#parser.push(chunk);
    // The chunk may hold part of a card; the line gave it to us, so it ends here.
    chunk.fill(0);
    const frame = outcomes.find((outcome) => outcome.kind === "frame");
    const first = frame ?? outcomes[0];
    if (first === undefined) return;
    this.#waiter?.settle(
      first.kind === "frame"
        ? { kind: "answer", frame: first.frame, lastByteAtMs: this.#lastByteAtMs }
        : first,
    );
  }
}
