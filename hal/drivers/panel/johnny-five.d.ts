/** The part of johnny-five the panel uses; the package brings no types of its own. */
declare module "johnny-five" {
  import type { EventEmitter } from "node:events";

  /** What johnny-five expects of whatever moves the pins. */
  export interface IoPlugin extends EventEmitter {
    readonly name: string;
    isReady: boolean;
    readonly HIGH: number;
    readonly LOW: number;
    readonly MODES: Readonly<Record<string, number>>;
    readonly pins: readonly {
      supportedModes: readonly number[];
      mode?: number | undefined;
      value?: number;
      report?: number;
      analogChannel?: number;
    }[];
    readonly analogPins: readonly number[];
    pinMode(pin: number, mode: number): void;
    digitalWrite(pin: number, value: number): void;
    analogWrite(pin: number, value: number): void;
  }

  export interface BoardOptions {
    io: IoPlugin;
    repl: false;
    debug: false;
    sigint: false;
  }

  export class Board extends EventEmitter {
    /** Every board ever made; nothing takes one out by itself. */
    static readonly cache: Board[];
    /** Keeps every board whose parts had pins to be named, until it is cleared. */
    static readonly Pins: { readonly normalize: { clear(): void } };
    readonly isReady: boolean;
    constructor(options: BoardOptions);
  }

  export class Led {
    constructor(options: { board: Board; pin: number });
    on(): this;
    off(): this;
  }

  export class Pin {
    constructor(options: { board: Board; pin: number; type: "digital"; as: number });
    high(): this;
    low(): this;
  }

  const five: { Board: typeof Board; Led: typeof Led; Pin: typeof Pin };
  export default five;
}
