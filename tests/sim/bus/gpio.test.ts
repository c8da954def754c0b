import { describe, expect, it } from "vitest";
import { createSimulatedGpio } from "../../../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../../../sim/bus/guard.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

describe("the simulated board", () => {
  it("keeps an output's level when the program ends without a word, and frees its lines", async () => {
    const gpio = createSimulatedGpio(new VirtualClock(0));
    const line = await gpio.output(5, { initial: 1 });
    gpio.abandon();
    expect(gpio.level(5)).toBe(1);
    await expect(line.write(0)).rejects.toMatchObject({ kind: "closed" });
    await gpio.output(5);
    expect(gpio.level(5)).toBe(0);
  });

  it("leaves a guard its line when the program ends: it is another process", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    const guard = createSimulatedGuard({ gpio, line: 17, clock, maximumMs: 1000 });
    await guard.energise(1000);
    gpio.abandon();
    await clock.run(999);
    expect(gpio.level(17)).toBe(1);
    await clock.run(2);
    expect(gpio.level(17)).toBe(0);
  });

  it("loses every output and every line with its power, and starts dark", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    const lamp = await gpio.output(5, { initial: 1 });
    const guard = createSimulatedGuard({ gpio, line: 17, clock, maximumMs: 1000 });
    await guard.energise(1000);
    gpio.setPower(false);
    expect([gpio.level(5), gpio.level(17)]).toEqual([0, 0]);
    await expect(lamp.write(1)).rejects.toMatchObject({ kind: "closed" });
    await expect(gpio.output(5)).rejects.toMatchObject({ kind: "absent" });
    gpio.setPower(true);
    await gpio.output(5);
    expect(gpio.level(5)).toBe(0);
  });

  it("keeps what contacts outside put on the inputs", async () => {
    const gpio = createSimulatedGpio(new VirtualClock(0));
    gpio.drive(23, 1);
    await gpio.input(23);
    gpio.setPower(false);
    gpio.setPower(true);
    expect(await (await gpio.input(23)).read()).toBe(1);
  });
});
