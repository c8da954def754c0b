/** Simulated GPIO lines: voltages that a scenario drives and watches on one side, the contract on the other. */
import { BusError } from "../../hal/bus/errors.ts";
import type {
  GpioHost,
  InputLine,
  InputOptions,
  Level,
  OutputLine,
  OutputOptions,
} from "../../hal/bus/gpio.ts";
import type { Clock, Timer } from "../../hal/clock.ts";

/** The board as hands and instruments see it. Levels here are voltages, before any active-low. */
export interface SimulatedGpio extends GpioHost {
  /** What a contact outside puts on an input line. */
  drive(line: number, level: Level): void;
  /** The voltage of a line; 0 where nothing ever drove it, because everything has a pull-down. */
  level(line: number): Level;
  /** Every change of any line's voltage. Listeners add up. */
  onLevel(listener: (line: number, level: Level, atMs: number) => void): void;
  /** Takes an output at once, for a peer that is a process of its own and outlives the program. */
  take(line: number, options?: OutputOptions): OutputLine;
  /** Ends the program without a word: its lines are free again, its outputs keep their level. */
  abandon(): void;
  /** Without power every output falls to 0 and every taken line is lost. */
  setPower(on: boolean): void;
  /** Makes a line refuse to be written, as a burnt driver does, until set back. */
  setFaulty(line: number, faulty: boolean): void;
}

/** A board with all lines free and low. */
export function createSimulatedGpio(clock: Clock, name = "gpio-sim"): SimulatedGpio {
  return new Board(clock, name);
}

class Board implements SimulatedGpio {
  readonly name: string;
  readonly clock: Clock;
  readonly #levels = new Map<number, Level>();
  readonly #taken = new Map<number, SimulatedOutput | SimulatedInput>();
  readonly #peers = new Set<number>();
  readonly #faulty = new Set<number>();
  readonly #listeners: ((line: number, level: Level, atMs: number) => void)[] = [];
  #powered = true;

  constructor(clock: Clock, name: string) {
    this.clock = clock;
    this.name = name;
  }

  drive(line: number, level: Level): void {
    this.#put(line, level);
  }

  level(line: number): Level {
    return this.#levels.get(line) ?? 0;
  }

  onLevel(listener: (line: number, level: Level, atMs: number) => void): void {
    this.#listeners.push(listener);
  }

  take(line: number, options: OutputOptions = {}): OutputLine {
    const output = this.#takeOutput(line, options);
    this.#peers.add(line);
    return output;
  }

  #takeOutput(line: number, options: OutputOptions): OutputLine {
    this.#claim(line, "taking the line as an output");
    const output = new SimulatedOutput(this, line, options.activeLow ?? false);
    // Not taken before it has its level: a line that refuses stays free for the next try.
    output.put(options.initial ?? 0, "setting the initial level");
    this.#taken.set(line, output);
    return output;
  }

  async output(line: number, options: OutputOptions = {}): Promise<OutputLine> {
    return this.#takeOutput(line, options);
  }

  async input(line: number, options: InputOptions = {}): Promise<InputLine> {
    this.#claim(line, "taking the line as an input");
    const input = new SimulatedInput(this, line, options);
    this.#taken.set(line, input);
    return input;
  }

  abandon(): void {
    for (const [line, taken] of this.#taken) {
      if (!this.#peers.has(line)) this.#drop(line, taken);
    }
  }

  setPower(on: boolean): void {
    this.#powered = on;
    if (on) return;
    for (const [line, taken] of this.#taken) {
      this.#drop(line, taken);
      if (taken instanceof SimulatedOutput) this.#put(line, 0);
    }
  }

  setFaulty(line: number, faulty: boolean): void {
    if (faulty) this.#faulty.add(line);
    else this.#faulty.delete(line);
  }

  async close(): Promise<void> {
    for (const line of this.#taken.values()) await line.close();
  }

  /** Puts a voltage on an output the program holds. */
  write(line: number, level: Level, during: string): void {
    if (this.#faulty.has(line)) {
      throw new BusError("denied", { bus: this.name, during, detail: `line ${line} is faulty` });
    }
    this.#put(line, level);
  }

  free(line: number): void {
    this.#taken.delete(line);
    this.#peers.delete(line);
  }

  #drop(line: number, taken: SimulatedOutput | SimulatedInput): void {
    taken.lose();
    this.free(line);
  }

  #claim(line: number, during: string): void {
    const context = { bus: this.name, during, detail: `line ${line}` };
    if (!this.#powered || !Number.isInteger(line) || line < 0)
      throw new BusError("absent", context);
    if (this.#taken.has(line)) throw new BusError("busy", context);
  }

  #put(line: number, level: Level): void {
    if (this.level(line) === level) return;
    this.#levels.set(line, level);
    const taken = this.#taken.get(line);
    if (taken instanceof SimulatedInput) taken.sense(level);
    for (const listener of this.#listeners) listener(line, level, this.clock.monotonicMs());
  }
}

class SimulatedOutput implements OutputLine {
  readonly name: string;
  readonly #board: Board;
  readonly #line: number;
  readonly #activeLow: boolean;
  #open = true;

  constructor(board: Board, line: number, activeLow: boolean) {
    this.#board = board;
    this.#line = line;
    this.#activeLow = activeLow;
    this.name = `${board.name} line ${line}`;
  }

  put(level: Level, during: string): void {
    if (!this.#open) throw new BusError("closed", { bus: this.name, during });
    this.#board.write(this.#line, inverted(level, this.#activeLow), during);
  }

  lose(): void {
    this.#open = false;
  }

  async write(level: Level): Promise<void> {
    this.put(level, "writing the line");
  }

  async read(): Promise<Level> {
    if (!this.#open) throw new BusError("closed", { bus: this.name, during: "reading the line" });
    return inverted(this.#board.level(this.#line), this.#activeLow);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    try {
      this.put(0, "closing the line");
    } finally {
      this.#open = false;
      this.#board.free(this.#line);
    }
  }
}

class SimulatedInput implements InputLine {
  readonly name: string;
  readonly #board: Board;
  readonly #line: number;
  readonly #activeLow: boolean;
  readonly #debounceMs: number;
  #reported: Level;
  #settling: Timer | undefined;
  #listener: ((level: Level) => void) | undefined;
  #open = true;

  constructor(board: Board, line: number, options: InputOptions) {
    this.#board = board;
    this.#line = line;
    this.#activeLow = options.activeLow ?? false;
    this.#debounceMs = options.debounceMs ?? 0;
    this.name = `${board.name} line ${line}`;
    this.#reported = inverted(board.level(line), this.#activeLow);
  }

  /** A new voltage; it counts once it has held for the debounce time. */
  sense(voltage: Level): void {
    const level = inverted(voltage, this.#activeLow);
    this.#settling?.cancel();
    this.#settling = undefined;
    if (level === this.#reported) return;
    this.#settling = this.#board.clock.after(this.#debounceMs, () => {
      this.#reported = level;
      this.#listener?.(level);
    });
  }

  lose(): void {
    this.#open = false;
    this.#settling?.cancel();
    this.#listener = undefined;
  }

  async read(): Promise<Level> {
    if (!this.#open) throw new BusError("closed", { bus: this.name, during: "reading the line" });
    return inverted(this.#board.level(this.#line), this.#activeLow);
  }

  onChange(listener: (level: Level) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.lose();
    this.#board.free(this.#line);
  }
}

function inverted(level: Level, invert: boolean): Level {
  return invert === (level === 1) ? 0 : 1;
}
