/** A USB camera's exposure: what is set, what comes back, and what a camera without the control does. */
import { describe, expect, test } from "vitest";
import {
  createV4l2Exposure,
  openVideoControls,
} from "../../../../hal/linux/camera/v4l2-exposure.ts";
import type { VideoControls } from "../../../../hal/linux/camera/v4l2-exposure.ts";

// linux/v4l2-controls.h: V4L2_CID_EXPOSURE_AUTO and V4L2_CID_EXPOSURE_ABSOLUTE.
const MODE = 10094849;
const TIME = 10094850;
const APERTURE_PRIORITY = 3;
const MANUAL = 1;

/** A camera whose automatic chose 15.6 ms, of 0.3 to 204.7 ms. */
function camera(mode = APERTURE_PRIORITY): { values: Map<number, number>; host: VideoControls } {
  const values = new Map([
    [MODE, mode],
    [TIME, 156],
  ]);
  return {
    values,
    host: {
      get: (id) => values.get(id) ?? 0,
      set: (id, value) => {
        // As the specification asks of drivers: times are ignored in automatic modes.
        if (id === TIME && values.get(MODE) !== MANUAL) return;
        values.set(id, value);
      },
      range: () => ({ least: 3, most: 2047 }),
    },
  };
}

describe("a USB camera's exposure", () => {
  test.each([
    [-2, 39],
    [-4, 10],
    [2, 624],
    [-9, 3],
    [6, 2047],
  ])("by %i stops is %i units of 100 µs, within the camera's range", async (exposureBias, time) => {
    const { values, host } = camera();
    await createV4l2Exposure(host)({ exposureBias });
    expect([values.get(MODE), values.get(TIME)]).toEqual([MANUAL, time]);
  });

  test("is counted from what the automatic chose, however often it is changed", async () => {
    const { values, host } = camera();
    const control = createV4l2Exposure(host);
    await control({ exposureBias: -2 });
    await control({ exposureBias: -4 });
    expect(values.get(TIME)).toBe(10);
  });

  test("goes back to the mode that the camera was in", async () => {
    const { values, host } = camera();
    const control = createV4l2Exposure(host);
    await control({ exposureBias: 0 });
    expect(values.get(MODE)).toBe(APERTURE_PRIORITY);
    await control({ exposureBias: 2 });
    await control({ exposureBias: 0 });
    expect(values.get(MODE)).toBe(APERTURE_PRIORITY);
  });

  test("that was set by hand stays", async () => {
    const { values, host } = camera(MANUAL);
    await createV4l2Exposure(host)({ exposureBias: -2 });
    expect([values.get(MODE), values.get(TIME)]).toEqual([MANUAL, 156]);
  });

  test("of a device that has no such control is a rejection with its reason", async () => {
    // The null device takes no ioctl: the call really reaches the kernel.
    const control = createV4l2Exposure(openVideoControls("/dev/null"));
    await expect(control({ exposureBias: -2 })).rejects.toThrow("/dev/null refused");
  });

  test("of a device that is not there is a rejection", async () => {
    const control = createV4l2Exposure(openVideoControls("/dev/video-none"));
    await expect(control({ exposureBias: -2 })).rejects.toThrow("ENOENT");
  });
});
