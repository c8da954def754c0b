/** Devices that hang instead of failing: the alarm comes first, and closing has an end. */
import { afterEach, describe, expect, it } from "vitest";
import type { CameraConnection, CameraHost } from "../../hal/bus/frames.ts";
import type { SerialConnection } from "../../hal/bus/serial.ts";
import type { SmBus } from "../../hal/bus/smbus.ts";
import type { DeviceHealth } from "../../hal/devices.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { createCodeReader } from "../../hal/drivers/code-reader/camera/reader.ts";
import { createMlx90614, MLX90614_ADDRESS } from "../../hal/drivers/thermometer/mlx90614/chip.ts";
import { createThermometer } from "../../hal/drivers/thermometer/thermometer.ts";
import { createSdtReader } from "../../hal/drivers/card-reader/sdt/reader.ts";
import type { PromisifiedBus } from "i2c-bus";
import { createProcessCamera } from "../../hal/linux/camera/camera.ts";
import { createLinuxSmBus } from "../../hal/linux/smbus.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";

const never = (): Promise<never> => new Promise<never>(() => {});
const failures = (health: readonly DeviceHealth[]): string[] =>
  health.flatMap((each) => (each.state === "failed" ? [each.kind] : []));

describe("the alarm of a device that hangs", () => {
  it("comes from a camera that gives no frames and cannot be closed", async () => {
    const clock = new VirtualClock(0);
    const connection: CameraConnection = {
      geometry: { width: 64, height: 64, stride: 64, layout: "gray8" },
      onData: () => {},
      onClose: () => {},
      control: never,
      close: never,
    };
    const camera: CameraHost = { name: "camera", open: async () => connection };
    const engine: DecodeEngine = {
      ready: async () => {},
      decode: never,
      onLateResult: () => {},
      close: async () => {},
    };
    const health: DeviceHealth[] = [];
    const reader = createCodeReader({ camera, engine, clock });
    reader.onHealth((state) => health.push(state));
    await reader.start();
    await clock.run(10_000);
    expect(failures(health)).toContain("timeout");
  });

  it("comes from a thermometer whose transaction never returns, while it measures", async () => {
    const clock = new VirtualClock(0);
    const bus: SmBus = {
      name: "bus",
      readBlock: never,
      writeBlock: never,
      readWord: never,
      readByte: never,
      writeThenRead: never,
      close: never,
    };
    const health: DeviceHealth[] = [];
    const told: string[] = [];
    const thermometer = createThermometer({
      open: async () => createMlx90614(bus, MLX90614_ADDRESS),
      clock,
    });
    thermometer.onHealth((state) => health.push(state));
    thermometer.onFailure((failure) => told.push(failure));
    await thermometer.start();
    await clock.run(10_000);
    expect(failures(health)).toEqual(["timeout"]);
    thermometer.measureAgain();
    expect(told).toEqual(["sensor-fault"]);
  });

  it("comes from a card reader whose line takes no bytes", async () => {
    const clock = new VirtualClock(0);
    const line: SerialConnection = {
      path: "line",
      write: never,
      setBaudRate: never,
      onData: () => {},
      onClose: () => {},
      close: never,
    };
    const health: DeviceHealth[] = [];
    const host = { path: "line", open: async () => line };
    const reader = createSdtReader({ host, clock });
    reader.onHealth((state) => health.push(state));
    await reader.start();
    await clock.run(20_000);
    expect(failures(health)).toContain("timeout");
  });
});

describe("closing on Linux", () => {
  const cleanUp: (() => void)[] = [];
  afterEach(() => {
    for (const each of cleanUp.splice(0)) each();
  });

  it("leaves a hung transaction behind, and opens the bus again once it has returned", async () => {
    let answer: (value: number) => void = () => {};
    let opened = 0;
    let closed = 0;
    const native = (): PromisifiedBus => ({
      readI2cBlock: never,
      writeI2cBlock: never,
      sendByte: never,
      readByte: never,
      readWord: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      close: async () => {
        closed += 1;
      },
    });
    const host = createLinuxSmBus({
      bus: 1,
      device: "/dev/null",
      load: async () => ({
        openPromisified: async () => {
          opened += 1;
          return native();
        },
      }),
    });
    const bus = await host.open();
    const word = bus.readWord(0x5a, 7);
    await bus.close();
    await expect(host.open()).rejects.toMatchObject({
      kind: "busy",
      message: expect.stringContaining("has not returned"),
    });
    expect({ opened, closed }).toEqual({ opened: 1, closed: 0 });
    answer(5);
    expect(await word).toBe(5);
    await expect.poll(() => closed).toBe(1);
    const again = await host.open();
    await again.close();
    expect({ opened, closed }).toEqual({ opened: 2, closed: 2 });
  });

  it("ends with a camera program whose helper keeps its output open", async () => {
    // The helper leaves the process group, so that ending the group does not reach it.
    const script = 'setsid sleep 60 >&2 & echo "$!" >&2; exec cat /dev/zero';
    let helper = 0;
    cleanUp.push(() => process.kill(helper));
    const camera = createProcessCamera({
      command: "/bin/sh",
      args: ["-c", script],
      geometry: (said) => {
        helper = Number(said.trim());
        return helper === 0 ? undefined : { width: 64, height: 64, stride: 64, layout: "gray8" };
      },
      endMs: 100,
    });
    const connection = await camera.open();
    const closings: (Error | undefined)[] = [];
    connection.onData(() => {});
    connection.onClose((error) => closings.push(error));
    await connection.close();
    expect(closings).toEqual([undefined]);
    process.kill(helper, 0);
    // The program itself has ended: the camera may be tried again.
    const again = await camera.open();
    await again.close();
  });
});
