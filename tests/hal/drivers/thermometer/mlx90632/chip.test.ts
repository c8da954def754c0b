import { describe, expect, it } from "vitest";
import type { SmBus } from "../../../../../hal/bus/smbus.ts";
import { mlx90632 } from "../../../../../hal/drivers/thermometer/mlx90632/chip.ts";
import { createSimulatedSmBus } from "../../../../../sim/bus/smbus.ts";
import { createMlx90632Chip } from "../../../../../sim/chips/mlx90632.ts";
import type { Mlx90632ChipOptions } from "../../../../../sim/chips/mlx90632.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";
import { thermometerSuite } from "../thermometer.suite.ts";

const ADDRESS = 0x3a;
const FACTORY_NOISE_AT_HZ = 2;

thermometerSuite("MLX90632", {
  // The chip takes its noise at the rate that it leaves the factory with (table 10).
  chip: ({ noiseK, ...options }) =>
    createMlx90632Chip({ ...options, noiseK: noiseK / Math.sqrt(8 / FACTORY_NOISE_AT_HZ) }),
  open: (host, clock) => mlx90632({ host, clock, address: ADDRESS, rateHz: 8 }),
  resolutionK: 0.02,
  errorKind: "timeout",
});

async function setUp(options: Partial<Mlx90632ChipOptions> = {}, rateHz: 4 | 8 | 16 = 8) {
  const clock = new VirtualClock(0);
  const bus = createSimulatedSmBus({ clock });
  const chip = createMlx90632Chip({ clock, random: { normal: () => 0 }, ...options });
  bus.attach(chip);
  const address = options.address ?? ADDRESS;
  const open = mlx90632({ host: bus, clock, address, rateHz });
  /** Lets the clock run until the work is over. */
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    await Promise.allSettled([work, clock.run(5_000)]);
    return work;
  };
  return { clock, bus, chip, open, settle };
}

describe("starting an MLX90632", () => {
  it("sets how often it measures, once in its life", async () => {
    const { chip, open, settle } = await setUp();
    await (await settle(open())).close();
    expect([chip.eeprom(0x24e1), chip.eeprom(0x24e2)]).toEqual([0x840d, 0x841d]);
    expect(chip.eepromWrites).toBe(4);
    await (await settle(open())).close();
    expect(chip.eepromWrites).toBe(4);
  });

  it.each([
    [4, 250],
    [8, 125],
    [16, 62.5],
  ] as const)("at %i a second gives a new value every %s ms", async (rateHz, everyMs) => {
    const { clock, open, settle } = await setUp({}, rateHz);
    const chip = await settle(open());
    const atMs: number[] = [];
    const reading = (async () => {
      for (let count = 0; count < 5; count++) {
        await chip.readObjectC();
        atMs.push(clock.monotonicMs());
      }
    })();
    await settle(reading);
    // The first value may have waited in the chip for a while.
    const steps = atMs.slice(2).map((at, index) => at - (atMs[index + 1] ?? 0));
    for (const step of steps) expect(Math.abs(step - everyMs)).toBeLessThanOrEqual(15);
  });

  it("writes no cell again and again where one does not keep its value", async () => {
    const { bus, chip, open, settle } = await setUp();
    // A worn cell: what is written to it is lost on the way.
    bus.detach(chip);
    let written: number[] = [];
    bus.attach({
      start: (byte) => chip.start(byte),
      write(byte) {
        written.push(byte);
        const isSetting = written[0] === 0x24 && written.length > 2;
        return isSetting || chip.write(byte);
      },
      read: () => chip.read(),
      stop() {
        written = [];
        chip.stop();
      },
    });
    await expect(settle(open())).rejects.toMatchObject({ kind: "corrupt" });
    const during = { during: "setting how often it measures" };
    await expect(settle(open())).rejects.toMatchObject({ context: during });
  });

  it("repairs a setting that was lost between erasing and writing", async () => {
    const { chip, open, settle } = await setUp({ eeprom: { 0x24e1: 0 } });
    await (await settle(open())).close();
    expect(chip.eeprom(0x24e1)).toBe(0x840d);
  });

  it("identifies the part", async () => {
    const { open, settle } = await setUp({ address: 0x3b });
    const chip = await settle(open());
    expect(await chip.identify()).toBe(
      "MLX90632 00318af21d05, medical accuracy, 8 measurements a second",
    );
  });

  it("refuses constants that no such chip has", async () => {
    const { open, settle } = await setUp({ eeprom: { 0x240e: 0, 0x240f: 0 } });
    await expect(settle(open())).rejects.toMatchObject({
      kind: "corrupt",
      context: { during: "reading the calibration constants" },
    });
  });

  it("refuses constants that came differently the second time", async () => {
    const { bus, open, settle, chip } = await setUp();
    const opened = bus.open.bind(bus);
    let blocks = 0;
    bus.open = async (): Promise<SmBus> => {
      const inner = await opened();
      const writeThenRead = inner.writeThenRead.bind(inner);
      inner.writeThenRead = async (address, bytes, length) => {
        const answer = await writeThenRead(address, bytes, length);
        if (length === 24 && blocks++ === 0) answer[3] = (answer[3] ?? 0) ^ 0x10;
        return answer;
      };
      return inner;
    };
    await expect(settle(open())).rejects.toMatchObject({ kind: "corrupt" });
    expect(blocks).toBe(2);
    expect(chip.eepromWrites).toBe(0);
    await (await settle(open())).close();
  });

  it("fails within seconds where the bus hangs", async () => {
    const { bus, open, settle } = await setUp();
    bus.faults.hang(true);
    await expect(settle(open())).rejects.toMatchObject({ kind: "timeout" });
  });
});

describe("measuring with an MLX90632", () => {
  it.each([
    [22, 36.5],
    [35, 38.2],
    [5, 31],
    [40, 24],
  ])("in air of %s °C an object of %s °C is found within 0.02 K", async (ambientC, objectC) => {
    const { clock, chip, open, settle } = await setUp({ ambientC });
    chip.setObject(objectC);
    const opened = await settle(open());
    await clock.run(500);
    const object = await settle(opened.readObjectC());
    expect(Math.abs((object ?? 0) - objectC)).toBeLessThanOrEqual(0.02);
    expect(Math.abs(((await opened.readAmbientC()) ?? 0) - ambientC)).toBeLessThanOrEqual(0.02);
  });

  it("corrects by the customer's own gain and offset (Ha and Hb)", async () => {
    const { chip, open, settle } = await setUp({ eeprom: { 0x2481: 0x4800, 0x2482: 0x0100 } });
    chip.setObject(36.5);
    const object = await settle((await settle(open())).readObjectC());
    expect(Math.abs((object ?? 0) - 36.5)).toBeLessThanOrEqual(0.02);
  });

  it("notices that the chip was reset behind its back", async () => {
    const { clock, chip, open, settle } = await setUp();
    const opened = await settle(open());
    chip.setPower(false);
    chip.setPower(true);
    await clock.run(1_000);
    await expect(settle(opened.readObjectC())).rejects.toMatchObject({
      kind: "corrupt",
      context: { detail: "the chip was reset; check its supply" },
    });
  });

  it("gives no value beyond what the chip is specified for", async () => {
    const { chip, open, settle } = await setUp();
    const opened = await settle(open());
    chip.setObject(140);
    await settle(opened.readObjectC());
    expect(await settle(opened.readObjectC())).toBeUndefined();
  });
});
