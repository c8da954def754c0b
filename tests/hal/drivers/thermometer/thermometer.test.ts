import { afterEach, describe, expect, it } from "vitest";
import type { SmBusHost } from "../../../../hal/bus/smbus.ts";
import { onTwoWire, readOnce, type OpenChip } from "../../../../hal/drivers/thermometer/chip.ts";
import {
  createMlx90614,
  MLX90614_ADDRESS,
} from "../../../../hal/drivers/thermometer/mlx90614/chip.ts";
import {
  createThermometer,
  type ThermometerOptions,
} from "../../../../hal/drivers/thermometer/thermometer.ts";
import type { DeviceHealth, TemperatureReading, Thermometer } from "../../../../hal/devices.ts";
import { createSimulatedSmBus } from "../../../../sim/bus/smbus.ts";
import { createMlx90614Chip } from "../../../../sim/chips/mlx90614.ts";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../../sim/kernel/random.ts";

/** The chip that these tests measure with; what they are about is the same with any. */
const chipOn = (host: SmBusHost): OpenChip =>
  onTwoWire(host, (bus) => createMlx90614(bus, MLX90614_ADDRESS));

let started: Thermometer | undefined;

afterEach(async () => {
  await started?.stop();
  started = undefined;
});

async function setUp(options: Partial<ThermometerOptions> = {}, noiseK = 0) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const bus = createSimulatedSmBus({ clock });
  const chip = createMlx90614Chip({ clock, random: createRandom(7), noiseK });
  bus.attach(chip);
  const thermometer = createThermometer({ open: chipOn(bus), clock, ...options });
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
    // 36.5 °C lies between two counts, and so does 22 °C.
    expect(readings[0]).toMatchObject({
      skinC: 36.49,
      ambientC: 21.99,
      estimateC: 36.49,
      samples: 8,
    });
    expect((readings[0]?.measuredAtMs ?? 0) - cameAtMs).toBeLessThan(1000);
  });
});

describe("somebody in view", () => {
  it("is measured once more when asked", async () => {
    const { clock, chip, thermometer, events } = await setUp();
    chip.setObject(36.5);
    await clock.run(2000);
    thermometer.measureAgain();
    await clock.run(2000);
    expect(events).toEqual(["present", "reading", "reading"]);
  });

  it("is not measured when nobody is there to be measured", async () => {
    const { clock, thermometer, events } = await setUp();
    thermometer.measureAgain();
    await clock.run(5000);
    expect(events).toEqual([]);
  });

  it("gets no complaint for walking past", async () => {
    const { clock, chip, events } = await setUp();
    chip.setObject(36.5);
    await clock.run(400);
    chip.setObject(undefined);
    await clock.run(5000);
    expect(events).toEqual(["present", "gone"]);
  });

  it("with a steady but impossible temperature is asked to be measured again", async () => {
    const { clock, chip, events } = await setUp();
    chip.setObject(43);
    await clock.run(5000);
    expect(events).toEqual(["present", "implausible"]);
  });

  it("who keeps moving is asked to be measured again", async () => {
    const { clock, chip, events } = await setUp();
    for (let step = 0; step < 40; step++) {
      chip.setObject(step % 2 === 0 ? 36 : 36.6);
      await clock.run(101);
    }
    expect(events).toEqual(["present", "unsteady"]);
  });

  it("at a distance looks cooler than they are, and is not taken for measured", async () => {
    const { clock, chip, events } = await setUp();
    const forehead = { celsius: 38.5, diameterMm: 60 };
    chip.setTarget({ ...forehead, distanceMm: 800 });
    await clock.run(3000);
    expect(events).toEqual([]);
    chip.setTarget({ ...forehead, distanceMm: 50 });
    await clock.run(3000);
    expect(events).toEqual(["present", "reading"]);
  });

  it("is measured within 0.2 K on a noisy sensor, in almost every approach", async () => {
    const { clock, chip, readings } = await setUp({}, 0.08);
    for (let visitor = 0; visitor < 50; visitor++) {
      chip.setObject(37.3);
      await clock.run(4000);
      chip.setObject(undefined);
      await clock.run(2000);
    }
    expect(readings.length).toBeGreaterThanOrEqual(48);
    for (const reading of readings) {
      expect(Math.abs(reading.skinC - 37.3)).toBeLessThanOrEqual(0.2);
      expect(reading.spreadK).toBeLessThanOrEqual(0.3);
    }
  });

  it("keeps the raw value beside the site's estimate", async () => {
    const transform = [{ fromAmbientC: 0, offsetK: 0.5, slopePerK: 0 }];
    const { clock, chip, readings } = await setUp({ transform });
    chip.setObject(36.5);
    await clock.run(2000);
    expect(readings[0]).toMatchObject({ skinC: 36.49, estimateC: 36.99 });
  });
});

