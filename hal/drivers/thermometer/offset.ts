/** A thermometer whose estimates are corrected by what the site's calibration found. */
import type { Thermometer } from "../../devices.ts";

/** @param offsetK added to every estimate; asked at each reading. What was measured stays as it is. */
export function withOffset(thermometer: Thermometer, offsetK: () => number): Thermometer {
  return {
    start: () => thermometer.start(),
    stop: () => thermometer.stop(),
    onHealth: (listener) => thermometer.onHealth(listener),
    measureAgain: () => thermometer.measureAgain(),
    onFailure: (listener) => thermometer.onFailure(listener),
    onPresence: (listener) => thermometer.onPresence(listener),
    onReading: (listener) =>
      thermometer.onReading((reading) => {
        const estimateC = Math.round((reading.estimateC + offsetK()) * 100) / 100;
        listener({ ...reading, estimateC });
      }),
  };
}
