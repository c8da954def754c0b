/** The SMBus contract: what a two-wire bus with register-addressed chips can be asked for. */

/**
 * One bus master. Transactions are serialised in call order. Data is as on the wire: the first
 * byte of an array is the first byte clocked; words are little-endian (SMBus 3.1 §6.5.5).
 * Every method rejects with a `BusError`: `no-acknowledge` when nobody answers at the address,
 * `timeout` when the clock line is held, `absent` when the bus device is gone.
 *
 * PEC is not done here: on Linux the kernel interface in use cannot, so a driver that wants it
 * reads one byte more with `readBlock` and checks it itself.
 */
export interface SmBus {
  readonly name: string;
  /** Command byte, repeated start, then exactly `length` bytes (1…32). */
  readBlock(address: number, command: number, length: number): Promise<Uint8Array>;
  /** Command byte, then the data (0…32 bytes), one transaction. */
  writeBlock(address: number, command: number, data: Uint8Array): Promise<void>;
  /** Command byte, repeated start, one little-endian word. */
  readWord(address: number, command: number): Promise<number>;
  /** Command byte, repeated start, one byte. */
  readByte(address: number, command: number): Promise<number>;
  /**
   * The bytes (1…32), repeated start, then exactly `length` bytes (1…32), one transaction: plain I2C,
   * for chips whose register addresses are wider than a command byte. `unsupported` where the adapter
   * knows SMBus only.
   */
  writeThenRead(address: number, bytes: Uint8Array, length: number): Promise<Uint8Array>;
  /**
   * Resolves within two seconds, also while a transaction hangs; the bus then opens again only once
   * that one has returned (`busy` until then).
   */
  close(): Promise<void>;
}

/** Opens a bus; rejects with `absent` or `denied` when the system has none or refuses. */
export interface SmBusHost {
  open(): Promise<SmBus>;
}
