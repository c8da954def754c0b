/** A simulated guard: the separate process that owns the relay line, with its own timer and its own ways to die. */
import { BusError } from "../../hal/bus/errors.ts";
import type { GuardedLine, Level, OutputLine } from "../../hal/bus/gpio.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import type { SimulatedGpio } from "./gpio.ts";

export interface SimulatedGuardOptions {
  gpio: SimulatedGpio;
  line: number;
  clock: Clock;
  maximumMs: number;
  activeLow?: boolean;
}

/** The guarded line and what a fault plan can do to the process behind it. */
export interface SimulatedGuard extends GuardedLine {
  /** The guard dies at once. Its line keeps its level until the parent has noticed. */
  kill(): void;
  /** The guard stands still: no timer fires, no command is heard, until the parent gives up on it. */
  hang(): void;
}

// A dead child is told by its closed pipe, a hanging one by heartbeats that stay out.
const NOTICE_DEATH_MS = 5;
const NOTICE_HANG_MS = 600;
const NOTICE_OVERDUE_MS = 50;

/**
 * Takes the line and drives it to 0.
 * @throws BusError `busy` when somebody holds the line
 */
export function createSimulatedGuard(options: SimulatedGuardOptions): SimulatedGuard {
  return new Guard(options);
}

class Guard implements SimulatedGuard {
  readonly name: string;
  readonly maximumMs: number;
  readonly #clock: Clock;
  readonly #output: OutputLine;
  #state: "alive" | "dying" | "lost" | "closed" = "alive";
  #level: Level = 0;
  #end: Timer | undefined;
  #endAtMs = 0;
  #unheard: (() => void)[] = [];
  #onLevel: ((level: Level) => void) | undefined;
  #onLost: ((error: Error) => void) | undefined;

  constructor(options: SimulatedGuardOptions) {
    this.#clock = options.clock;
    this.maximumMs = options.maximumMs;
    this.#output = options.gpio.take(options.line, { activeLow: options.activeLow ?? false });
    this.name = `guard of ${this.#output.name}`;
  }

  async energise(forMs: number): Promise<void> {
    if (!(forMs > 0 && forMs <= this.maximumMs)) {
      throw new RangeError(`a release lasts 1 to ${this.maximumMs} ms, not ${forMs}`);
    }
    await this.#heard("raising the line");
    this.#end?.cancel();
    this.#endAtMs = this.#clock.monotonicMs() + forMs;
    this.#end = this.#clock.after(forMs, () => {
      // A fall that fails has already been told through onLost.
      if (this.#state === "alive") this.#fall().catch(() => undefined);
    });
    await this.#set(1);
  }

  async deenergise(): Promise<void> {
    await this.#heard("lowering the line");
    await this.#fall();
  }

  onLevel(listener: (level: Level) => void): void {
    this.#onLevel = listener;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost = listener;
  }

  async close(): Promise<void> {
    if (this.#state === "lost" || this.#state === "closed") return;
    this.#state = "closed";
    this.#end?.cancel();
    // The process ends either way, and its successor must find the line free.
    try {
      await this.#set(0);
    } finally {
      await this.#output.close();
    }
  }

  kill(): void {
    this.#die("the guard process ended by signal SIGKILL", NOTICE_DEATH_MS);
  }

  hang(): void {
    this.#die("the guard process does not answer", NOTICE_HANG_MS);
    // The parent knows when a release should be over, and lowers the line itself.
    if (this.#level === 0) return;
    const leftMs = Math.max(0, this.#endAtMs - this.#clock.monotonicMs());
    this.#clock.after(leftMs + NOTICE_OVERDUE_MS, () => {
      if (this.#state === "dying") this.#set(0).catch(() => undefined);
    });
  }

  /** Rejects when there is nobody to hear a command; waits out a guard that is about to be given up. */
  async #heard(during: string): Promise<void> {
    if (this.#state === "dying") await new Promise<void>((resolve) => this.#unheard.push(resolve));
    if (this.#state !== "alive") throw new BusError("closed", { bus: this.name, during });
  }

  async #fall(): Promise<void> {
    this.#end?.cancel();
    this.#end = undefined;
    try {
      await this.#set(0);
    } catch (error) {
      // A guard that cannot lower its line exits, which frees the line for its successor.
      await this.#output.close().catch(() => undefined);
      this.#lose(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #set(level: Level): Promise<void> {
    await this.#output.write(level);
    if (this.#level === level) return;
    this.#level = level;
    this.#onLevel?.(level);
  }

  #die(reason: string, noticeMs: number): void {
    if (this.#state !== "alive") return;
    this.#state = "dying";
    this.#end?.cancel();
    this.#clock.after(noticeMs, () => {
      void this.#takenOver(reason);
    });
  }

  /** What the parent does about a dead guard: lowers the line itself, and only then tells. */
  async #takenOver(reason: string): Promise<void> {
    await this.#set(0).catch(() => undefined);
    await this.#output.close().catch(() => undefined);
    this.#lose(
      new BusError("closed", { bus: this.name, during: "guarding the line", detail: reason }),
    );
  }

  #lose(error: Error): void {
    if (this.#state === "lost" || this.#state === "closed") return;
    this.#state = "lost";
    for (const wake of this.#unheard.splice(0)) wake();
    this.#onLost?.(error);
  }
}
