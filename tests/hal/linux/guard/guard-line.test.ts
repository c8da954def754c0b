import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockLine, openGuardLine } from "../../../../hal/linux/guard/guard-line.ts";
import { OnoffStandIn } from "../../../contract/onoff-stand-in.ts";

const KERNEL_LINE = 529; // line 17 on a chip that starts at 512

let root: string;
let pins: OnoffStandIn;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gpio-"));
  mkdirSync(join(root, "gpiochip512"));
  for (const [file, text] of [
    ["label", "pinctrl-rp1"],
    ["base", "512"],
    ["ngpio", "54"],
  ] as const) {
    writeFileSync(join(root, "gpiochip512", file), `${text}\n`);
  }
  pins = new OnoffStandIn();
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

const board = () => ({ root, load: async () => pins.module });

describe("the guard's GPIO line", () => {
  it.each([
    { activeLow: false, rest: 0, raised: 1 },
    { activeLow: true, rest: 1, raised: 0 },
  ] as const)("rests, rises and falls: active low $activeLow", async (given) => {
    const spec = { kind: "gpio", line: 17, activeLow: given.activeLow } as const;
    const line = await openGuardLine(spec, board());
    expect(pins.voltage(KERNEL_LINE)).toBe(given.rest);
    line.set(1);
    expect(pins.voltage(KERNEL_LINE)).toBe(given.raised);
    line.close();
    expect(pins.voltage(KERNEL_LINE)).toBe(given.rest);
  });

  it("stays an exported output after closing, so that nobody finds it floating", async () => {
    (await openGuardLine({ kind: "gpio", line: 17 }, board())).close();
    expect([...pins.exported]).toEqual([KERNEL_LINE]);
  });

  it("holds one file open, however often it is locked, also where the kernel keeps it an input", async () => {
    for (let time = 0; time < 3; time++) await lockLine({ kind: "gpio", line: 17 }, board());
    pins.stubborn.add(KERNEL_LINE + 1);
    for (let time = 0; time < 3; time++) {
      await expect(lockLine({ kind: "gpio", line: 18 }, board())).rejects.toThrow("denied");
    }
    expect(pins.openFiles).toBe(2);
  });

  it.each([false, true])("is at rest when it is taken again, active low %s", async (activeLow) => {
    const spec = { kind: "gpio", line: 17, activeLow } as const;
    (await openGuardLine(spec, board())).set(1);
    await openGuardLine(spec, board());
    expect(pins.voltage(KERNEL_LINE)).toBe(activeLow ? 1 : 0);
  });

  it("is denied when the kernel keeps it an input", async () => {
    pins.stubborn.add(KERNEL_LINE);
    await expect(openGuardLine({ kind: "gpio", line: 17 }, board())).rejects.toMatchObject({
      kind: "denied",
    });
  });

  it("is absent on a machine without the header", async () => {
    rmSync(join(root, "gpiochip512"), { recursive: true });
    await expect(lockLine({ kind: "gpio", line: 17 }, board())).rejects.toMatchObject({
      kind: "absent",
      context: { bus: "gpio" },
    });
  });
});
