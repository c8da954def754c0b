/** Keeps one piece of work going: starts it again after each failure, more patiently each time. */
import type { Clock, Timer } from "../../clock.ts";

/** One start-to-stop span of the work. */
export interface Session {
  /** False once stopped: whatever still arrives must change nothing. */
  readonly live: boolean;
  /** Resolves after `delayMs`, or at once when stopped. */
  wait(delayMs: number): Promise<void>;
  /** Resolves when stopped. */
  readonly stopped: Promise<void>;
}

export interface RetryOptions {
  clock: Clock;
  /** The work. It ends by rejecting, or by resolving once `session.live` is false. */
  attempt: (session: Session) => Promise<void>;
  onFailure: (error: unknown) => void;
  firstDelayMs?: number;
  maximumDelayMs?: number;
}

export interface Retry {
  /** Resolves once the first attempt is known to work, or to have failed. */
  start(): Promise<void>;
  /** Ends the session without waiting for what is under way: its clock may stand still. */
  stop(): void;
  /** The work does what it should: the next failure is answered quickly again. */
  succeeded(): void;
}

/** Delays double from `firstDelayMs` (500) to `maximumDelayMs` (10 000). Starting twice does nothing. */
export function createRetry(options: RetryOptions): Retry {
  const { clock, attempt, onFailure, firstDelayMs = 500, maximumDelayMs = 10_000 } = options;
  let delayMs = firstDelayMs;
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
        await mine.wait(delayMs);
        delayMs = Math.min(maximumDelayMs, delayMs * 2);
      }
    }
  };

  return {
    start() {
      if (session !== undefined) return Promise.resolve();
      delayMs = firstDelayMs;
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
      delayMs = firstDelayMs;
      firstKnown();
    },
  };
}

class CancellableSession implements Session {
  live = true;
  readonly stopped: Promise<void>;
  readonly #clock: Clock;
  readonly #waits = new Map<Timer, () => void>();

  #end: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.stopped = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  wait(delayMs: number): Promise<void> {
    if (!this.live) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(delayMs, () => {
        this.#waits.delete(timer);
        resolve();
      });
      this.#waits.set(timer, resolve);
    });
  }

  end(): void {
    this.live = false;
    this.#end();
    for (const [timer, resolve] of this.#waits) {
      timer.cancel();
      resolve();
    }
    this.#waits.clear();
  }
}
