/** The kernel's drivers under each contract suite, and hands on their far side. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createProcessCamera } from "../../hal/linux/camera/camera.ts";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";
import { createLinuxGpio } from "../../hal/linux/gpio.ts";
import { createLinuxSerial } from "../../hal/linux/serial.ts";
import { createLinuxSmBus } from "../../hal/linux/smbus.ts";
import type { Level } from "../../hal/bus/gpio.ts";
import { framesContract } from "../contract/frames.contract.ts";
import { gpioContract } from "../contract/gpio.contract.ts";
import { CONTRACT_MAXIMUM_MS, guardedLineContract } from "../contract/guarded-line.contract.ts";
import { serialContract } from "../contract/serial.contract.ts";
import { smBusContract } from "../contract/smbus.contract.ts";
import { openFarEnd } from "../support/far-end.ts";
import { describe, expect, it } from "./vitest-face.ts";
import { StubRegisters } from "./stub-registers.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Another program's start takes ten seconds here when the host is busy. */
const PATIENCE_MS = 50_000;

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error("the condition did not come to hold");
    await sleep(5);
  }
}

/** What the chip's driver shows of a line, and takes as a voltage from outside. */
const wire = (line: number): string => `/sys/kernel/debug/gpio-mockup/gpiochip0/${line}`;
const voltage = (line: number): Level => (readFileSync(wire(line), "utf8").trim() === "1" ? 1 : 0);
const TRACE = "/sys/kernel/debug/tracing/trace";
const FIRST_LINE = 512;

/** Every level the kernel put on a line since the trace was emptied, without repeats. */
function history(line: number, before: Level): Level[] {
  const set = new RegExp(`gpio_value: ${FIRST_LINE + line} set (\\d)`, "g");
  const levels = [...readFileSync(TRACE, "utf8").matchAll(set)].map(([, level]): Level =>
    level === "1" ? 1 : 0,
  );
  return levels.filter((level, index) => level !== (levels[index - 1] ?? before));
}

/** The machine is emulated: what a suite calls 10 ms takes longer to be noticed here. */
const SLOWER = 30;

gpioContract("sysfs and gpio-mockup", () => {
  for (const line of [17, 23]) writeFileSync(wire(line), "0");
  writeFileSync(TRACE, "");
  return {
    host: createLinuxGpio(),
    drive: (line, level) => writeFileSync(wire(line), String(level)),
    voltage,
    history: (line) => history(line, 0),
    pass: (ms) => sleep(ms * SLOWER),
  };
});

const stub = readdirSync("/sys/bus/i2c/devices")
  .filter((name) => name.startsWith("i2c-"))
  .find((name) =>
    readFileSync(`/sys/bus/i2c/devices/${name}/name`, "utf8").startsWith("SMBus stub"),
  );
const bus = Number(stub?.slice("i2c-".length) ?? NaN);

smBusContract("i2c-dev and i2c-stub", () => {
  const device = `/dev/i2c-${bus}`;
  const registers = new StubRegisters(bus, 0x5a);
  let pulled = false;
  const cannot = (): never => {
    throw new Error("i2c-stub cannot do that");
  };
  return {
    host: createLinuxSmBus({ bus }),
    address: 0x5a,
    registers,
    pullChip: cannot,
    holdClockLine: cannot,
    pullAdapter: () => {
      renameSync(device, `${device}.away`);
      pulled = true;
    },
    settle: (work) => work,
    dispose: () => {
      registers.close();
      if (pulled) renameSync(`${device}.away`, device);
    },
  };
});

// The machine's second and third serial port are joined outside.
serialContract("two UARTs of the board", async () => {
  const received: number[] = [];
  const far = await openFarEnd("/dev/ttyS2", (bytes) => received.push(...bytes));
  const cannot = (): Promise<never> => Promise.reject(new Error("a UART cannot be unplugged"));
  return {
    host: createLinuxSerial({ path: "/dev/ttyS1" }),
    send: (bytes) => far.send(bytes),
    received: () => [...received],
    unplug: cannot,
    replug: cannot,
    until,
    dispose: () => far.close(),
  };
});

const VIDEO = { width: 320, height: 180, stride: 320, layout: "gray8" } as const;
const eye = readdirSync("/sys/class/video4linux").find((name) =>
  readFileSync(`/sys/class/video4linux/${name}/name`, "utf8").includes("vid-cap"),
);
const camera = () =>
  createProcessCamera({
    command: "v4l2-ctl",
    args: [
      "--device",
      `/dev/${eye}`,
      `--set-fmt-video=width=${VIDEO.width},height=${VIDEO.height},pixelformat=GREY`,
      "--set-parm=15",
      "--stream-mmap",
      "--stream-to=-",
    ],
    geometry: VIDEO,
    startMs: 30_000,
  });

framesContract("V4L2 and vivid", async () => {
  const cannot = (): Promise<never> => Promise.reject(new Error("vivid cannot be unplugged"));
  return { host: camera(), unplug: cannot, replug: cannot, until, dispose: async () => {} };
});

describe("a camera: V4L2 and vivid", () => {
  it("gives whole frames, each another picture than the one before", async () => {
    const connection = await camera().open();
    const size = VIDEO.stride * VIDEO.height;
    let bytes = Buffer.alloc(0);
    connection.onData((chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
    await until(() => bytes.length >= 4 * size);
    await connection.close();
    const frames = [0, 1, 2, 3].map((at) => bytes.subarray(at * size, (at + 1) * size));
    const different = frames
      .slice(1)
      .map((frame, at) => Buffer.compare(frame, frames[at] ?? frame));
    expect(different.filter((order) => order === 0)).toHaveLength(0);
  });
});

describe("the gate's line on gpio-mockup", () => {
  it("falls by itself after its unit was killed, within its maximum and 250 ms", async () => {
    const program = fileURLToPath(new URL("releases-and-waits.ts", import.meta.url));
    const unit = spawn(process.execPath, [program, String(CONTRACT_MAXIMUM_MS)], {
      stdio: "inherit",
    });
    await until(() => voltage(17) === 1);
    const raisedAtMs = performance.now();
    unit.kill("SIGKILL");
    await once(unit, "exit");
    await until(() => voltage(17) === 0);
    expect(performance.now() - raisedAtMs).toBeLessThanOrEqual(CONTRACT_MAXIMUM_MS + 250);
  });
});

guardedLineContract("guard process on gpio-mockup", async () => {
  const guard = await createGuardedLine({
    line: { kind: "gpio", line: 17 },
    maximumMs: CONTRACT_MAXIMUM_MS,
    startMs: 60_000,
  });
  return {
    line: guard,
    level: () => voltage(17),
    killGuard: () => process.kill(guard.guardPid, "SIGKILL"),
    hangGuard: () => process.kill(guard.guardPid, "SIGSTOP"),
    pass: sleep,
    dispose: () => guard.close(),
  };
});
