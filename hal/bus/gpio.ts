/** The GPIO contract: single lines, and the one line that must fall back by itself. */

/** Electrical level of a line after the driver applied active-low: 1 means asserted. */
export type Level = 0 | 1;

/** A driven line. */
export interface OutputLine {
  readonly name: string;
  /** Resolves when the line has the level. */
  write(level: Level): Promise<void>;
  /** The level last written, read back where the hardware can. */
  read(): Promise<Level>;
  /** Drives the line to 0 and gives it back. */
  close(): Promise<void>;
}

/** A sensed line. Very short pulses may be lost: do not count edges with it. */
export interface InputLine {
  readonly name: string;
  read(): Promise<Level>;
  /** Reports a level that differs from the last one reported, debounced. One listener at a time. */
  onChange(listener: (level: Level) => void): void;
  close(): Promise<void>;
}

/** How to take an output line. The initial level appears without a glitch. */
export interface OutputOptions {
  activeLow?: boolean;
  initial?: Level;
}

/** How to take an input line. */
export interface InputOptions {
  activeLow?: boolean;
  /** A level counts once it has held this long. */
  debounceMs?: number;
}

/** A set of lines, numbered as the board's documentation numbers them (BCM on a Raspberry Pi). */
export interface GpioHost {
  output(line: number, options?: OutputOptions): Promise<OutputLine>;
  input(line: number, options?: InputOptions): Promise<InputLine>;
  close(): Promise<void>;
}

/**
 * An output that falls back to 0 by itself. The timer that ends it does not live in the caller's
 * event loop (on a real unit: in a guard process), so a caller that hangs or dies cannot keep the
 * line up. `onLost` is called when the guard is gone; the line is then 0 and stays 0.
 */
export interface GuardedLine {
  readonly name: string;
  /** The longest time one `energise` may last; longer requests are refused with a RangeError. */
  readonly maximumMs: number;
  /** Raises the line now, for at most `forMs`. Calling again while it is up replaces the end. */
  energise(forMs: number): Promise<void>;
  /** Lowers the line now. Resolves when it is down. */
  deenergise(): Promise<void>;
  /** Every change of the line as the guard saw it, also the fall it caused itself. */
  onLevel(listener: (level: Level) => void): void;
  onLost(listener: (error: Error) => void): void;
  close(): Promise<void>;
}
