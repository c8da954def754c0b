/** Exposure of a USB camera while another program reads its frames, by the kernel's control interface. */
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import type Koffi from "koffi";

/** Reads and sets integer controls of one video device; throws where it cannot. */
export interface VideoControls {
  get(id: number): number;
  set(id: number, value: number): void;
  range(id: number): { least: number; most: number };
}

// linux/v4l2-controls.h; the kernel's documentation, "Camera Control Reference".
const CAMERA_CLASS = 0x009a0900;
const EXPOSURE_AUTO = CAMERA_CLASS + 1;
const EXPOSURE_ABSOLUTE = CAMERA_CLASS + 2;
const MANUAL = 1; // V4L2_EXPOSURE_MANUAL

/**
 * Sets the exposure by stops from what the camera's automatic chose last, which it gives as its
 * exposure time where it tells (units of 100 µs by the V4L2 specification; only ratios matter here).
 * The mode the camera was in comes back with a bias of 0.
 * @returns what `CameraConnection.control` asks for; rejects where the camera has no such controls
 */
export function createV4l2Exposure(
  controls: VideoControls,
): (change: { exposureBias: number }) => Promise<void> {
  let automatic: { mode: number; time: number } | undefined;
  // Promised, so that a camera without the controls is a rejection.
  return async ({ exposureBias }) => {
    await Promise.resolve();
    if (exposureBias === 0) {
      if (automatic === undefined) return;
      controls.set(EXPOSURE_AUTO, automatic.mode);
      automatic = undefined;
      return;
    }
    if (automatic === undefined) {
      const mode = controls.get(EXPOSURE_AUTO);
      const time = controls.get(EXPOSURE_ABSOLUTE);
      // An exposure that was set by hand is meant, and stays.
      if (mode === MANUAL) return;
      automatic = { mode, time };
    }
    const { least, most } = controls.range(EXPOSURE_ABSOLUTE);
    const time = Math.round(automatic.time * 2 ** exposureBias);
    controls.set(EXPOSURE_AUTO, MANUAL);
    controls.set(EXPOSURE_ABSOLUTE, Math.max(least, Math.min(most, time)));
  };
}

// linux/videodev2.h: _IOWR('V', number, struct), sizes 8 (v4l2_control) and 68 (v4l2_queryctrl).
const VIDIOC_G_CTRL = 0xc008561b;
const VIDIOC_S_CTRL = 0xc008561c;
const VIDIOC_QUERYCTRL = 0xc0445624;
const QUERY_BYTES = 68;
// struct v4l2_queryctrl: id, type, 32 characters of name, then minimum and maximum.
const MINIMUM_AT = 40;
const MAXIMUM_AT = 44;

/** Controls by ioctl; the device is opened for each call only, as several programs may. */
export function openVideoControls(device: string): VideoControls {
  const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
  const ioctl = koffi
    .load("libc.so.6")
    .func("int ioctl(int fd, unsigned long request, void *argument)");
  const call = (request: number, argument: Buffer, during: string): void => {
    const fd = openSync(device, "r+");
    try {
      if (Number(ioctl(fd, request, argument)) < 0) {
        throw new Error(`${device} refused ${during}; it may have no such control`);
      }
    } finally {
      closeSync(fd);
    }
  };
  const control = (id: number, value: number): Buffer => {
    const argument = Buffer.alloc(8);
    argument.writeUInt32LE(id, 0);
    argument.writeInt32LE(value, 4);
    return argument;
  };
  return {
    get(id) {
      const argument = control(id, 0);
      call(VIDIOC_G_CTRL, argument, "to tell its exposure");
      return argument.readInt32LE(4);
    },
    set(id, value) {
      call(VIDIOC_S_CTRL, control(id, value), "an exposure");
    },
    range(id) {
      const argument = Buffer.alloc(QUERY_BYTES);
      argument.writeUInt32LE(id, 0);
      call(VIDIOC_QUERYCTRL, argument, "to tell the range of its exposure");
      return { least: argument.readInt32LE(MINIMUM_AT), most: argument.readInt32LE(MAXIMUM_AT) };
    },
  };
}
