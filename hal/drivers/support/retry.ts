/** Keeps one piece of work going: starts it again after each failure, and waits longer each time. */
import type { Clock } from "../../clock.ts";
import { createBackoff, type BackoffLimits } from "./backoff.ts";
import { CancellableWaits } from "./waits.ts";

/** One start-to-stop span of the work. */
export interface Session {
  /** False once stopped: what still arrives must change nothing. */
  readonly live: boolean;
  /** Resolves after `delayMs`, or at once when stopped. */
  wait(delayMs: number): Promise<void>;
  /** Resolves when stopped. */
  readonly stopped: Promise<void>;
}

export interface RetryOptions extends Partial<BackoffLimits> {
  clock: Clock;
  /** The work. It ends by rejecting, or by resolving once `session.live` is false. */
  attempt: (session: Session) => Promise<void>;
  onFailure: (error: unknown) => void;
}

export interface Retry {
  /** Resolves once the first attempt is known to work, or to have failed. */
  start(): Promise<void>;
  /** Ends the session without waiting for what is under way: its clock may stand still. */
  stop(): void;
  /** The work does what it should: after the next failure the wait is short again. */
  succeeded(): void;
}

/** Waits double from `firstMs` (500) to `lastMs` (10 000). Starting twice does nothing. */
export function createRetry(options: RetryOptions): Retry {
  const { clock, attempt, onFailure, firstMs = 500, lastMs = 10_000 } = options;
  const backoff = createBackoff({ firstMs, lastMs });
  let session: CancellableSession | undefined;
  let firstKnown: () => void = () => undefined;

  const run = async (mine: CancellableSession): Promise<void> => {
    while (mine.live) {
      try {
        await attempt(mine);
      } catch (error) {
        if (!mine.live) return;
        onFailure(error);
        firstKnown();
        await mine.wait(backoff.nextMs());
      }
    }
  };

  return {
    start() {
      if (session !== undefined) return Promise.resolve();
      backoff.reset();
      session = new CancellableSession(clock);
      const known = new Promise<void>((resolve) => {
        firstKnown = resolve;
      });
      void run(session);
      return known;
    },
    stop() {
      session?.end();
      firstKnown();
      session = undefined;
    },
    succeeded() {
      backoff.reset();
      firstKnown();
    },
  };
}

class CancellableSession implements Session {
  live = true;
  readonly stopped: Promise<void>;
  readonly #waits: CancellableWaits;
  #end: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#waits = new CancellableWaits(clock);
    this.stopped = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  wait(delayMs: number): Promise<void> {
    return this.live ? this.#waits.wait(delayMs) : Promise.resolve();
  }

  end(): void {
    this.live = false;
    this.#end();
    this.#waits.cancelAll();
  }
}
