/** The buses of one machine, by what its configuration calls them: a driver takes the ones it needs. */
import type { CameraHost } from "./frames.ts";
import type { GpioHost, GuardedLine } from "./gpio.ts";
import type { SerialHost } from "./serial.ts";
import type { SmBusHost } from "./smbus.ts";

/** Where a camera's frames come from. */
export type CameraSource =
  | {
      source: "rpicam";
      width: number;
      height: number;
      framesPerSecond: number;
      shutterUs?: number;
      focusM?: number;
    }
  | {
      source: "v4l2";
      device: string;
      width: number;
      height: number;
      framesPerSecond: number;
      inputFormat?: string;
    }
  | { source: "command"; command: string; args: string[]; width: number; height: number };

/** Which line a guard holds. */
export type GuardedLineSource =
  | { kind: "gpio"; line: number; activeLow: boolean }
  | { kind: "file"; path: string };

/** A real machine's buses, or a simulated one's. Nothing is opened before a driver opens it. */
export interface Buses {
  /** The GPIO lines of the board's header. */
  readonly gpio: GpioHost;
  /** @param path of the port, e.g. `/dev/ttyUSB0` */
  serial(path: string): SerialHost;
  /** @param bus the number in `/dev/i2c-N` */
  twoWire(bus: number): SmBusHost;
  camera(source: CameraSource): CameraHost;
  /** Starts a guard for the line; rejects where there is no such line. */
  guardedLine(source: GuardedLineSource, maximumMs: number): Promise<GuardedLine>;
}

/** A place on the machine that a device takes, by the settings that name it. */
export type BusUse =
  | { bus: "serial"; path: string; setting: string }
  | { bus: "two-wire"; number: number; address: number; setting: string }
  | { bus: "gpio"; line: number; setting: string }
  | { bus: "camera"; source: string; setting: string };
