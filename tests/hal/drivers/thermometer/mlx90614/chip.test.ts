import { describe, expect, it } from "vitest";
import type { SmBusHost } from "../../../../../hal/bus/smbus.ts";
import { onTwoWire, readOnce, type OpenChip } from "../../../../../hal/drivers/thermometer/chip.ts";
import {
  createMlx90614,
  MLX90614_ADDRESS,
} from "../../../../../hal/drivers/thermometer/mlx90614/chip.ts";
import { createThermometer } from "../../../../../hal/drivers/thermometer/thermometer.ts";
import { createSimulatedSmBus } from "../../../../../sim/bus/smbus.ts";
import { createMlx90614Chip } from "../../../../../sim/chips/mlx90614.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";
import { thermometerSuite } from "../thermometer.suite.ts";

const openOn = (host: SmBusHost): OpenChip =>
  onTwoWire(host, (bus) => createMlx90614(bus, MLX90614_ADDRESS));

thermometerSuite("MLX90614", {
  chip: createMlx90614Chip,
  open: openOn,
  // 36.5 °C and 22 °C lie between two counts of 0.02 K.
  resolutionK: 0.02,
  errorKind: "corrupt",
});

async function setUp() {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const bus = createSimulatedSmBus({ clock });
  const chip = createMlx90614Chip({ clock, random: createRandom(7), noiseK: 0 });
  bus.attach(chip);
  await clock.run(1_000);
  return { clock, bus, chip };
}

describe("a person at a distance", () => {
  it("looks cooler than they are, and is not taken for measured", async () => {
    const { clock, bus, chip } = await setUp();
    const events: string[] = [];
    const thermometer = createThermometer({ open: openOn(bus), clock });
    thermometer.onReading(() => events.push("reading"));
    thermometer.onPresence((present) => events.push(present ? "present" : "gone"));
    await thermometer.start();
    const forehead = { celsius: 38.5, diameterMm: 60 };
    chip.setTarget({ ...forehead, distanceMm: 800 });
    await clock.run(3_000);
    expect(events).toEqual([]);
    chip.setTarget({ ...forehead, distanceMm: 50 });
    await clock.run(3_000);
    expect(events).toEqual(["present", "reading"]);
    await thermometer.stop();
  });
});

describe("reading a chip once", () => {
  it("gives identity, settings and temperatures, and closes the bus", async () => {
    const { bus, clock } = await setUp();
    const reading = readOnce(openOn(bus));
    await clock.run(100);
    expect(await reading).toMatch(
      /^object -?[\d.]+ °C, ambient [\d.]+ °C \(MLX90614 [0-9a-f]{16}, emissivity 1\.00\)$/,
    );
    expect((await bus.open()).name).toBeTruthy();
  });

  it("rejects while the chip marks its values as invalid", async () => {
    const { bus, chip, clock } = await setUp();
    chip.setError(true);
    const reading = readOnce(openOn(bus));
    reading.catch(() => undefined);
    await clock.run(100);
    await expect(reading).rejects.toThrow("reports an error instead of a temperature");
  });
});
