/** The one output the guard owns, written synchronously: when it returns, the line has the level. */
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import type { Level } from "../../bus/gpio.ts";
import { BusError } from "../../bus/errors.ts";
import { toBusError } from "../errno.ts";
import type { LinuxGpioOptions, OnoffModule } from "../gpio.ts";
import { findGpioChip, kernelLine } from "../gpio-chip.ts";
import { loadNativeModule } from "../native-module.ts";

/** Which line: a GPIO line of the board's header, or a plain file that stands for one in trials. */
export type GuardLineSpec =
  | { kind: "gpio"; line: number; activeLow?: boolean }
  | { kind: "file"; path: string };

type NativeLine = InstanceType<OnoffModule["Gpio"]>;

export interface SyncLine {
  set(level: Level): void;
  close(): void;
}

export function nameOf(spec: GuardLineSpec): string {
  return spec.kind === "gpio" ? `gpio line ${spec.line}` : spec.path;
}

/** Takes the line and drives it to 0 without a glitch. @throws BusError when there is none */
export async function openGuardLine(
  spec: GuardLineSpec,
  board: LinuxGpioOptions = {},
): Promise<SyncLine> {
  try {
    return spec.kind === "gpio"
      ? await openGpioLine(spec.line, spec.activeLow ?? false, board)
      : openFileLine(spec.path);
  } catch (error) {
    throw toBusError(error, { bus: nameOf(spec), during: "taking the guarded line" });
  }
}

/** Drives the line to 0 once, whoever held it before. */
export async function lockLine(spec: GuardLineSpec, board?: LinuxGpioOptions): Promise<void> {
  const line = await openGuardLine(spec, board);
  line.close();
}

async function openGpioLine(
  line: number,
  activeLow: boolean,
  { root, labels, load = () => import("onoff") }: LinuxGpioOptions,
): Promise<SyncLine> {
  const number = kernelLine(await findGpioChip(root, labels), line);
  const { Gpio } = await loadNativeModule("onoff", load, {
    bus: `gpio line ${line}`,
    during: "taking the guarded line",
  });
  // The word is a voltage: 0 behind an active-low driver is the high one.
  const rest = activeLow ? "high" : "low";
  const gpio = takeAgain(Gpio, number, rest) ?? new Gpio(number, rest, "none", { activeLow });
  heldBy(Gpio).set(number, gpio);
  // onoff swallows what goes wrong on a line somebody had exported before, so ask.
  if (gpio.direction() !== "out") {
    throw new BusError("denied", {
      bus: `gpio line ${line}`,
      during: "taking the guarded line",
      detail: "the kernel keeps it an input; another driver may own it",
    });
  }
  gpio.writeSync(0);
  return {
    set: (level) => gpio.writeSync(level),
    // Not unexported: the pin must stay an output at 0, whoever comes next.
    close: () => gpio.writeSync(0),
  };
}

/** Lines this process took before. A line never given back keeps its file open: one is enough. */
const held = new WeakMap<OnoffModule["Gpio"], Map<number, NativeLine>>();

function heldBy(module: OnoffModule["Gpio"]): Map<number, NativeLine> {
  const lines = held.get(module) ?? new Map<number, NativeLine>();
  held.set(module, lines);
  return lines;
}

function takeAgain(
  module: OnoffModule["Gpio"],
  number: number,
  rest: "high" | "low",
): NativeLine | undefined {
  const line = heldBy(module).get(number);
  try {
    line?.setDirection(rest);
    line?.writeSync(0);
    return line;
  } catch {
    // Somebody else has given it back meanwhile: it is another file now.
    return undefined;
  }
}

function openFileLine(path: string): SyncLine {
  writeFileSync(path, "0");
  const set = (level: Level): void => {
    const file = openSync(path, "r+");
    try {
      writeSync(file, String(level), 0);
      if (fstatSync(file).size !== 1 || readFileSync(path, "utf8") !== String(level)) {
        throw new Error(`${path} did not take the level ${level}`);
      }
    } finally {
      closeSync(file);
    }
  };
  return { set, close: () => set(0) };
}
