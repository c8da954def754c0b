/** The devices of a real unit: the drivers on the buses of this machine, as its configuration says. */
import type { CameraHost } from "../../hal/bus/frames.ts";
import type { GpioHost } from "../../hal/bus/gpio.ts";
import type { Clock } from "../../hal/clock.ts";
import type { Contact, Panel } from "../../hal/devices.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { createCodeReader } from "../../hal/drivers/code-reader/camera/reader.ts";
import { createDoorContacts } from "../../hal/drivers/contacts/gpio/door-contacts.ts";
import { createGate } from "../../hal/drivers/gate/guarded-line/gate.ts";
import { createMlx90614 } from "../../hal/drivers/thermometer/mlx90614/mlx90614.ts";
import { createSdtReader } from "../../hal/drivers/card-reader/sdt/reader.ts";
import { ffmpegV4l2, rpicamVid } from "../../hal/linux/camera/camera-programs.ts";
import { createProcessCamera } from "../../hal/linux/camera/camera.ts";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";
import type { GuardLineSpec } from "../../hal/linux/guard/guard-line.ts";
import { createLinuxGpio } from "../../hal/linux/gpio.ts";
import { createLinuxSerial } from "../../hal/linux/serial.ts";
import { createLinuxSmBus } from "../../hal/linux/smbus.ts";
import type { UnitConfig } from "../config/unit.ts";
import { CREDENTIAL_SHAPES } from "../credential/shapes.ts";
import type { Devices } from "../gateway/sensing.ts";

type DeviceConfig = UnitConfig["devices"];

/** The camera of the configuration. */
export function cameraOf(camera: NonNullable<DeviceConfig["camera"]>): CameraHost {
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

/** The gate's line of the configuration. */
export function gateLineOf(gate: DeviceConfig["gate"]): GuardLineSpec {
  return gate.file === undefined
    ? { kind: "gpio", line: gate.line, activeLow: gate.activeLow }
    : { kind: "file", path: gate.file };
}

/** Makes the drivers; nothing is opened before they are started. */
export async function devicesOf(
  config: DeviceConfig,
  clock: Clock,
  engine: DecodeEngine,
): Promise<Devices> {
  const { maximumMs } = config.gate;
  const line = gateLineOf(config.gate);
  const gpio = createLinuxGpio();
  const devices: Devices = {
    gate: createGate({ line: () => createGuardedLine({ line, maximumMs }), clock, maximumMs }),
  };
  if (config.camera !== undefined) {
    devices.codeReaders = [
      createCodeReader({
        camera: cameraOf(config.camera),
        engine,
        clock,
        wanted: CREDENTIAL_SHAPES,
      }),
    ];
  }
  if (config.cardReader !== undefined) {
    const { path, pollMs } = config.cardReader;
    devices.cardReaders = [createSdtReader({ host: createLinuxSerial({ path }), clock, pollMs })];
  }
  if (config.thermometer !== undefined) {
    const { bus, ...settings } = config.thermometer;
    devices.thermometer = createMlx90614({ host: createLinuxSmBus({ bus }), clock, ...settings });
  }
  if (config.panel !== undefined) {
    devices.panel = await panelOf(config.panel, gpio, clock);
  }
  if (config.contacts !== undefined) {
    const wired = Object.entries(config.contacts).filter(([, contact]) => contact !== undefined);
    const lines = Object.fromEntries(wired) as Partial<
      Record<Contact, { line: number; activeLow: boolean; debounceMs: number }>
    >;
    devices.doorContacts = createDoorContacts({ gpio, clock, lines });
  }
  return devices;
}

// johnny-five is loaded only where there is a panel: it is 5 MB of a unit's memory.
async function panelOf(
  panel: NonNullable<DeviceConfig["panel"]>,
  gpio: GpioHost,
  clock: Clock,
): Promise<Panel> {
  const { path, baudRate, ...lines } = panel;
  if (path === undefined) {
    const { createPanel } = await import("../../hal/drivers/panel/gpio/gpio-panel.ts");
    return createPanel({ gpio, clock, lines });
  }
  const { createFirmataPanel } = await import("../../hal/drivers/panel/firmata/firmata-panel.ts");
  const speed = baudRate === undefined ? {} : { baudRate };
  return createFirmataPanel({ host: createLinuxSerial({ path }), clock, pins: lines, ...speed });
}
