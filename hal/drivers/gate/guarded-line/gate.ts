/** The way through: a guarded line that is locked at start, on stop and on any error. */
import type { GuardedLine, Level } from "../../../bus/gpio.ts";
import { BusError } from "../../../bus/errors.ts";
import type { Clock, Timer } from "../../../clock.ts";
import type { DeviceHealth, Gate, GateState } from "../../../devices.ts";
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry } from "../../support/retry.ts";
import type { Retry, Session } from "../../support/retry.ts";

export interface GateOptions {
  /** The line, or how to get one. Only a function lets the gate come back after its guard died. */
  line: GuardedLine | (() => Promise<GuardedLine>);
  clock: Clock;
  /** The longest release, ms; the guard's own maximum holds besides. */
  maximumMs?: number;
}

// The guard ends a release by itself. The gate checks this much later, and never acts first.
const OVERDUE_MS = 100;
const LOST = "the gate has no guard: it is locked until one is back";

/** A gate that can only be open for a bounded time, by a process other than this one. */
export function createGate(options: GateOptions): Gate {
  return new GuardedGate(options);
}

class GuardedGate implements Gate {
  readonly #options: GateOptions;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #line: GuardedLine | undefined;
  #state: GateState = "locked";
  #overdue: Timer | undefined;
  #giveUp: ((error: unknown) => void) | undefined;
  #onChange: ((state: GateState) => void) | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    if (options.maximumMs !== undefined && !(options.maximumMs > 0)) {
      throw new RangeError(`the gate's maximum must be above 0 ms, not ${options.maximumMs}`);
    }
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#hold(session),
      onFailure: (error) => this.#fail(error),
      firstMs: 100,
      lastMs: 5_000,
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    await this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    const line = this.#line;
    this.#line = undefined;
    this.#overdue?.cancel();
    // Closing drives the line to 0; what it could not do the guard does when its pipe closes.
    try {
      await line?.close();
    } catch (error) {
      this.#health.set(failureOf(error));
    }
    this.#become("locked");
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onChange(listener: (state: GateState) => void): void {
    this.#onChange = listener;
  }

  async release(releaseMs: number): Promise<void> {
    if (!(releaseMs > 0)) throw new RangeError(`a release lasts more than 0 ms, not ${releaseMs}`);
    const line = this.#held("releasing");
    const forMs = Math.min(releaseMs, line.maximumMs, this.#options.maximumMs ?? Infinity);
    try {
      await line.energise(forMs);
    } catch (error) {
      this.#lose(line, error);
      throw error;
    }
    this.#overdue?.cancel();
    this.#overdue = this.#options.clock.after(forMs + OVERDUE_MS, () => {
      // A failure shows in the health: no caller waits for this lock.
      if (this.#state === "released") this.lock().catch(() => undefined);
    });
  }

  async lock(): Promise<void> {
    const line = this.#held("locking");
    this.#overdue?.cancel();
    try {
      await line.deenergise();
    } catch (error) {
      this.#lose(line, error);
      throw error;
    }
  }

  #held(during: string): GuardedLine {
    if (this.#line !== undefined) return this.#line;
    throw new BusError("closed", { bus: "gate", during, detail: LOST });
  }

  /** Gets a line, locks it, and holds it until it is lost. */
  async #hold(session: Session): Promise<void> {
    const { line: source } = this.#options;
    const line = typeof source === "function" ? await source() : source;
    const lost = new Promise<never>((_resolve, reject) => {
      line.onLost(reject);
      this.#giveUp = reject;
    });
    // Losing the line while it is still being locked shows in the locking itself.
    lost.catch(() => undefined);
    line.onLevel((level) => {
      if (this.#line === line) this.#follow(level);
    });
    try {
      await line.deenergise();
      if (!session.live) return;
      this.#line = line;
      this.#health.set({ state: "ok" });
      this.#retry.succeeded();
      await Promise.race([lost, session.stopped]);
    } finally {
      if (this.#line === line) this.#line = undefined;
      // Closing lowers the line. What cannot be lowered from here the guard lowers when its pipe ends.
      await line.close().catch(() => undefined);
    }
  }

  #follow(level: Level): void {
    this.#become(level === 1 ? "released" : "locked");
  }

  #become(state: GateState): void {
    if (state === "locked") this.#overdue?.cancel();
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange?.(state);
  }

  /** Gives a line up that did not obey. */
  #lose(line: GuardedLine, error: unknown): void {
    // A refused duration is the caller's mistake, not the line's.
    if (this.#line !== line || error instanceof RangeError) return;
    this.#line = undefined;
    this.#giveUp?.(error);
  }

  #fail(error: unknown): void {
    this.#health.set(failureOf(error));
    this.#become("locked");
  }
}
