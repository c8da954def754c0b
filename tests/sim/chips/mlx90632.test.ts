import { describe, expect, it } from "vitest";
import { createMlx90632Chip } from "../../../sim/chips/mlx90632.ts";
import type { Mlx90632Chip, Mlx90632ChipOptions } from "../../../sim/chips/mlx90632.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

const SILENT = { normal: () => 0 };
const ADDRESS = 0x3a;
const [CONTROL, STATUS, COMMAND, SETTINGS] = [0x3001, 0x3fff, 0x3005, 0x24e1];
const [HALT, STEP, CONTINUOUS] = [0b000, 0b100, 0b110];
const [UNLOCK, RESET] = [0x554c, 0x0006];

async function setUp(options: Partial<Mlx90632ChipOptions> = {}) {
  const clock = new VirtualClock(0);
  const chip = createMlx90632Chip({ clock, random: SILENT, ambientC: 28.395, ...options });
  await clock.run(2_000);
  return { clock, chip };
}

/** Addressed read (figure 12): words from an address on. */
function read(chip: Mlx90632Chip, address: number, count = 1, at = ADDRESS): number[] | undefined {
  const answers =
    chip.start(at << 1) &&
    chip.write(address >> 8) &&
    chip.write(address & 0xff) &&
    chip.start((at << 1) | 1);
  const words = answers
    ? Array.from({ length: count }, () => (chip.read() << 8) | chip.read())
    : undefined;
  chip.stop();
  return words;
}

/** Addressed write (figure 14); false where a byte is not acknowledged. */
function write(chip: Mlx90632Chip, address: number, ...words: number[]): boolean {
  const bytes = [address, ...words].flatMap((word) => [word >> 8, word & 0xff]);
  const taken = chip.start(ADDRESS << 1) && bytes.every((byte) => chip.write(byte));
  chip.stop();
  return taken;
}

const signed = (word: number | undefined): number => ((word ?? 0) << 16) >> 16;

