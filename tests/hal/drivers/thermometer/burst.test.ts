import { describe, expect, it } from "vitest";
import { BURST_DEFAULTS, createBurst } from "../../../../hal/drivers/thermometer/burst.ts";
import type { BurstResult } from "../../../../hal/drivers/thermometer/burst.ts";

/** A chip gives temperatures in steps, here of 0.02 K (MLX90614). */
const STEP_K = 0.02;
const inSteps = (celsius: number): number => Math.round((celsius + 273.15) * 50) / 50 - 273.15;

/** Feeds one sample each 100 ms until there is a result or the samples are used up. */
function feed(samples: readonly number[], options = BURST_DEFAULTS): BurstResult | undefined {
  const burst = createBurst(0, options);
  for (const [index, sample] of samples.entries()) {
    const result = burst.add(sample, index * 100);
    if (result !== undefined) return result;
  }
  return undefined;
}

const steady = (celsius: number, length = 8): number[] =>
  Array.from({ length }, () => inSteps(celsius));

describe("a burst", () => {
  it("needs eight samples", () => {
    expect(feed(steady(36.5, 7))).toBeUndefined();
    expect(feed(steady(36.5, 8))).toMatchObject({ kind: "steady", samples: 8, spreadK: 0 });
  });

  it.each([7, 0, 8.5])("cannot be set to %s samples", (samples) => {
    expect(() => createBurst(0, { ...BURST_DEFAULTS, samples })).toThrow(RangeError);
  });

  it("gives the median, which one hot and one cold sample do not move", () => {
    const middle = inSteps(36.5);
    const samples = [
      middle + 7 * STEP_K,
      middle,
      middle - 8 * STEP_K,
      middle,
      middle,
      middle,
      middle,
      middle,
    ];
    const result = feed(samples);
    if (result?.kind !== "steady") throw new Error("the burst should have been steady");
    expect(result.skinC).toBeCloseTo(36.49, 9);
    expect(result.spreadK).toBeCloseTo(0.3, 9);
  });

  it("takes the mean of the two in the middle", () => {
    const low = inSteps(36.5);
    const result = feed([low, low, low, low, ...Array.from({ length: 4 }, () => low + 2 * STEP_K)]);
    if (result?.kind !== "steady") throw new Error("the burst should have been steady");
    expect(result.skinC).toBeCloseTo(36.51, 9);
  });

  it.each([
    ["0.30 K, the limit", 15, "steady"],
    ["0.32 K, one step more", 16, "unsteady"],
  ])("with a spread of %s", (_, spreadSteps, outcome) => {
    const low = inSteps(36.5);
    const samples = Array.from({ length: 31 }, (__, index) =>
      index % 2 === 0 ? low : low + spreadSteps * STEP_K,
    );
    const result = feed(samples);
    expect(result?.kind === "failed" ? result.failure : result?.kind).toBe(outcome);
  });

  it.each([
    [31.97, "implausible"],
    [32.01, "steady"],
    [36.5, "steady"],
    [41.99, "steady"],
    [42.03, "implausible"],
    [20, "implausible"],
    [60, "implausible"],
  ])("at %s °C of skin", (celsius, outcome) => {
    const result = feed(steady(celsius, 31));
    expect(result?.kind === "failed" ? result.failure : result?.kind).toBe(outcome);
  });

  it.each([
    ["32 °C", 32],
    ["42 °C", 42],
  ])("counts a limit of exactly %s as within", (_, limit) => {
    // A range whose ends fall exactly on a step.
    const exact = Math.round((limit + 273.15) * 50) / 50 - 273.15;
    const plausibleC = limit === 32 ? { from: exact, to: 42 } : { from: 32, to: exact };
    expect(feed(steady(limit), { ...BURST_DEFAULTS, plausibleC })?.kind).toBe("steady");
  });

  it("measures somebody who first moves and then stands still", () => {
    const moving = Array.from({ length: 12 }, (_, index) => inSteps(30 + index * 0.5));
    expect(feed([...moving, ...steady(36.5)])).toMatchObject({ kind: "steady" });
  });

  it.each([
    [29, undefined],
    [30, "unsteady"],
  ])("is patient for 3 s: after %s tenths", (tenths, failure) => {
    const samples = Array.from({ length: tenths + 1 }, (_, index) => inSteps(34 + (index % 2)));
    const result = feed(samples);
    expect(result?.kind === "failed" ? result.failure : undefined).toBe(failure);
  });

  it("blames the sensor when no sample ever came", () => {
    const burst = createBurst(0, BURST_DEFAULTS);
    expect(burst.miss(2999)).toBeUndefined();
    expect(burst.miss(3000)).toEqual({ kind: "failed", failure: "sensor-fault" });
  });
});
