/** What a thermometer must do whatever chip it has: approach, burst, calibration, and trouble on the wire. */
import { afterEach, describe, expect, it } from "vitest";
import type { SmBusHost } from "../../../../hal/bus/smbus.ts";
import type { Clock } from "../../../../hal/clock.ts";
import type { DeviceHealth, TemperatureReading, Thermometer } from "../../../../hal/devices.ts";
import type { OpenChip } from "../../../../hal/drivers/thermometer/chip.ts";
import { createThermometer } from "../../../../hal/drivers/thermometer/thermometer.ts";
import type { ThermometerOptions } from "../../../../hal/drivers/thermometer/thermometer.ts";
import { createSimulatedSmBus } from "../../../../sim/bus/smbus.ts";
import type { TwoWireChip } from "../../../../sim/bus/smbus.ts";
import { createRandom, type Random } from "../../../../sim/kernel/random.ts";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";

/** A simulated chip, and the driver that reads it. */
export interface ChipUnderTest {
  /** @param noiseK of one sample, standard deviation */
  chip(options: { clock: Clock; random: Random; noiseK: number }): TwoWireChip & {
    setObject(celsius: number | undefined): void;
    setError(raised: boolean): void;
  };
  open(host: SmBusHost, clock: Clock): OpenChip;
  /** The finest difference that it shows, K. */
  resolutionK: number;
  /** What the driver finds wrong while the chip has its error. */
  errorKind: string;
}

