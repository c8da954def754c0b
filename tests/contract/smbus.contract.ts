/** What every SMBus implementation must do, whatever wires or stand-ins are behind it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SmBus, SmBusHost } from "../../hal/bus/smbus.ts";

/** One bus with one chip of byte registers on it, and hands to disturb both. */
export interface SmBusRig {
  host: SmBusHost;
  /**
   * Where the chip answers; it gives what `registers` holds, then 0xFF. A register address of two
   * bytes has the most significant one first.
   */
  address: number;
  registers: Map<number, number[]>;
  pullChip(): void;
  holdClockLine(): void;
  pullAdapter(): void;
  /** Lets the rig's time pass until the promise settles. */
  settle<T>(work: Promise<T>): Promise<T>;
  dispose?(): void;
}

export function smBusContract(name: string, makeRig: () => SmBusRig): void {
  describe(`SMBus contract: ${name}`, () => {
    let rig: SmBusRig;
    let bus: SmBus;

    beforeEach(async () => {
      rig = makeRig();
      rig.registers.set(0x07, [0x7a, 0x3c, 0x92]);
      bus = await rig.settle(rig.host.open());
    });

    afterEach(async () => {
      await rig.settle(bus.close());
      rig.dispose?.();
    });

    it("reads exactly as many bytes as asked, in wire order", async () => {
      const bytes = await rig.settle(bus.readBlock(rig.address, 0x07, 3));
      expect([...bytes]).toEqual([0x7a, 0x3c, 0x92]);
      expect([...(await rig.settle(bus.readBlock(rig.address, 0x07, 1)))]).toEqual([0x7a]);
    });

    it("reads words little-endian", async () => {
      expect(await rig.settle(bus.readWord(rig.address, 0x07))).toBe(0x3c7a);
    });

    it("reads single bytes", async () => {
      expect(await rig.settle(bus.readByte(rig.address, 0x07))).toBe(0x7a);
    });

    it.each([[0], [1], [2], [32]])("writes %i bytes behind the command", async (length) => {
      const data = Uint8Array.from({ length }, (_, index) => index + 1);
      await rig.settle(bus.writeBlock(rig.address, 0x25, data));
      expect(rig.registers.get(0x25)).toEqual([...data]);
    });

    it("writes then reads in one transaction, as many bytes as asked", async () => {
      const bytes = await rig.settle(bus.writeThenRead(rig.address, Uint8Array.of(0x07), 3));
      expect([...bytes]).toEqual([0x7a, 0x3c, 0x92]);
    });

    it("writes then reads behind a register address of two bytes", async () => {
      rig.registers.set(0x4003, [0xff, 0x9b]);
      const asked = Uint8Array.of(0x40, 0x03);
      const reading = bus.writeThenRead(rig.address, asked, 2);
      asked.fill(0);
      expect([...(await rig.settle(reading))]).toEqual([0xff, 0x9b]);
    });

    it.each([
      [0, 1],
      [33, 1],
      [1, 0],
      [1, 33],
      [1, 1.5],
    ])("refuses to write %i and then read %s bytes", async (out, back) => {
      const work = bus.writeThenRead(rig.address, new Uint8Array(out), back);
      await expect(rig.settle(work)).rejects.toThrow(RangeError);
    });

    it("runs what writes then reads in call order with the others", async () => {
      const write = bus.writeBlock(rig.address, 0x30, Uint8Array.of(1, 2));
      const read = bus.writeThenRead(rig.address, Uint8Array.of(0x30), 2);
      await rig.settle(Promise.all([write, read]));
      expect([...(await read)]).toEqual([1, 2]);
    });

    it("writes then reads nothing where nobody answers, and says no-acknowledge", async () => {
      const work = bus.writeThenRead(rig.address ^ 1, Uint8Array.of(0x07), 1);
      await expect(rig.settle(work)).rejects.toMatchObject({
        kind: "no-acknowledge",
        context: { bus: bus.name, address: rig.address ^ 1 },
      });
    });

    it("runs transactions in call order", async () => {
      const write = bus.writeBlock(rig.address, 0x30, Uint8Array.of(1, 2));
      const read = bus.readBlock(rig.address, 0x30, 2);
      await rig.settle(Promise.all([write, read]));
      expect([...(await read)]).toEqual([1, 2]);
    });

    it.each([[0], [33], [1.5], [-1]])("refuses to read a block of %s bytes", async (length) => {
      await expect(rig.settle(bus.readBlock(rig.address, 0x07, length))).rejects.toThrow(
        RangeError,
      );
    });

    it("refuses to write a block of 33 bytes", async () => {
      const work = bus.writeBlock(rig.address, 0x07, new Uint8Array(33));
      await expect(rig.settle(work)).rejects.toThrow(RangeError);
    });

    it("says no-acknowledge where nobody answers", async () => {
      await expect(rig.settle(bus.readWord(rig.address ^ 1, 0x07))).rejects.toMatchObject({
        kind: "no-acknowledge",
        context: { bus: bus.name, address: rig.address ^ 1 },
      });
    });

    it("goes on after a failed transaction", async () => {
      const failing = bus.readWord(rig.address ^ 1, 0x07);
      const working = bus.readWord(rig.address, 0x07);
      await rig.settle(Promise.allSettled([failing, working]));
      expect(await working).toBe(0x3c7a);
    });

    it("says no-acknowledge when the chip is pulled", async () => {
      rig.pullChip();
      await expect(rig.settle(bus.readBlock(rig.address, 0x07, 3))).rejects.toMatchObject({
        kind: "no-acknowledge",
      });
      await expect(
        rig.settle(bus.writeBlock(rig.address, 0x07, Uint8Array.of(1))),
      ).rejects.toMatchObject({ kind: "no-acknowledge" });
    });

    it("says timeout when the clock line is held", async () => {
      rig.holdClockLine();
      await expect(rig.settle(bus.readWord(rig.address, 0x07))).rejects.toMatchObject({
        kind: "timeout",
      });
    });

    it("says absent when there is no adapter", async () => {
      rig.pullAdapter();
      await expect(rig.settle(rig.host.open())).rejects.toMatchObject({ kind: "absent" });
    });

    it("says closed after it was closed, and closes twice without complaint", async () => {
      await rig.settle(bus.close());
      await expect(rig.settle(bus.readWord(rig.address, 0x07))).rejects.toMatchObject({
        kind: "closed",
      });
      await rig.settle(bus.close());
    });
  });
}
