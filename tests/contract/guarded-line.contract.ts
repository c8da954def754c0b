/** What every guarded line must do: fall by itself, refuse to stay up, and say when its guard is gone. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GuardedLine, Level } from "../../hal/bus/gpio.ts";

/** One guarded line, seen from the outside, and hands on its guard. */
export interface GuardRig {
  line: GuardedLine;
  level(): Level;
  killGuard(): void;
  hangGuard(): void;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

export const CONTRACT_MAXIMUM_MS = 1200;
const GRACE_MS = 250;

export function guardedLineContract(name: string, makeRig: () => Promise<GuardRig>): void {
  describe(`guarded line contract: ${name}`, () => {
    let rig: GuardRig;
    let levels: Level[];
    let losses: Error[];

    beforeEach(async () => {
      rig = await makeRig();
      levels = [];
      losses = [];
      rig.line.onLevel((level) => levels.push(level));
      rig.line.onLost((error) => losses.push(error));
    });

    afterEach(() => rig.dispose());

    it("is down at the start", () => {
      expect(rig.level()).toBe(0);
    });

    it("falls by itself when its time is over, and not before", async () => {
      await rig.line.energise(800);
      await rig.pass(300);
      expect(rig.level()).toBe(1);
      await rig.pass(500 + GRACE_MS);
      expect(rig.level()).toBe(0);
      expect(levels).toEqual([1, 0]);
    });

    it("rises for the maximum", async () => {
      await rig.line.energise(CONTRACT_MAXIMUM_MS);
      expect(rig.level()).toBe(1);
    });

    it.each([CONTRACT_MAXIMUM_MS + 1, 0, -1, Number.NaN, Infinity])(
      "refuses %s ms and stays down",
      async (forMs) => {
        await expect(rig.line.energise(forMs)).rejects.toThrow(RangeError);
        expect(rig.level()).toBe(0);
      },
    );

    it("falls at once when told to, also twice", async () => {
      await rig.line.energise(CONTRACT_MAXIMUM_MS);
      await rig.line.deenergise();
      expect(rig.level()).toBe(0);
      await rig.line.deenergise();
      await rig.pass(50);
      expect(levels).toEqual([1, 0]);
    });

    it("has a new end when it is raised again", async () => {
      await rig.line.energise(400);
      await rig.pass(200);
      await rig.line.energise(1000);
      await rig.pass(500);
      expect(rig.level()).toBe(1);
      await rig.pass(500 + GRACE_MS);
      expect(rig.level()).toBe(0);
      expect(levels).toEqual([1, 0]);
    });

    it.each(["killed", "hanging"])("is down before it says that its guard was %s", async (how) => {
      await rig.line.energise(CONTRACT_MAXIMUM_MS);
      let levelWhenTold: Level | undefined;
      rig.line.onLost((error) => {
        losses.push(error);
        levelWhenTold = rig.level();
      });
      if (how === "killed") rig.killGuard();
      else rig.hangGuard();
      await rig.pass(CONTRACT_MAXIMUM_MS + GRACE_MS);
      expect(levelWhenTold).toBe(0);
      expect(losses).toHaveLength(1);
      expect(levels).toEqual([1, 0]);
    });

    it("stays down once its guard is gone", async () => {
      rig.killGuard();
      await rig.pass(CONTRACT_MAXIMUM_MS);
      await expect(rig.line.energise(100)).rejects.toMatchObject({ kind: "closed" });
      await expect(rig.line.deenergise()).rejects.toMatchObject({ kind: "closed" });
      expect(rig.level()).toBe(0);
    });

    it("is down after closing, which is no loss, and closes twice", async () => {
      await rig.line.energise(CONTRACT_MAXIMUM_MS);
      await rig.line.close();
      expect(rig.level()).toBe(0);
      await rig.line.close();
      expect(losses).toEqual([]);
      await expect(rig.line.energise(100)).rejects.toMatchObject({ kind: "closed" });
    });
  });
}
