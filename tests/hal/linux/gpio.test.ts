import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLinuxGpio } from "../../../hal/linux/gpio.ts";
import { findGpioChip, kernelLine } from "../../../hal/linux/gpio-chip.ts";
import { OnoffStandIn } from "../../contract/onoff-stand-in.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gpio-"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function chip(base: number, label: string, lines: number): void {
  const folder = join(root, `gpiochip${base}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "label"), `${label}\n`);
  writeFileSync(join(folder, "base"), `${base}\n`);
  writeFileSync(join(folder, "ngpio"), `${lines}\n`);
}

describe("the header's chip", () => {
  it.each([
    ["a Pi 5 on 6.1", 399, "pinctrl-rp1", 54],
    ["a Pi 5 on 6.6", 571, "pinctrl-rp1", 54],
    ["a Pi 4 on 6.6", 512, "pinctrl-bcm2711", 58],
    ["a Pi 3 on mainline 6.1", 458, "pinctrl-bcm2835", 54],
    ["an old Pi", 0, "pinctrl-bcm2835", 54],
  ])("of %s starts at %i", async (_, base, label, lines) => {
    chip(700, "raspberrypi-exp-gpio", 8);
    chip(base, label, lines);
    writeFileSync(join(root, "export"), "");
    expect(await findGpioChip(root)).toEqual({ label, base, lines });
  });

  it("is the newest pin controller when there are several", async () => {
    chip(0, "pinctrl-bcm2835", 54);
    chip(571, "pinctrl-rp1", 54);
    expect((await findGpioChip(root)).label).toBe("pinctrl-rp1");
  });

  it("is absent on another board, with the labels that are there", async () => {
    chip(512, "gpio-mockup-A", 54);
    await expect(findGpioChip(root)).rejects.toMatchObject({
      kind: "absent",
      message: expect.stringContaining("found gpio-mockup-A") as string,
    });
    expect((await findGpioChip(root, ["gpio-mockup-A"])).base).toBe(512);
  });

  it("is absent without sysfs", async () => {
    await expect(findGpioChip(join(root, "nowhere"))).rejects.toMatchObject({ kind: "absent" });
  });

  it.each([
    [0, 512],
    [53, 565],
  ])("has line %i as %i", (line, number) => {
    expect(kernelLine({ label: "pinctrl-rp1", base: 512, lines: 54 }, line)).toBe(number);
  });

  it.each([-1, 54, 1.5])("has no line %s", (line) => {
    expect(() => kernelLine({ label: "pinctrl-rp1", base: 512, lines: 54 }, line)).toThrow(
      "absent",
    );
  });
});

describe("lines through onoff", () => {
  it("says denied when the kernel keeps a line an input, which onoff would not tell", async () => {
    chip(512, "pinctrl-bcm2711", 58);
    const pins = new OnoffStandIn();
    pins.stubborn.add(529);
    const gpio = createLinuxGpio({ root, load: async () => pins.module });
    await expect(gpio.output(17)).rejects.toMatchObject({ kind: "denied" });
  });

  it.each([
    ["EACCES", "denied"],
    ["EBUSY", "busy"],
    ["ERR_MODULE_NOT_FOUND", "absent"],
    ["ERR_DLOPEN_FAILED", "unsupported"],
  ])("turns %s into %s", async (code, kind) => {
    chip(512, "pinctrl-bcm2711", 58);
    const gpio = createLinuxGpio({
      root,
      load: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    await expect(gpio.output(17)).rejects.toMatchObject({ kind });
  });

  it("gives exported lines back when closed", async () => {
    chip(512, "pinctrl-bcm2711", 58);
    const pins = new OnoffStandIn();
    const gpio = createLinuxGpio({ root, load: async () => pins.module });
    await gpio.output(17);
    await gpio.input(23);
    expect([...pins.exported]).toEqual([529, 535]);
    await gpio.close();
    expect([...pins.exported]).toEqual([]);
  });
});
