/** The part of i2c-bus 5.2 the SMBus host uses; the package brings no types of its own. */
declare module "i2c-bus" {
  export interface PromisifiedBus {
    readI2cBlock(
      address: number,
      command: number,
      length: number,
      buffer: Buffer,
    ): Promise<{ bytesRead: number; buffer: Buffer }>;
    writeI2cBlock(
      address: number,
      command: number,
      length: number,
      buffer: Buffer,
    ): Promise<unknown>;
    sendByte(address: number, byte: number): Promise<void>;
    readWord(address: number, command: number): Promise<number>;
    readByte(address: number, command: number): Promise<number>;
    close(): Promise<void>;
  }
  export function openPromisified(busNumber: number): Promise<PromisifiedBus>;
}
