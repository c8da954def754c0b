/**
 * Drives the gate's relay line to 0 and ends. The service manager runs it whenever the unit has
 * stopped, for whatever reason: on a Raspberry Pi an output keeps its level when its process dies.
 *
 *   node lock-line.ts --gpio LINE [--active-low]
 *   node lock-line.ts --file PATH
 *
 * Exits 0 when the line is down, 1 when it could not be lowered, 2 on wrong usage.
 */
import { parseArgs } from "node:util";
import { lockLine, nameOf } from "./guard-line.ts";
import type { GuardLineSpec } from "./guard-line.ts";

function specOf(argv: readonly string[]): GuardLineSpec | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      gpio: { type: "string" },
      file: { type: "string" },
      "active-low": { type: "boolean", default: false },
    },
  });
  if (values.file !== undefined) return { kind: "file", path: values.file };
  if (values.gpio === undefined || !/^\d{1,3}$/.test(values.gpio)) return undefined;
  return { kind: "gpio", line: Number(values.gpio), activeLow: values["active-low"] };
}

const usage = "usage: lock-line (--gpio LINE [--active-low] | --file PATH)";
try {
  const spec = specOf(process.argv.slice(2));
  if (spec === undefined) {
    console.error(usage);
    process.exitCode = 2;
  } else {
    try {
      await lockLine(spec);
      console.log(`${nameOf(spec)} is locked`);
    } catch (error) {
      console.error(`could not lock: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
