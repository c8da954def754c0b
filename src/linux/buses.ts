/** The buses of this machine: Linux' own devices, and cameras as programs. */
import type { Buses, CameraSource } from "../../hal/bus/buses.ts";
import type { CameraHost } from "../../hal/bus/frames.ts";
import { ffmpegV4l2, rpicamVid } from "../../hal/linux/camera/camera-programs.ts";
import { createProcessCamera } from "../../hal/linux/camera/camera.ts";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";
import { createLinuxGpio } from "../../hal/linux/gpio.ts";
import { createLinuxSerial } from "../../hal/linux/serial.ts";
import { createLinuxSmBus } from "../../hal/linux/smbus.ts";

export function createLinuxBuses(): Buses {
  return {
    gpio: createLinuxGpio(),
    serial: (path) => createLinuxSerial({ path }),
    twoWire: (bus) => createLinuxSmBus({ bus }),
    camera: cameraOf,
    guardedLine: (line, maximumMs) => createGuardedLine({ line, maximumMs }),
  };
}

function cameraOf(camera: CameraSource): CameraHost {
  switch (camera.source) {
    case "rpicam": {
      const { source: _named, framesPerSecond: fps, ...settings } = camera;
      return createProcessCamera(rpicamVid({ ...settings, fps }));
    }
    case "v4l2": {
      const { source: _named, framesPerSecond: fps, ...settings } = camera;
      return createProcessCamera(ffmpegV4l2({ ...settings, fps }));
    }
    case "command": {
      const { command, args, width, height } = camera;
      const geometry = { width, height, stride: width, layout: "gray8" as const };
      return createProcessCamera({ command, args, geometry });
    }
  }
}