describe("the simulated MLX90632", () => {
  it("measures the datasheet's example as the datasheet does (tables 12 and 13)", async () => {
    const { clock, chip } = await setUp();
    chip.setObject(27.2035);
    await clock.run(1_000);
    const ram = read(chip, 0x4003, 6)?.map(signed) ?? [];
    expect((ram[0] ?? 0) + (ram[1] ?? 0)).toBe(-200);
    expect(Math.abs((ram[2] ?? 0) - 22_500)).toBeLessThanOrEqual(1);
    expect(ram[5]).toBe(23_000);
  });

  it("finishes a measurement every 500 ms, one and two in turn", async () => {
    const { clock, chip } = await setUp();
    const positions: number[] = [];
    for (let look = 0; look < 4; look++) {
      write(chip, STATUS, 0);
      await clock.run(499);
      expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(0);
      await clock.run(1);
      const [status = 0] = read(chip, STATUS) ?? [];
      expect(status & 1).toBe(1);
      positions.push((status >> 2) & 0x1f);
    }
    expect(positions).toEqual([1, 2, 1, 2]);
  });

  it.each([
    [0x810d, 1_000],
    [0x840d, 125],
    [0x870d, 15.625],
  ])("with settings %i it needs %s ms (table 10)", async (settings, ms) => {
    const { clock, chip } = await setUp({ eeprom: { 0x24e1: settings, 0x24e2: settings } });
    write(chip, CONTROL, HALT);
    write(chip, CONTROL, CONTINUOUS);
    write(chip, STATUS, 0);
    await clock.run(ms - 1);
    expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(0);
    await clock.run(1);
    expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(1);
  });

  it("reads the status without an address, and what follows it (figure 19)", async () => {
    const { chip } = await setUp();
    chip.start((ADDRESS << 1) | 1);
    const bytes = Array.from({ length: 20 }, () => chip.read());
    chip.stop();
    const words = read(chip, STATUS, 10) ?? [];
    expect(bytes).toEqual(words.flatMap((word) => [word >> 8, word & 0xff]));
  });

  it("takes a stop between address and read for no address", async () => {
    const { chip } = await setUp();
    chip.start(ADDRESS << 1);
    chip.write(0x30);
    chip.write(0x01);
    chip.stop();
    chip.start((ADDRESS << 1) | 1);
    const word = (chip.read() << 8) | chip.read();
    chip.stop();
    expect(word).toBe(read(chip, STATUS)?.[0]);
    expect(word).not.toBe(read(chip, CONTROL)?.[0]);
  });

  it("shows its EEPROM only while it does not measure", async () => {
    const { chip } = await setUp();
    expect(read(chip, 0x240c, 2)).toEqual([0xffff, 0xffff]);
    write(chip, CONTROL, HALT);
    expect(read(chip, 0x240c, 2)).toEqual([0x0103, 0x005d]);
  });

  it("takes a value into an erased cell only, one for each unlocking, when halted", async () => {
    const { clock, chip } = await setUp();
    const put = async (value: number): Promise<boolean> => {
      write(chip, COMMAND, UNLOCK);
      const taken = write(chip, SETTINGS, value);
      await clock.run(5);
      return taken;
    };
    expect(await put(0x840d)).toBe(false);
    write(chip, CONTROL, HALT);
    expect(await put(0x840d)).toBe(true);
    expect(chip.eeprom(SETTINGS)).toBe(0x820d);
    await put(0);
    expect(write(chip, SETTINGS, 0x840d)).toBe(false);
    await put(0x840d);
    expect(read(chip, SETTINGS)).toEqual([0x840d]);
    expect(chip.eepromWrites).toBe(3);
  });

  it("is busy for 5 ms after a write to the EEPROM, and ignores the next one", async () => {
    const { clock, chip } = await setUp();
    write(chip, CONTROL, HALT);
    write(chip, COMMAND, UNLOCK);
    write(chip, SETTINGS, 0);
    write(chip, COMMAND, UNLOCK);
    expect(write(chip, SETTINGS, 0x840d)).toBe(false);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x200).toBe(0x200);
    await clock.run(5);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x200).toBe(0);
  });

  it("keeps its factory cells and its measurements from being written", async () => {
    const { chip } = await setUp();
    write(chip, CONTROL, HALT);
    write(chip, COMMAND, UNLOCK);
    expect(write(chip, 0x240c, 0)).toBe(false);
    expect(write(chip, 0x4003, 0)).toBe(false);
  });

  it("shows that it was reset by the bit that its master set", async () => {
    const { clock, chip } = await setUp();
    write(chip, STATUS, 0x100);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x100).toBe(0x100);
    write(chip, COMMAND, RESET);
    expect(read(chip, STATUS)).toBeUndefined();
    await clock.run(1);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x100).toBe(0);
  });

  it("obeys the reset for every chip on the bus (figure 16)", async () => {
    const { clock, chip } = await setUp();
    write(chip, STATUS, 0x100);
    chip.start(0x00);
    chip.write(0x06);
    chip.stop();
    await clock.run(1);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x100).toBe(0);
  });

  it("measures once in step mode for each start bit, and twice for a whole table", async () => {
    const { clock, chip } = await setUp();
    write(chip, CONTROL, STEP);
    write(chip, STATUS, 0);
    await clock.run(2_000);
    expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(0);
    write(chip, CONTROL, STEP | 0x008);
    await clock.run(500);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x401).toBe(1);
    write(chip, CONTROL, STEP | 0x800);
    await clock.run(999);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x400).toBe(0x400);
    await clock.run(1);
    expect((read(chip, STATUS)?.[0] ?? 0) & 0x400).toBe(0);
  });

  it("gives ones behind the end of its memory", async () => {
    const { chip } = await setUp();
    expect(read(chip, 0x403b, 2)?.[1]).toBe(0xffff);
  });

  it("answers at the address of its pin, and not without power", async () => {
    const { clock, chip } = await setUp({ address: 0x3b });
    expect(read(chip, STATUS)).toBeUndefined();
    expect(read(chip, STATUS, 1, 0x3b)).toBeDefined();
    chip.setPower(false);
    expect(read(chip, STATUS, 1, 0x3b)).toBeUndefined();
    chip.setPower(true);
    await clock.run(1);
    expect(read(chip, STATUS, 1, 0x3b)).toBeDefined();
  });

  it("finishes nothing while it is kept from it, and goes on afterwards", async () => {
    const { clock, chip } = await setUp();
    write(chip, STATUS, 0);
    chip.setError(true);
    await clock.run(5_000);
    expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(0);
    chip.setError(false);
    await clock.run(500);
    expect((read(chip, STATUS)?.[0] ?? 0) & 1).toBe(1);
  });

  it("has the noise of figure 24, more where it measures faster", async () => {
    const spread = async (settings: number): Promise<number> => {
      let turn = 0;
      const { clock, chip } = await setUp({
        random: { normal: () => (turn++ % 2 === 0 ? 1 : -1) },
        eeprom: { 0x24e1: settings, 0x24e2: settings },
      });
      chip.setObject(36);
      await clock.run(4_000);
      const ram = read(chip, 0x4003, 6)?.map(signed) ?? [];
      return Math.abs((ram[0] ?? 0) + (ram[1] ?? 0) - (ram[3] ?? 0) - (ram[4] ?? 0));
    };
    expect((await spread(0x860d)) / (await spread(0x820d))).toBeCloseTo(4, 0);
  });
});
