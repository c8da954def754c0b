/** What every GPIO implementation must do, whatever lines or stand-ins are behind it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GpioHost, Level } from "../../hal/bus/gpio.ts";

/** A board with at least lines 0 to 27, seen from the outside as voltages. */
export interface GpioRig {
  host: GpioHost;
  /** Puts a voltage on an input. */
  drive(line: number, voltage: Level): void;
  voltage(line: number): Level;
  /** Every voltage a line had since the rig was made, the present one last. */
  history(line: number): Level[];
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  dispose?(): void;
}

export function gpioContract(name: string, makeRig: () => GpioRig): void {
  describe(`GPIO contract: ${name}`, () => {
    let rig: GpioRig;

    beforeEach(() => {
      rig = makeRig();
    });

    afterEach(async () => {
      await rig.host.close();
      rig.dispose?.();
    });

    it("drives a line up and down, and reads back what it wrote", async () => {
      const line = await rig.host.output(17);
      expect(rig.voltage(17)).toBe(0);
      await line.write(1);
      expect([rig.voltage(17), await line.read()]).toEqual([1, 1]);
      await line.write(0);
      expect([rig.voltage(17), await line.read()]).toEqual([0, 0]);
    });

    it.each([
      { activeLow: false, initial: 0, history: [] },
      { activeLow: false, initial: 1, history: [1] },
      { activeLow: true, initial: 0, history: [1] },
      { activeLow: true, initial: 1, history: [] },
    ] as const)(
      "takes an output without a glitch: active low $activeLow, initially $initial",
      async ({ activeLow, initial, history }) => {
        await rig.host.output(17, { activeLow, initial });
        expect(rig.history(17)).toEqual(history);
      },
    );

    it("puts an output that is active low at rest to the high voltage", async () => {
      const line = await rig.host.output(17, { activeLow: true });
      await line.write(1);
      expect([rig.voltage(17), await line.read()]).toEqual([0, 1]);
    });

    it.each([
      { activeLow: false, rest: 0 },
      { activeLow: true, rest: 1 },
    ] as const)(
      "leaves a closed line at rest: active low $activeLow",
      async ({ activeLow, rest }) => {
        const line = await rig.host.output(17, { activeLow });
        await line.write(1);
        await line.close();
        expect(rig.voltage(17)).toBe(rest);
        await expect(line.write(1)).rejects.toMatchObject({ kind: "closed" });
        await line.close();
      },
    );

    it("gives a line to one user at a time, and again when it is free", async () => {
      const line = await rig.host.output(17);
      await expect(rig.host.output(17)).rejects.toMatchObject({ kind: "busy" });
      await expect(rig.host.input(17)).rejects.toMatchObject({ kind: "busy" });
      await line.close();
      await rig.host.input(17);
    });

    it.each([[-1], [1.5], [1000]])("says absent for line %s, or refuses it", async (number) => {
      if (number === 1000 && name.startsWith("simulated")) return; // its boards are as large as asked
      await expect(rig.host.output(number)).rejects.toMatchObject({ kind: "absent" });
    });

    it("closes all lines with the board", async () => {
      const line = await rig.host.output(17);
      await line.write(1);
      await rig.host.close();
      expect(rig.voltage(17)).toBe(0);
    });

    it.each([[false], [true]])("reads an input: active low %s", async (activeLow) => {
      rig.drive(23, 1);
      const line = await rig.host.input(23, { activeLow });
      expect(await line.read()).toBe(activeLow ? 0 : 1);
      rig.drive(23, 0);
      expect(await line.read()).toBe(activeLow ? 1 : 0);
    });

    it("reports changes, but not the level it started with", async () => {
      rig.drive(23, 1);
      const line = await rig.host.input(23);
      const levels: Level[] = [];
      line.onChange((level) => levels.push(level));
      await rig.pass(100);
      expect(levels).toEqual([]);
      rig.drive(23, 0);
      await rig.pass(10);
      rig.drive(23, 1);
      await rig.pass(10);
      expect(levels).toEqual([0, 1]);
    });

    it.each([
      { heldMs: 29, reported: [] },
      { heldMs: 31, reported: [1, 0] },
    ])("with 30 ms of debouncing a level held for $heldMs ms gives $reported", async (given) => {
      const line = await rig.host.input(23, { debounceMs: 30 });
      const levels: Level[] = [];
      line.onChange((level) => levels.push(level));
      rig.drive(23, 1);
      await rig.pass(given.heldMs);
      rig.drive(23, 0);
      await rig.pass(100);
      expect(levels).toEqual(given.reported);
    });

    it("reports a bouncing contact once", async () => {
      const line = await rig.host.input(23, { debounceMs: 30 });
      const levels: Level[] = [];
      line.onChange((level) => levels.push(level));
      for (let bounce = 0; bounce < 9; bounce++) {
        rig.drive(23, bounce % 2 === 0 ? 1 : 0);
        await rig.pass(5);
      }
      await rig.pass(100);
      expect(levels).toEqual([1]);
    });

    it("says nothing after an input was closed", async () => {
      const line = await rig.host.input(23, { debounceMs: 30 });
      const levels: Level[] = [];
      line.onChange((level) => levels.push(level));
      rig.drive(23, 1);
      await line.close();
      await rig.pass(100);
      expect(levels).toEqual([]);
      await expect(line.read()).rejects.toMatchObject({ kind: "closed" });
    });
  });
}
