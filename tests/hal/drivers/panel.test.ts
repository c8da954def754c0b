import { describe, expect, it } from "vitest";
import { createPanel } from "../../../hal/drivers/panel.ts";
import { createSimulatedGpio } from "../../../sim/bus/gpio.ts";
import { VirtualClock } from "../../../sim/clock.ts";

const lines = { red: 5, yellow: 6, green: 13, buzzer: 19 };

describe("panel on GPIO lines", () => {
  it("shows each signal and is dark when stopped", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    const panel = createPanel({ gpio, clock, lines });
    const lit = (): string[] =>
      Object.entries(lines).flatMap(([name, line]) => (gpio.level(line) === 1 ? [name] : []));
    await panel.start();
    expect(lit()).toEqual(["yellow"]);
    await panel.show("granted");
    expect(lit()).toEqual(["green", "buzzer"]);
    await clock.run(200);
    expect(lit()).toEqual(["green"]);
    await panel.show("denied");
    await clock.run(2000);
    expect(lit()).toEqual(["red"]);
    await panel.stop();
    expect(lit()).toEqual([]);
  });
});
