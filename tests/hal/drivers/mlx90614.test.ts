import { afterEach, describe, expect, it } from "vitest";
import { createMlx90614, probeMlx90614 } from "../../../hal/drivers/mlx90614.ts";
import type { Mlx90614Options } from "../../../hal/drivers/mlx90614.ts";
import type { DeviceHealth, TemperatureReading, Thermometer } from "../../../hal/devices.ts";
import { createSimulatedSmBus } from "../../../sim/bus/smbus.ts";
import { createMlx90614Chip } from "../../../sim/chips/mlx90614.ts";
import { VirtualClock } from "../../../sim/clock.ts";
import { createRandom } from "../../../sim/random.ts";

let started: Thermometer | undefined;

afterEach(async () => {
  await started?.stop();
  started = undefined;
});

async function setUp(options: Partial<Mlx90614Options> = {}, noiseK = 0) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const bus = createSimulatedSmBus({ clock });
  const chip = createMlx90614Chip({ clock, random: createRandom(7), noiseK });
  bus.attach(chip);
  const thermometer = createMlx90614({ host: bus, clock, ...options });
  started = thermometer;
  const readings: TemperatureReading[] = [];
  const events: string[] = [];
  const health: DeviceHealth[] = [];
  thermometer.onReading((reading) => {
    readings.push(reading);
    events.push("reading");
  });
  thermometer.onFailure((failure) => events.push(failure));
  thermometer.onPresence((present) => events.push(present ? "present" : "gone"));
  thermometer.onHealth((state) => health.push(state));
  await thermometer.start();
  await clock.run(1000);
  return { clock, bus, chip, thermometer, readings, events, health };
}

const last = (health: DeviceHealth[]): string => {
  const state = health.at(-1);
  return state?.state === "failed" ? `failed ${state.kind}` : (state?.state ?? "none");
};

describe("one approach", () => {
  it("measures a person once, in about a second, and says when they leave", async () => {
    const { clock, chip, readings, events } = await setUp();
    const cameAtMs = clock.monotonicMs();
    chip.setObject(36.5);
    await clock.run(5000);
    chip.setObject(undefined);
    await clock.run(1000);
    expect(events).toEqual(["present", "reading", "gone"]);
    expect(readings).toHaveLength(1);
    expect(readings[0]).toMatchObject({
      skinC: 36.49,
      ambientC: 21.99,
      estimateC: 36.49,
      samples: 8,
    });
    expect((readings[0]?.measuredAtMs ?? 0) - cameAtMs).toBeLessThan(1000);
  });
});

describe("probe", () => {
  it("reads identity, settings and temperatures", async () => {
    const { bus, thermometer, clock } = await setUp();
    await thermometer.stop();
    const open = await bus.open();
    const probing = probeMlx90614(open);
    await clock.run(100);
    expect(await probing).toMatchObject({ ownAddress: 0x5a, emissivity: 1, configuration: 0x9f74 });
  });
});

describe("the wire", () => {
  it("fails when the chip is pulled and recovers by itself when it is back", async () => {
    const { clock, bus, chip, health } = await setUp();
    expect(last(health)).toBe("ok");
    bus.detach(chip);
    await clock.run(1000);
    expect(last(health)).toBe("failed no-acknowledge");
    await clock.run(60_000);
    bus.attach(chip);
    await clock.run(11_000);
    expect(last(health)).toBe("ok");
  });
});
