/** GPIO lines on Linux through onoff, which speaks sysfs; its numbers are looked up, never assumed. */
import type { Gpio } from "onoff";
import { BusError } from "../bus/errors.ts";
import type {
  GpioHost,
  InputLine,
  InputOptions,
  Level,
  OutputLine,
  OutputOptions,
} from "../bus/gpio.ts";
import { toBusError } from "./errno.ts";
import { findGpioChip, HEADER_LABELS, kernelLine, SYSFS_GPIO } from "./gpio-chip.ts";
import { loadNativeModule } from "./native-module.ts";

/** The native module's face this host needs. Main thread only: it crashes when a worker ends. */
export interface OnoffModule {
  Gpio: new (
    ...args: ConstructorParameters<typeof Gpio>
  ) => Pick<
    Gpio,
    "direction" | "setDirection" | "readSync" | "writeSync" | "watch" | "unwatchAll" | "unexport"
  >;
}

export interface LinuxGpioOptions {
  /** Where the kernel lists its chips. onoff itself always works in /sys/class/gpio. */
  root?: string;
  /** Labels of the chips that may carry the header, best first. */
  labels?: readonly string[];
  load?: () => Promise<OnoffModule>;
}

type NativeLine = InstanceType<OnoffModule["Gpio"]>;

/** All lines of the board's header. Nothing is looked up before the first line is taken. */
export function createLinuxGpio(options: LinuxGpioOptions = {}): GpioHost {
  return new LinuxGpio(options);
}

class LinuxGpio implements GpioHost {
  readonly #options: LinuxGpioOptions;
  readonly #taken = new Map<number, { close(): Promise<void> }>();
  readonly #opening = new Set<number>();

  constructor(options: LinuxGpioOptions) {
    this.#options = options;
  }

  output(line: number, options: OutputOptions = {}): Promise<OutputLine> {
    const { activeLow = false, initial = 0 } = options;
    return this.#take(line, "taking it as an output", (native, number) => {
      // The kernel writes the level with the direction, so no glitch; and it writes it raw: the
      // word means a voltage, whatever active_low says.
      const voltage = (initial === 1) === activeLow ? "low" : "high";
      const gpio = new native.Gpio(number, voltage, "none", { activeLow });
      if (gpio.direction() !== "out") {
        // Its file would stay open, once for every time somebody tries again.
        gpio.unexport();
        throw new BusError("denied", {
          bus: `gpio line ${line}`,
          during: "taking it as an output",
          detail: "the kernel keeps it an input; another driver may own it",
        });
      }
      return new LinuxOutput(`gpio line ${line}`, gpio, () => this.#taken.delete(line));
    });
  }

  input(line: number, options: InputOptions = {}): Promise<InputLine> {
    const { activeLow = false, debounceMs = 0 } = options;
    return this.#take(line, "taking it as an input", (native, number) => {
      const gpio = new native.Gpio(number, "in", "both", { activeLow });
      return new LinuxInput(`gpio line ${line}`, gpio, debounceMs, () => this.#taken.delete(line));
    });
  }

  async close(): Promise<void> {
    for (const line of this.#taken.values()) await line.close();
  }

  async #take<T extends { close(): Promise<void> }>(
    line: number,
    during: string,
    make: (native: OnoffModule, kernelNumber: number) => T,
  ): Promise<T> {
    const context = { bus: `gpio line ${line}`, during };
    if (this.#taken.has(line) || this.#opening.has(line)) throw new BusError("busy", context);
    this.#opening.add(line);
    try {
      const chip = await findGpioChip(
        this.#options.root ?? SYSFS_GPIO,
        this.#options.labels ?? HEADER_LABELS,
      );
      const load = this.#options.load ?? (() => import("onoff"));
      const native = await loadNativeModule("onoff", load, context);
      const taken = make(native, kernelLine(chip, line));
      this.#taken.set(line, taken);
      return taken;
    } catch (error) {
      throw toBusError(error, context);
    } finally {
      this.#opening.delete(line);
    }
  }
}

/** Runs one call on a line that may have been given back or torn away. */
function guarded<T>(name: string, during: string, open: boolean, call: () => T): T {
  if (!open) throw new BusError("closed", { bus: name, during });
  try {
    return call();
  } catch (error) {
    throw toBusError(error, { bus: name, during });
  }
}

class LinuxOutput implements OutputLine {
  readonly name: string;
  readonly #gpio: NativeLine;
  readonly #freed: () => void;
  #open = true;

  constructor(name: string, gpio: NativeLine, freed: () => void) {
    this.name = name;
    this.#gpio = gpio;
    this.#freed = freed;
  }

  async write(level: Level): Promise<void> {
    guarded(this.name, "writing it", this.#open, () => this.#gpio.writeSync(level));
  }

  async read(): Promise<Level> {
    return guarded(this.name, "reading it", this.#open, () => this.#gpio.readSync());
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    try {
      await this.write(0);
    } finally {
      this.#open = false;
      this.#freed();
      // A line given back keeps its level or floats, by kernel; after the write above both are 0.
      this.#gpio.unexport();
    }
  }
}

class LinuxInput implements InputLine {
  readonly name: string;
  readonly #gpio: NativeLine;
  readonly #debounceMs: number;
  readonly #freed: () => void;
  #reported: Level;
  #settling: NodeJS.Timeout | undefined;
  #listener: ((level: Level) => void) | undefined;
  #open = true;

  constructor(name: string, gpio: NativeLine, debounceMs: number, freed: () => void) {
    this.name = name;
    this.#gpio = gpio;
    this.#debounceMs = debounceMs;
    this.#freed = freed;
    this.#reported = gpio.readSync();
    gpio.watch(() => this.#edge());
  }

  async read(): Promise<Level> {
    return guarded(this.name, "reading it", this.#open, () => this.#gpio.readSync());
  }

  onChange(listener: (level: Level) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#settling);
    this.#freed();
    this.#gpio.unwatchAll();
    this.#gpio.unexport();
  }

  /** An edge says only that something moved; the level counts once no further edge came. */
  #edge(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      // A line whose file is gone ends the process here: no door is run on contacts it cannot read.
      const level = this.#gpio.readSync();
      if (level === this.#reported) return;
      this.#reported = level;
      this.#listener?.(level);
    }, this.#debounceMs);
  }
}
