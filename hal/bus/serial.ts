/** The serial contract: a byte stream that arrives in chunks of any size and can vanish. */

/** Line settings; always 8 data bits, no parity, one stop bit. */
export interface SerialSettings {
  baudRate: number;
}

/**
 * An open line. Chunks have no relation to protocol frames: one byte at a time and two frames at
 * once are both normal. After `onClose` fired, every call rejects with `closed`.
 */
export interface SerialConnection {
  readonly path: string;
  /** Resolves when the bytes left this machine (drained), in call order. */
  write(bytes: Uint8Array): Promise<void>;
  setBaudRate(baudRate: number): Promise<void>;
  /** Only one listener at a time; it owns the chunk it is given. */
  onData(listener: (chunk: Uint8Array) => void): void;
  /** Called once: with an error when the line was lost (unplugged), without one after `close()`. */
  onClose(listener: (error?: Error) => void): void;
  /** Resolves within two seconds, also while a write hangs. */
  close(): Promise<void>;
}

/** A place a serial device may be plugged in. Opening rejects with `absent`, `busy` or `denied`. */
export interface SerialHost {
  readonly path: string;
  open(settings: SerialSettings): Promise<SerialConnection>;
}
