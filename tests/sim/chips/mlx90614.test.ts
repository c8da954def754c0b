import { describe, expect, it } from "vitest";
import { createMlx90614Chip } from "../../../sim/chips/mlx90614.ts";
import type { Mlx90614Chip } from "../../../sim/chips/mlx90614.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

const SILENT = { normal: () => 0 };

async function setUp() {
  const clock = new VirtualClock(0);
  const chip = createMlx90614Chip({ clock, random: SILENT, ambientC: 25 });
  await clock.run(1000);
  return { clock, chip };
}

/** The bytes a master would see: low, high, code. */
function read(chip: Mlx90614Chip, command: number, address = 0x5a): number[] | undefined {
  const heard = chip.start(address << 1) && chip.write(command) && chip.start((address << 1) | 1);
  const answer = heard ? [chip.read(), chip.read(), chip.read()] : undefined;
  chip.stop();
  return answer;
}

function write(chip: Mlx90614Chip, ...bytes: number[]): void {
  chip.start(0xb4);
  for (const byte of bytes) chip.write(byte);
  chip.stop();
}

describe("the simulated MLX90614", () => {
  it.each([
    [36.5, [0x7a, 0x3c, 0x92]],
    [37.3, [0xa2, 0x3c, 0x80]],
    [38, [0xc5, 0x3c, 0x1e]],
  ])("answers with %s °C as the datasheet codes it", async (celsius, answer) => {
    const { chip } = await setUp();
    chip.setObject(celsius);
    expect(read(chip, 0x07)).toEqual(answer);
  });

  it("answers with 25 °C of air", async () => {
    const { chip } = await setUp();
    expect(read(chip, 0x06)).toEqual([0x3b, 0x3a, 0xd8]);
  });

  it.each([
    [249, true],
    [251, false],
  ])("%i ms after power its data is flagged as wrong: %s", async (afterMs, flagged) => {
    const { clock, chip } = await setUp();
    chip.setPower(false);
    chip.setPower(true);
    await clock.run(afterMs);
    expect(((read(chip, 0x07)?.[1] ?? 0) & 0x80) !== 0).toBe(flagged);
  });

  it("answers at its own address and at 0, and nowhere else", async () => {
    const { chip } = await setUp();
    expect(read(chip, 0x06, 0x5b)).toBeUndefined();
    expect(read(chip, 0x06, 0)?.slice(0, 2)).toEqual([0x3b, 0x3a]);
    chip.setPower(false);
    expect(read(chip, 0x06)).toBeUndefined();
  });

  it("changes its emissivity only when erased first, and only with a right code", async () => {
    const { chip } = await setUp();
    write(chip, 0x24, 0xe0, 0xfa, 0x83);
    expect(read(chip, 0x24)?.slice(0, 2)).toEqual([0xff, 0xff]);
    write(chip, 0x24, 0, 0, 0x29);
    expect(read(chip, 0x24)?.slice(0, 2)).toEqual([0xff, 0xff]);
    write(chip, 0x24, 0, 0, 0x28);
    write(chip, 0x24, 0xe0, 0xfa, 0x83);
    expect(read(chip, 0x24)?.slice(0, 2)).toEqual([0xe0, 0xfa]);
  });

  it("sleeps when told so with the right code, and wakes with power", async () => {
    const { chip } = await setUp();
    write(chip, 0xff, 0xe9);
    expect(read(chip, 0x06)).toBeDefined();
    write(chip, 0xff, 0xe8);
    expect(read(chip, 0x06)).toBeUndefined();
    chip.setPower(false);
    chip.setPower(true);
    expect(read(chip, 0x06)).toBeDefined();
  });

  it("sees a small target at a distance cooler than it is", async () => {
    const { chip } = await setUp();
    const celsius = (): number => {
      const [low = 0, high = 0] = read(chip, 0x07) ?? [];
      return (low | (high << 8)) * 0.02 - 273.15;
    };
    // 35° wide: a spot of 3.2 cm at 5 cm and of 19 cm at 30 cm.
    chip.setTarget({ celsius: 37, diameterMm: 60, distanceMm: 50 });
    expect(celsius()).toBeCloseTo(37, 1);
    chip.setTarget({ celsius: 37, diameterMm: 60, distanceMm: 300 });
    expect(celsius()).toBeGreaterThan(25.5);
    expect(celsius()).toBeLessThan(28);
  });
});
