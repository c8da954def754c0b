/** The settings that every thermometer has, whatever its chip. */
import { z } from "zod";
import { numberFrom, wholeFrom } from "../../settings.ts";

const calibrationRow = z.strictObject({
  fromAmbientC: numberFrom(-40, 60).describe("this row serves air from here up to the next row"),
  offsetK: numberFrom(-3, 3).describe("added to the skin's temperature"),
  slopePerK: numberFrom(-1, 1).describe("added for each kelvin the air is above `fromAmbientC`"),
});

const inRisingOrder: z.core.CheckFn<{ fromAmbientC: number }[]> = ({ value: rows, issues }) => {
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before === undefined || before.fromAmbientC < row.fromAmbientC) continue;
    issues.push({
      code: "custom",
      input: row.fromAmbientC,
      path: [index, "fromAmbientC"],
      message: `expected more than ${before.fromAmbientC}, where the row before begins`,
    });
  }
};

/** Where a chip on a two-wire bus is; its address has the chip's own default. */
export const twoWire = {
  bus: wholeFrom(0, 31).default(1).describe("the number in /dev/i2c-N"),
};

export const address = (factoryDefault: number): z.ZodDefault<z.ZodNumber> =>
  wholeFrom(3, 0x77).default(factoryDefault);

/** How the person in front is measured. */
export const measuring = {
  intervalMs: wholeFrom(50, 2_000).default(100).describe("time between two readings"),
  transform: z
    .array(calibrationRow)
    .max(50, "expected at most 50 rows")
    .default([])
    .describe("the site's own calibration, in rising order; empty: skin temperature as it is")
    .check(inRisingOrder),
};
