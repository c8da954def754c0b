/** The formulas against worked examples that the chip's maker published. */
import { describe, expect, it } from "vitest";
import {
  ambientOf,
  objectOf,
} from "../../../../../hal/drivers/thermometer/mlx90632/temperature.ts";
import type { Constants } from "../../../../../hal/drivers/thermometer/mlx90632/temperature.ts";

/** Table 12 of the datasheet (3901090632 rev 13). */
const EXAMPLE: Constants = {
  pr: 6_095_107 / 2 ** 8,
  pg: 85_785_317 / 2 ** 20,
  pt: 0,
  po: 6_400 / 2 ** 8,
  ea: 5_361_582 / 2 ** 16,
  eb: 6_095_107 / 2 ** 8,
  fa: 55_599_953 / 2 ** 46,
  fb: -31_100_431 / 2 ** 36,
  ga: -33_577_052 / 2 ** 36,
  gb: 9_728 / 2 ** 10,
  ka: 10_752 / 2 ** 10,
  ha: 1,
  hb: 0,
};

/** Table 13. */
const RAW = { object: [-101, -99], sensor: 22_500, reference: 23_000 } as const;

/** The chip of Melexis' own library's tests (github.com/melexis/mlx90632-library, test/TestDSP.c). */
const LIBRARY: Constants = {
  pr: 0x00587f5b / 2 ** 8,
  pg: 0x04a10289 / 2 ** 20,
  pt: (0xfff966f8 | 0) / 2 ** 44,
  po: 0x00001e0f / 2 ** 8,
  ea: 4_859_535 / 2 ** 16,
  eb: 5_686_508 / 2 ** 8,
  fa: 53_855_361 / 2 ** 46,
  fb: 42_874_149 / 2 ** 36,
  ga: -14_556_410 / 2 ** 36,
  gb: 9_728 / 2 ** 10,
  ka: 10_752 / 2 ** 10,
  ha: 1,
  hb: 0,
};

describe("temperatures of an MLX90632", () => {
  it("are those of the datasheet's worked example (§11.1.4)", () => {
    expect(ambientOf(RAW, EXAMPLE)).toBeCloseTo(28.395, 3);
    expect(objectOf(RAW, EXAMPLE)).toBeCloseTo(27.2035, 3);
  });

  it.each([
    [22_454, 23_030, 48.724],
    [100, 150, -18.734],
    [32_767, 32_766, 53.35],
  ])("a sensor at %i against %i is %s °C, as in the maker's library", (sensor, reference, c) => {
    expect(ambientOf({ object: [0, 0], sensor, reference }, LIBRARY)).toBeCloseTo(c, 2);
  });

  it.each([
    [609, 611, 55.507],
    [149, 151, 51.123],
    [-149, -151, 48.171],
    [-5_000, -5_000, -16.653],
  ])("an object at %i and %i is %s °C, as in the maker's library", (first, second, c) => {
    const raw = { object: [first, second], sensor: 22_454, reference: 23_030 } as const;
    // The library goes through the formula five times, the datasheet three times.
    expect(Math.abs(objectOf(raw, LIBRARY) - c)).toBeLessThan(0.011);
  });

  it("take a customer's own offset and gain into account (Ha and Hb)", () => {
    const offset = objectOf(RAW, { ...EXAMPLE, hb: 0.5 });
    expect(offset).toBeCloseTo(objectOf(RAW, EXAMPLE) - 0.5, 3);
    const halved = objectOf(RAW, { ...EXAMPLE, ha: 2 });
    const housing = 28.3947;
    expect(housing - halved).toBeCloseTo((housing - 27.2035) / 2, 1);
  });
});
