import { describe, expect, it } from "vitest";
import { createGate } from "../../../../../hal/drivers/gate/guarded-line/gate.ts";
import type { DeviceHealth } from "../../../../../hal/devices.ts";
import { createSimulatedGpio } from "../../../../../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../../../../../sim/bus/guard.ts";
import type { SimulatedGuard } from "../../../../../sim/bus/guard.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";

const RELAY = 17;

async function setUp(maximumMs = 5000, options: { maximumMs?: number } = {}) {
  const clock = new VirtualClock(0);
  const gpio = createSimulatedGpio(clock);
  const guards: SimulatedGuard[] = [];
  const gate = createGate({
    ...options,
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

  it.each([
    [1, 1],
    [4999, 4999],
    [5000, 5000],
    [5001, 5000],
    [3_600_000, 5000],
  ])("asked for %i ms opens for %i ms", async (askedMs, openMs) => {
    const { clock, gate, log } = await setUp();
    await gate.release(askedMs);
    await clock.run(4_000_000);
    expect(log).toEqual(["released@0", `locked@${openMs}`]);
  });

  it.each([
    [2999, 2999],
    [3000, 3000],
    [3001, 3000],
  ])("with a maximum of its own, asked for %i ms opens for %i ms", async (askedMs, openMs) => {
    const { clock, gate, log } = await setUp(5000, { maximumMs: 3000 });
    await gate.release(askedMs);
    await clock.run(10_000);
    expect(log).toEqual(["released@0", `locked@${openMs}`]);
  });

  it.each([0, -1, Number.NaN])("refuses a release of %s ms", async (releaseMs) => {
    const { gate, log, health } = await setUp();
    await expect(gate.release(releaseMs)).rejects.toThrow(RangeError);
    expect(log).toEqual([]);
    expect(health.at(-1)).toEqual({ state: "ok" });
  });

  it("released twice is open until the later end, and says so once", async () => {
    const { clock, gate, log } = await setUp();
    await gate.release(3000);
    await clock.run(2000);
    await gate.release(3000);
    await clock.run(10_000);
    expect(log).toEqual(["released@0", "locked@5000"]);
  });

  it("locks at once when told to", async () => {
    const { clock, gpio, gate, log } = await setUp();
    await gate.release(3000);
    await clock.run(500);
    await gate.lock();
    expect(gpio.level(RELAY)).toBe(0);
    await gate.lock();
    await clock.run(5000);
    expect(log).toEqual(["released@0", "locked@500"]);
  });

  it("is locked by stopping, and refuses to open before it is started and after", async () => {
    const { clock, gpio, gate, log } = await setUp();
    await gate.release(3000);
    await gate.stop();
    expect(gpio.level(RELAY)).toBe(0);
    await expect(gate.release(1000)).rejects.toMatchObject({ kind: "closed" });
    await clock.run(10_000);
    expect(log).toEqual(["released@0", "locked@0"]);
    await gate.start();
    await gate.release(1000);
    expect(gpio.level(RELAY)).toBe(1);
  });

  it("finds the relay up after a crash and takes it down at start", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    gpio.drive(RELAY, 1);
    const line = createSimulatedGuard({ gpio, line: RELAY, clock, maximumMs: 5000 });
    await createGate({ clock, line }).start();
    expect(gpio.level(RELAY)).toBe(0);
  });

  it("is failed, not open, when the relay's driver refuses", async () => {
    const { clock, gpio, gate, log, health } = await setUp();
    gpio.setFaulty(RELAY, true);
    await expect(gate.release(1000)).rejects.toMatchObject({ kind: "denied" });
    await clock.run(60_000);
    expect(log).toEqual([]);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "denied" });
    gpio.setFaulty(RELAY, false);
    await clock.run(10_000);
    expect(health.at(-1)).toEqual({ state: "ok" });
  });

  it("is locked within the notice time when its guard hangs while open", async () => {
    const { clock, gpio, gate, guards, log, health } = await setUp();
    await gate.release(5000);
    await clock.run(1000);
    guards[0]?.hang();
    await clock.run(5000 + 250 - 1000);
    expect(gpio.level(RELAY)).toBe(0);
    expect(log.at(-1)).toMatch(/^locked@/);
    expect(health.map((state) => state.state)).toContain("failed");
  });

  it("stays failed without a way to get a new guard", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    const line = createSimulatedGuard({ gpio, line: RELAY, clock, maximumMs: 5000 });
    const gate = createGate({ clock, line });
    const health: DeviceHealth[] = [];
    gate.onHealth((state) => health.push(state));
    await gate.start();
    line.kill();
    await clock.run(60_000);
    expect(health.map((state) => state.state)).toEqual(["starting", "ok", "failed"]);
    await expect(gate.release(1000)).rejects.toMatchObject({ kind: "closed" });
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
