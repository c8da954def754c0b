import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Level } from "../../hal/bus/gpio.ts";
import { createLinuxGpio } from "../../hal/linux/gpio.ts";
import { createSimulatedGpio } from "../../sim/bus/gpio.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { gpioContract } from "./gpio.contract.ts";
import { OnoffStandIn } from "./onoff-stand-in.ts";

gpioContract("simulated board", () => {
  const clock = new VirtualClock(0);
  const board = createSimulatedGpio(clock);
  const history = new Map<number, Level[]>();
  board.onLevel((line, level) => history.set(line, [...(history.get(line) ?? []), level]));
  return {
    host: board,
    drive: (line, voltage) => board.drive(line, voltage),
    voltage: (line) => board.level(line),
    history: (line) => history.get(line) ?? [],
    pass: (ms) => clock.run(ms),
  };
});

gpioContract("Linux on a stand-in for onoff", () => {
  const base = 512;
  const root = mkdtempSync(join(tmpdir(), "gpio-"));
  mkdirSync(join(root, `gpiochip${base}`));
  const put = (file: string, text: string): void =>
    writeFileSync(join(root, `gpiochip${base}`, file), `${text}\n`);
  put("label", "pinctrl-bcm2711");
  put("base", String(base));
  put("ngpio", "58");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const pins = new OnoffStandIn();
  return {
    host: createLinuxGpio({ root, load: async () => pins.module }),
    drive: (line, voltage) => pins.put(base + line, voltage),
    voltage: (line) => pins.voltage(base + line),
    history: (line) => pins.history(base + line),
    pass: async (ms) => {
      await vi.advanceTimersByTimeAsync(ms);
    },
    dispose: () => {
      vi.useRealTimers();
      rmSync(root, { recursive: true });
    },
  };
});
