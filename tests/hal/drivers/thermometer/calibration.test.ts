import { describe, expect, it } from "vitest";
import { createCalibration } from "../../../../hal/drivers/thermometer/calibration.ts";

const rows = [
  { fromAmbientC: 10, offsetK: 1, slopePerK: -0.05 },
  { fromAmbientC: 20, offsetK: 0.5, slopePerK: 0 },
];

describe("the site's transform", () => {
  it("changes nothing where there is none", () => {
    expect(createCalibration([])(36.12, 5)).toBe(36.12);
  });

  it.each([
    ["colder than the first row", 5, 37],
    ["at the first row", 10, 37],
    ["inside the first row", 14, 36.8],
    ["just below the second row", 19.99, 36.5005],
    ["at the second row", 20, 36.5],
    ["far above", 40, 36.5],
  ])("in air %s", (_, ambientC, estimateC) => {
    expect(createCalibration(rows)(36, ambientC)).toBeCloseTo(estimateC, 9);
  });

  it("never corrects by more than 3 K, however far the slope is drawn out", () => {
    const steep = createCalibration([{ fromAmbientC: 0, offsetK: 3, slopePerK: 1 }]);
    expect(steep(36, 30)).toBe(39);
  });

  it.each([
    ["rows out of order", [rows[1], rows[0]], "row 1 must start above row 0"],
    ["two rows for the same air", [rows[0], rows[0]], "row 1 must start above row 0"],
    ["an offset that cannot be meant", [{ ...rows[0], offsetK: 3.1 }], "more than 3 K"],
    ["no number", [{ ...rows[0], slopePerK: Number.NaN }], "row 0 must hold numbers"],
  ])("refuses %s", (_, table, message) => {
    expect(() => createCalibration(table as typeof rows)).toThrow(message);
  });
});
