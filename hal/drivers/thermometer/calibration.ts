/** Calibration: from skin temperature to an estimate by the site's own table; no published formula is valid everywhere. */

/** One row, for air at and above `fromAmbientC` up to the next row. */
export interface CalibrationRow {
  fromAmbientC: number;
  /** Added to the skin value, K. */
  offsetK: number;
  /** Added for each kelvin the air is above `fromAmbientC`. */
  slopePerK: number;
}

/** Rows in rising order of `fromAmbientC`; the first also serves colder air, without its slope. */
export type CalibrationTable = readonly CalibrationRow[];

// A contactless reading cannot be off by more and still mean anything.
const LARGEST_CORRECTION_K = 3;

/**
 * Makes the function skin °C, ambient °C → estimate °C. An empty table changes nothing.
 * @throws RangeError naming the row that makes no sense
 */
export function createCalibration(
  rows: CalibrationTable,
): (skinC: number, ambientC: number) => number {
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (![row.fromAmbientC, row.offsetK, row.slopePerK].every(Number.isFinite)) {
      throw new RangeError(`transform row ${index} must hold numbers only`);
    }
    if (before !== undefined && row.fromAmbientC <= before.fromAmbientC) {
      throw new RangeError(`transform row ${index} must start above row ${index - 1}`);
    }
    if (Math.abs(row.offsetK) > LARGEST_CORRECTION_K) {
      throw new RangeError(
        `transform row ${index} corrects by more than ${LARGEST_CORRECTION_K} K`,
      );
    }
  }
  return (skinC, ambientC) => {
    const row = rows.findLast((candidate) => candidate.fromAmbientC <= ambientC) ?? rows[0];
    if (row === undefined) return skinC;
    const above = Math.max(0, ambientC - row.fromAmbientC);
    const correction = row.offsetK + row.slopePerK * above;
    return skinC + Math.max(-LARGEST_CORRECTION_K, Math.min(LARGEST_CORRECTION_K, correction));
  };
}
