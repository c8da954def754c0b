/** Reconnects for as long as a connection is wanted: one at a time, with exponential back-off and jitter. */
import type { Clock } from "../../hal/clock.ts";
import { createBackoff, type BackoffRange } from "../base/backoff.ts";
import type { MqttConnection } from "./connection.ts";
import { errorText } from "../base/errors.ts";

export interface ConnectionManagerOptions {
  clock: Clock;
  /** Uniform in [0, 1): spreads reconnects. */
  chance: () => number;
  pause?: BackoffRange | undefined;
  /** @param wanted aborted when no connection is wanted any more */
  connect: (wanted: AbortSignal) => Promise<MqttConnection>;
  /** Uses a connection; resolves with why it ended, or rejects when it could not be used. */
  serve: (connection: MqttConnection) => Promise<string>;
  /** A try failed, or a connection ended. */
  onEnd: (why: string, error?: unknown) => void;
  /** Asked after each end for a pause in the place of the usual one. */
  pauseMs?: (usualMs: number) => number;
}

const DEFAULT_PAUSE: BackoffRange = { firstMs: 1_000, longestMs: 15_000 };
/** A connection that lasted this long was a good one: a broker that drops it sooner is left in peace. */
const SETTLED_MS = 60_000;

export class ConnectionManager {
  readonly #options: ConnectionManagerOptions;
  #running = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;
  #wanted = new AbortController();

  constructor(options: ConnectionManagerOptions) {
    this.#options = options;
  }

  running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#wanted = new AbortController();
    this.#loop = this.#run();
  }

  /** No more tries from now on; what is connected is for the caller to close, before `ended`. */
  stop(): void {
    this.#running = false;
    this.#wanted.abort();
    this.#wake?.();
  }

  /** Resolves when the last connection is over. */
  ended(): Promise<void> {
    return this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, chance, pauseMs = (usualMs) => usualMs, pause = DEFAULT_PAUSE } = this.#options;
    const backoff = createBackoff(chance, pause);
    while (this.#running) {
      const beganMs = clock.monotonicMs();
      await this.#once();
      if (clock.monotonicMs() - beganMs >= SETTLED_MS) backoff.reset();
      if (this.#running) await this.#pause(pauseMs(backoff.nextMs()));
    }
  }

  /** One connection from its try to its end. */
  async #once(): Promise<void> {
    const { connect, serve, onEnd } = this.#options;
    let connection: MqttConnection | undefined;
    try {
      connection = await connect(this.#wanted.signal);
      if (this.#running) {
        onEnd(await serve(connection));
        return;
      }
      await connection.close();
      onEnd("no longer wanted");
    } catch (error) {
      await connection?.close().catch(() => {});
      onEnd(errorText(error), error);
    }
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(waitMs, resolve);
      this.#wake = () => {
        // A timer that is left would keep a process alive that has nothing else to do.
        timer.cancel();
        resolve();
      };
    });
  }
}