describe("reading a chip once", () => {
  it("gives identity, settings and temperatures, and closes the bus", async () => {
    const { bus, thermometer, clock } = await setUp();
    await thermometer.stop();
    const reading = readOnce(chipOn(bus));
    await clock.run(100);
    expect(await reading).toMatch(
      /^object -?[\d.]+ °C, ambient [\d.]+ °C \(MLX90614 [0-9a-f]{16}, emissivity 1\.00\)$/,
    );
    expect((await bus.open()).name).toBeTruthy();
  });

  it("rejects while the chip marks its values as invalid", async () => {
    const { bus, chip, thermometer, clock } = await setUp();
    await thermometer.stop();
    chip.setError(true);
    const reading = readOnce(chipOn(bus));
    reading.catch(() => undefined);
    await clock.run(100);
    await expect(reading).rejects.toThrow("reports an error instead of a temperature");
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

  it("recovers from an adapter that was pulled and plugged in again", async () => {
    const { clock, bus, health } = await setUp();
    bus.unplug();
    await clock.run(2000);
    expect(last(health)).toBe("failed absent");
    bus.plug();
    await clock.run(11_000);
    expect(last(health)).toBe("ok");
  });

  it("starts without a chip, says so, and finds it later", async () => {
    const clock = new VirtualClock(0);
    const bus = createSimulatedSmBus({ clock });
    const thermometer = createThermometer({ open: chipOn(bus), clock });
    started = thermometer;
    const health: DeviceHealth[] = [];
    thermometer.onHealth((state) => health.push(state));
    await thermometer.start();
    await clock.run(2000);
    expect(last(health)).toBe("failed no-acknowledge");
    bus.attach(createMlx90614Chip({ clock, random: createRandom(1) }));
    await clock.run(11_000);
    expect(last(health)).toBe("ok");
  });

  it.each([
    [4, "ok"],
    [5, "failed no-acknowledge"],
  ])("after %i refused transactions in a row is %s", async (count, state) => {
    const { clock, bus, health } = await setUp();
    bus.faults.refuse(count);
    await clock.run(590);
    expect(last(health)).toBe(state);
  });

  it("does not measure with a flipped bit, and takes the next sample instead", async () => {
    const { clock, bus, chip, readings, events } = await setUp();
    chip.setObject(36.5);
    await clock.run(250);
    bus.faults.flipBit(7);
    await clock.run(2000);
    expect(events).toEqual(["present", "reading"]);
    expect(readings[0]).toMatchObject({ skinC: 36.49, spreadK: 0 });
  });

  it("tells of a held clock line, also to somebody who is being measured", async () => {
    const { clock, bus, chip, events, health } = await setUp();
    chip.setObject(36.5);
    await clock.run(250);
    bus.faults.stick();
    await clock.run(2000);
    expect(events).toEqual(["present", "sensor-fault", "gone"]);
    expect(last(health)).toBe("failed timeout");
    bus.faults.release();
    await clock.run(11_000);
    expect(last(health)).toBe("ok");
    expect(events.slice(3)).toEqual(["present", "reading"]);
  });

  it.each([
    ["for a moment", 450, "ok", []],
    ["for longer than somebody needs to step aside", 700, "failed timeout", ["gone"]],
  ])("that hangs %s", async (_what, hungMs, state, told) => {
    const { clock, bus, chip, events, health } = await setUp();
    chip.setObject(36.5);
    await clock.run(3000);
    expect(events.splice(0)).toEqual(["present", "reading"]);
    bus.faults.hang(true);
    await clock.run(hungMs);
    expect(last(health)).toBe(state);
    expect(events).toEqual(told);
    bus.faults.hang(false);
    await clock.run(100);
    expect(events).toEqual(told);
  });

  it("that hung while one person left and another came measures who is there now", async () => {
    const { clock, bus, chip, readings } = await setUp();
    chip.setObject(36.5);
    await clock.run(3000);
    bus.faults.hang(true);
    await clock.run(2000);
    chip.setObject(38.1);
    bus.faults.hang(false);
    await clock.run(3000);
    expect(readings.map(({ skinC }) => Math.round(skinC * 10) / 10)).toEqual([36.5, 38.1]);
  });

  it("of a process that stood still does not take who is there now for who was there before", async () => {
    let aheadMs = 0;
    const clock = new VirtualClock(Date.UTC(2026, 10, 24));
    const bus = createSimulatedSmBus({ clock });
    const chip = createMlx90614Chip({ clock, random: createRandom(7), noiseK: 0 });
    bus.attach(chip);
    const late = {
      monotonicMs: () => clock.monotonicMs() + aheadMs,
      wallMs: () => clock.wallMs() + aheadMs,
      wallTrusted: () => true,
      after: clock.after.bind(clock),
    };
    const thermometer = createThermometer({ open: chipOn(bus), clock: late });
    started = thermometer;
    const events: string[] = [];
    thermometer.onReading(() => events.push("reading"));
    thermometer.onPresence((present) => events.push(present ? "present" : "gone"));
    await thermometer.start();
    chip.setObject(36.5);
    await clock.run(3000);
    aheadMs = 800;
    await clock.run(500);
    expect(events).toEqual(["present", "reading"]);
    aheadMs = 2500;
    await clock.run(3000);
    expect(events).toEqual(["present", "reading", "gone", "present", "reading"]);
  });

  it("discards what the chip itself flags as wrong", async () => {
    const { clock, chip, events, health } = await setUp();
    chip.setError(true);
    chip.setObject(36.5);
    await clock.run(2000);
    expect(events).toEqual([]);
    expect(last(health)).toBe("failed corrupt");
    chip.setError(false);
    await clock.run(11_000);
    expect(events).toEqual(["present", "reading"]);
  });

  it("answers at once that it cannot measure while it has failed", async () => {
    const { clock, bus, chip, thermometer, events } = await setUp();
    bus.detach(chip);
    await clock.run(1000);
    thermometer.measureAgain();
    expect(events).toEqual(["sensor-fault"]);
  });

  it("is quiet after it was stopped, and works after it was started again", async () => {
    const { clock, bus, chip, thermometer, events } = await setUp();
    await thermometer.stop();
    const before = bus.transactions;
    chip.setObject(36.5);
    await clock.run(5000);
    expect(events).toEqual([]);
    expect(bus.transactions - before).toBeLessThanOrEqual(1);
    await thermometer.start();
    await clock.run(2000);
    expect(events).toEqual(["present", "reading"]);
  });
});
