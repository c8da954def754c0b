import { describe, expect, it } from "vitest";
import { createGate } from "../../../hal/drivers/gate.ts";
import type { DeviceHealth } from "../../../hal/devices.ts";
import { createSimulatedGpio } from "../../../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../../../sim/bus/guard.ts";
import type { SimulatedGuard } from "../../../sim/bus/guard.ts";
import { VirtualClock } from "../../../sim/clock.ts";

const RELAY = 17;

async function setUp(maximumMs = 5000) {
  const clock = new VirtualClock(0);
  const gpio = createSimulatedGpio(clock);
  const guards: SimulatedGuard[] = [];
  const gate = createGate({
    clock,
    line: async () => {
      const guard = createSimulatedGuard({ gpio, line: RELAY, clock, maximumMs });
      guards.push(guard);
      return guard;
    },
  });
  const log: string[] = [];
  const health: DeviceHealth[] = [];
  gate.onChange((state) => log.push(`${state}@${Math.round(clock.monotonicMs())}`));
  gate.onHealth((state) => health.push(state));
  await gate.start();
  return { clock, gpio, gate, guards, log, health };
}

describe("gate", () => {
  it("releases for the asked time and locks by itself", async () => {
    const { clock, gpio, gate, log } = await setUp();
    expect(gpio.level(RELAY)).toBe(0);
    await gate.release(3000);
    expect(gpio.level(RELAY)).toBe(1);
    await clock.run(10_000);
    expect(gpio.level(RELAY)).toBe(0);
    expect(log).toEqual(["released@0", "locked@3000"]);
  });

  it("is locked and reported failed when its guard dies, and comes back with a new one", async () => {
    const { clock, gpio, gate, guards, log, health } = await setUp();
    await gate.release(3000);
    guards[0]?.kill();
    await clock.run(50);
    expect(gpio.level(RELAY)).toBe(0);
    expect(log).toEqual(["released@0", "locked@5"]);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "closed" });
    await expect(gate.release(1000)).rejects.toThrow("no guard");
    await clock.run(1000);
    expect(health.at(-1)).toEqual({ state: "ok" });
    await gate.release(1000);
    expect(gpio.level(RELAY)).toBe(1);
    await gate.stop();
    expect(gpio.level(RELAY)).toBe(0);
  });
});
