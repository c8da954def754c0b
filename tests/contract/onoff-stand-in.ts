/** Stands where onoff stands: the same calls on voltages in memory, numbered as the kernel numbers them. */
import type { Level } from "../../hal/bus/gpio.ts";
import type { OnoffModule } from "../../hal/linux/gpio.ts";

/** The pins of a board, by kernel number. */
export class OnoffStandIn {
  readonly #voltages = new Map<number, Level>();
  readonly #history = new Map<number, Level[]>();
  readonly #watchers = new Map<number, () => void>();
  /** Numbers whose direction another driver keeps, as the kernel then ignores a new one. */
  readonly stubborn = new Set<number>();
  readonly exported = new Set<number>();
  /** Files that lines hold open: taken and not given back. */
  openFiles = 0;

  readonly module: OnoffModule = { Gpio: lineClass(this) };

  voltage(number: number): Level {
    return this.#voltages.get(number) ?? 0;
  }

  history(number: number): Level[] {
    return this.#history.get(number) ?? [];
  }

  put(number: number, voltage: Level): void {
    if (this.voltage(number) === voltage) return;
    this.#voltages.set(number, voltage);
    this.#history.set(number, [...this.history(number), voltage]);
    this.#watchers.get(number)?.();
  }

  watch(number: number, watcher: (() => void) | undefined): void {
    if (watcher === undefined) this.#watchers.delete(number);
    else this.#watchers.set(number, watcher);
  }
}

/** A class like onoff's Gpio, whose lines are the pins of one board. */
function lineClass(pins: OnoffStandIn): OnoffModule["Gpio"] {
  return class {
    readonly #number: number;
    readonly #activeLow: boolean;
    readonly #direction: "in" | "out";

    constructor(...args: ConstructorParameters<OnoffModule["Gpio"]>) {
      const [number, direction, , options] = args;
      this.#number = number;
      this.#activeLow = options?.activeLow ?? false;
      this.#direction = direction === "in" || pins.stubborn.has(number) ? "in" : "out";
      pins.exported.add(number);
      pins.openFiles += 1;
      // As the kernel has it: the words high and low are voltages, values are not.
      if (this.#direction === "out") pins.put(number, direction === "high" ? 1 : 0);
    }

    direction(): "in" | "out" {
      return this.#direction;
    }

    setDirection(direction: "in" | "out" | "high" | "low"): void {
      if (this.#direction === "in" || direction === "in") return;
      pins.put(this.#number, direction === "high" ? 1 : 0);
    }

    readSync(): Level {
      return invert(pins.voltage(this.#number), this.#activeLow);
    }

    writeSync(value: Level): void {
      pins.put(this.#number, invert(value, this.#activeLow));
    }

    watch(callback: (error: Error | null | undefined, value: Level) => void): void {
      pins.watch(this.#number, () => callback(null, this.readSync()));
    }

    unwatchAll(): void {
      pins.watch(this.#number, undefined);
    }

    unexport(): void {
      pins.openFiles -= 1;
      pins.exported.delete(this.#number);
    }
  };
}

const invert = (level: Level, activeLow: boolean): Level => (activeLow === (level === 1) ? 0 : 1);
