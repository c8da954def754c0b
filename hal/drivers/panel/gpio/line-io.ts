/** Our johnny-five IO plugin: its pins are GPIO lines of the bus contract. */
import { EventEmitter } from "node:events";
import type { IoPlugin } from "johnny-five";
import { BusError } from "../../../bus/errors.ts";
import type { Level, OutputLine } from "../../../bus/gpio.ts";

// As many as the BCM2835 family has. Other counts make johnny-five take the board for an Arduino.
const PIN_COUNT = 54;
const MODES = { INPUT: 0, OUTPUT: 1, ANALOG: 2, PWM: 3, SERVO: 4 } as const;

export interface LineIo extends IoPlugin {
  /**
   * Writes go to these lines from now on.
   * @param lines the lines by number; every other pin is refused
   * @param onFault a write that failed, whoever caused it
   */
  connect(lines: ReadonlyMap<number, OutputLine>, onFault: (error: unknown) => void): void;
  /** Lets the lines go: johnny-five keeps the plugin of every lamp it ever made. */
  disconnect(): void;
  /** Resolves when every write so far has reached its line; rejects with the first that did not. */
  settled(): Promise<void>;
}

/** A plugin without lines yet. One serves a panel for good, however often its lines come and go. */
export function createLineIo(): LineIo {
  return new LinePlugin();
}

class LinePlugin extends EventEmitter implements LineIo {
  readonly name = "gpio-lines";
  isReady = false;
  readonly HIGH = 1;
  readonly LOW = 0;
  readonly MODES = MODES;
  readonly pins = Array.from({ length: PIN_COUNT }, () => ({
    supportedModes: [MODES.OUTPUT],
    mode: MODES.OUTPUT,
    value: 0,
    report: 1,
    analogChannel: 127,
  }));
  readonly analogPins = [];
  #lines: ReadonlyMap<number, OutputLine> = new Map();
  #onFault: (error: unknown) => void = () => undefined;
  readonly #written = new Map<number, Level>();
  #pending: Promise<unknown> = Promise.resolve();

  connect(lines: ReadonlyMap<number, OutputLine>, onFault: (error: unknown) => void): void {
    this.#lines = lines;
    this.#onFault = onFault;
    this.#written.clear();
    this.#pending = Promise.resolve();
  }

  disconnect(): void {
    this.connect(new Map(), () => undefined);
  }

  normalize(pin: number): number {
    return pin;
  }

  /** The lines were taken as outputs; anything else is a mistake of wiring. */
  pinMode(pin: number, mode: number): void {
    this.#line(pin, "setting a pin's mode");
    if (mode !== MODES.OUTPUT) throw this.#refusal(`mode ${mode} on pin ${pin}`);
  }

  digitalWrite(pin: number, value: number): void {
    const line = this.#line(pin, "writing a pin");
    const level: Level = value === 0 ? 0 : 1;
    if (this.#written.get(pin) === level) return;
    this.#written.set(pin, level);
    const write = line.write(level);
    write.catch(this.#onFault);
    this.#pending = Promise.all([this.#pending, write]);
    this.#pending.catch(() => undefined);
  }

  analogWrite(pin: number): void {
    throw this.#refusal(`an analog value on pin ${pin}`);
  }

  async settled(): Promise<void> {
    await this.#pending;
  }

  #line(pin: number, during: string): OutputLine {
    const line = this.#lines.get(pin);
    if (line !== undefined) return line;
    throw new BusError("absent", { bus: this.name, during, detail: `pin ${pin} is not wired` });
  }

  #refusal(what: string): BusError {
    return new BusError("unsupported", { bus: this.name, during: "driving a lamp", detail: what });
  }
}
