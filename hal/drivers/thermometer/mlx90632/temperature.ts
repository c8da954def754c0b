/** From an MLX90632's raw values to temperatures, by the formulas of its datasheet (3901090632 rev 13, §11.1). */

/** The calibration constants of one chip, scaled as §11.1 does. */
export interface Constants {
  pr: number;
  pg: number;
  pt: number;
  po: number;
  ea: number;
  eb: number;
  fa: number;
  fb: number;
  ga: number;
  gb: number;
  ka: number;
  ha: number;
  hb: number;
}

/** One measurement of the object with what it is compared with. */
export interface RawMeasurement {
  /** The two values of the newest object measurement: RAM_4 and RAM_5, or RAM_7 and RAM_8. */
  object: readonly [number, number];
  /** RAM_6, the sensor's own temperature. */
  sensor: number;
  /** RAM_9, what it is measured against. */
  reference: number;
}

const ZERO_CELSIUS_K = 273.15;
const REFERENCE_C = 25; // TO0 and TA0
const SCALE = 2 ** 19;
const DIVISOR = 12;
const ITERATIONS = 3; // §11.1.3: the result is there with the third

/** The temperature of the chip's own housing, °C (§11.1.2). */
export function ambientOf(raw: RawMeasurement, constants: Constants): number {
  const { pr, pg, pt, po } = constants;
  const difference = ambientRatio(raw, constants) - pr;
  return po + difference / pg + pt * difference ** 2;
}

/**
 * The temperature of what fills the view, °C (§11.1.3), for a surface of emissivity 1. The formula
 * needs its own result: it starts at 25 °C and is gone through three times.
 */
export function objectOf(raw: RawMeasurement, constants: Constants): number {
  const { ea, eb, fa, fb, ga, ka, ha, hb } = constants;
  const signal = (raw.object[0] + raw.object[1]) / 2;
  const ratio = scaled(signal, raw, ka);
  const housingC = (ambientRatio(raw, constants) - eb) / ea + REFERENCE_C;
  const housing = (housingC + ZERO_CELSIUS_K) ** 4;
  let objectC = REFERENCE_C;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const drift = 1 + ga * (objectC - REFERENCE_C) + fb * (housingC - REFERENCE_C);
    objectC = (ratio / (fa * ha * drift) + housing) ** 0.25 - ZERO_CELSIUS_K - hb;
  }
  return objectC;
}

function ambientRatio(raw: RawMeasurement, { gb }: Constants): number {
  return scaled(raw.sensor, raw, gb);
}

/** A raw value as a share of the reference, which the sensor's own value belongs to by a factor. */
function scaled(value: number, { sensor, reference }: RawMeasurement, factor: number): number {
  return (value / DIVISOR / (reference + (factor * sensor) / DIVISOR)) * SCALE;
}