export function thermometerSuite(name: string, under: ChipUnderTest): void {
  let started: Thermometer | undefined;

  afterEach(async () => {
    await started?.stop();
    started = undefined;
  });

  function plug(clock: VirtualClock, noiseK = 0) {
    const bus = createSimulatedSmBus({ clock });
    const chip = under.chip({ clock, random: createRandom(7), noiseK });
    return { bus, chip };
  }

  async function watch(bus: SmBusHost, clock: Clock, options: Partial<ThermometerOptions> = {}) {
    const thermometer = createThermometer({ open: under.open(bus, clock), clock, ...options });
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
    return { thermometer, readings, events, health };
  }

  async function setUp(options: Partial<ThermometerOptions> = {}, noiseK = 0) {
    const clock = new VirtualClock(Date.UTC(2026, 10, 24));
    const { bus, chip } = plug(clock, noiseK);
    bus.attach(chip);
    const watched = await watch(bus, clock, options);
    await clock.run(1_000);
    return { clock, bus, chip, ...watched };
  }

  describe(`${name}: one approach`, () => {
    it("is measured once, in about a second, and its end is reported", async () => {
      const { clock, chip, readings, events } = await setUp();
      const cameAtMs = clock.monotonicMs();
      chip.setObject(36.5);
      await clock.run(5_000);
      chip.setObject(undefined);
      await clock.run(1_000);
      expect(events).toEqual(["present", "reading", "gone"]);
      const [reading] = readings;
      expect(reading?.samples).toBe(8);
      expect(Math.abs((reading?.skinC ?? 0) - 36.5)).toBeLessThanOrEqual(under.resolutionK);
      expect(Math.abs((reading?.ambientC ?? 0) - 22)).toBeLessThanOrEqual(under.resolutionK);
      expect((reading?.measuredAtMs ?? 0) - cameAtMs).toBeLessThan(1_300);
    });

    it("is measured once more when asked", async () => {
      const { clock, chip, thermometer, events } = await setUp();
      chip.setObject(36.5);
      await clock.run(2_000);
      thermometer.measureAgain();
      await clock.run(2_000);
      expect(events).toEqual(["present", "reading", "reading"]);
    });

    it("is not measured without a person in view", async () => {
      const { clock, thermometer, events } = await setUp();
      thermometer.measureAgain();
      await clock.run(5_000);
      expect(events).toEqual([]);
    });

    it("of a person who walks past is no complaint", async () => {
      const { clock, chip, events } = await setUp();
      chip.setObject(36.5);
      await clock.run(400);
      chip.setObject(undefined);
      await clock.run(5_000);
      expect(events).toEqual(["present", "gone"]);
    });

    it("with a steady but impossible temperature is not taken for measured", async () => {
      const { clock, chip, events } = await setUp();
      chip.setObject(43);
      await clock.run(5_000);
      expect(events).toEqual(["present", "implausible"]);
    });

    it("of a person who keeps moving is not taken for measured", async () => {
      const { clock, chip, events } = await setUp();
      for (let step = 0; step < 40; step++) {
        chip.setObject(step % 2 === 0 ? 36 : 36.6);
        await clock.run(101);
      }
      expect(events).toEqual(["present", "unsteady"]);
    });

    it("is measured within 0.2 K on a noisy chip, nearly always", async () => {
      const { clock, chip, readings } = await setUp({}, 0.08);
      for (let visitor = 0; visitor < 50; visitor++) {
        chip.setObject(37.3);
        await clock.run(4_000);
        chip.setObject(undefined);
        await clock.run(2_000);
      }
      expect(readings.length).toBeGreaterThanOrEqual(48);
      for (const reading of readings) {
        expect(Math.abs(reading.skinC - 37.3)).toBeLessThanOrEqual(0.2);
        expect(reading.spreadK).toBeLessThanOrEqual(0.3);
      }
    });

    it("has the raw value and the estimate of the site's calibration", async () => {
      const transform = [{ fromAmbientC: 0, offsetK: 0.5, slopePerK: 0 }];
      const { clock, chip, readings } = await setUp({ transform });
      chip.setObject(36.5);
      await clock.run(2_000);
      const [reading] = readings;
      expect((reading?.estimateC ?? 0) - (reading?.skinC ?? 0)).toBeCloseTo(0.5, 9);
      expect(Math.abs((reading?.skinC ?? 0) - 36.5)).toBeLessThanOrEqual(under.resolutionK);
    });
  });

  describe(`${name}: trouble on the wire`, () => {
    it("fails without the chip, and goes away when it is back", async () => {
      const { clock, bus, chip, health } = await setUp();
      expect(last(health)).toBe("ok");
      bus.detach(chip);
      await clock.run(1_000);
      expect(last(health)).toBe("failed no-acknowledge");
      await clock.run(60_000);
      bus.attach(chip);
      await clock.run(11_000);
      expect(last(health)).toBe("ok");
    });

    it("fails without the adapter, and goes away when it is plugged in again", async () => {
      const { clock, bus, health } = await setUp();
      bus.unplug();
      await clock.run(2_000);
      expect(last(health)).toBe("failed absent");
      bus.plug();
      await clock.run(11_000);
      expect(last(health)).toBe("ok");
    });

    it("from the start is reported, and a chip that comes later is found", async () => {
      const clock = new VirtualClock(0);
      const { bus, chip } = plug(clock);
      const { health } = await watch(bus, clock);
      await clock.run(2_000);
      expect(last(health)).toBe("failed no-acknowledge");
      bus.attach(chip);
      await clock.run(11_000);
      expect(last(health)).toBe("ok");
    });

    it.each([
      [4, "ok"],
      [5, "failed no-acknowledge"],
    ])("of %i refused transactions in a row is %s", async (count, state) => {
      const { clock, bus, health } = await setUp();
      bus.faults.refuse(count);
      await clock.run(620);
      expect(last(health)).toBe(state);
    });

    it("that flips a bit costs a sample, and the next one counts instead", async () => {
      const { clock, bus, chip, readings, events } = await setUp();
      chip.setObject(36.5);
      await clock.run(250);
      bus.faults.flipBit(7);
      await clock.run(2_000);
      expect(events).toEqual(["present", "reading"]);
      expect(Math.abs((readings[0]?.skinC ?? 0) - 36.5)).toBeLessThanOrEqual(under.resolutionK);
    });

    it("that holds the clock line ends a measurement under way", async () => {
      const { clock, bus, chip, events, health } = await setUp();
      chip.setObject(36.5);
      await clock.run(400);
      bus.faults.stick();
      await clock.run(2_000);
      expect(events).toEqual(["present", "sensor-fault", "gone"]);
      expect(last(health)).toBe("failed timeout");
      bus.faults.release();
      await clock.run(11_000);
      expect(last(health)).toBe("ok");
      expect(events.slice(3)).toEqual(["present", "reading"]);
    });

    it.each([
      ["for a moment", 450, "ok", []],
      ["for longer than a person needs to step aside", 750, "failed timeout", ["gone"]],
    ])("that hangs %s", async (_what, hungMs, state, reported) => {
      const { clock, bus, chip, events, health } = await setUp();
      chip.setObject(36.5);
      await clock.run(3_000);
      expect(events.splice(0)).toEqual(["present", "reading"]);
      bus.faults.hang(true);
      await clock.run(hungMs);
      expect(last(health)).toBe(state);
      expect(events).toEqual(reported);
      bus.faults.hang(false);
      await clock.run(100);
      expect(events).toEqual(reported);
    });

    it("that hung while one person left and another came measures who is there now", async () => {
      const { clock, bus, chip, readings } = await setUp();
      chip.setObject(36.5);
      await clock.run(3_000);
      bus.faults.hang(true);
      await clock.run(2_000);
      chip.setObject(38.1);
      bus.faults.hang(false);
      await clock.run(4_000);
      expect(readings.map(({ skinC }) => Math.round(skinC * 10) / 10)).toEqual([36.5, 38.1]);
    });

    it("of a process that stood still does not take a new person for the one before", async () => {
      let aheadMs = 0;
      const clock = new VirtualClock(Date.UTC(2026, 10, 24));
      const { bus, chip } = plug(clock);
      bus.attach(chip);
      const late: Clock = {
        monotonicMs: () => clock.monotonicMs() + aheadMs,
        wallMs: () => clock.wallMs() + aheadMs,
        wallTrusted: () => true,
        after: clock.after.bind(clock),
      };
      const { events } = await watch(bus, late);
      await clock.run(1_000);
      chip.setObject(36.5);
      await clock.run(3_000);
      aheadMs = 800;
      await clock.run(500);
      expect(events).toEqual(["present", "reading"]);
      aheadMs = 2_500;
      await clock.run(3_000);
      expect(events).toEqual(["present", "reading", "gone", "present", "reading"]);
    });

    it("that the chip itself reports leaves no reading", async () => {
      const { clock, chip, events, health } = await setUp();
      chip.setError(true);
      chip.setObject(36.5);
      await clock.run(2_000);
      expect(events).toEqual([]);
      expect(last(health)).toBe(`failed ${under.errorKind}`);
      chip.setError(false);
      await clock.run(11_000);
      expect(events).toEqual(["present", "reading"]);
    });

    it("answers a request to measure with a sensor fault at once", async () => {
      const { clock, bus, chip, thermometer, events } = await setUp();
      bus.detach(chip);
      await clock.run(1_000);
      thermometer.measureAgain();
      expect(events).toEqual(["sensor-fault"]);
    });

    it("never comes from a driver that was stopped, which works when it is started again", async () => {
      const { clock, bus, chip, thermometer, events } = await setUp();
      await thermometer.stop();
      await clock.run(300);
      const before = bus.transactions;
      chip.setObject(36.5);
      await clock.run(5_000);
      expect(events).toEqual([]);
      expect(bus.transactions).toBe(before);
      await thermometer.start();
      await clock.run(2_500);
      expect(events).toEqual(["present", "reading"]);
    });
  });
}

function last(health: readonly DeviceHealth[]): string {
  const state = health.at(-1);
  return state?.state === "failed" ? `failed ${state.kind}` : (state?.state ?? "none");
}
