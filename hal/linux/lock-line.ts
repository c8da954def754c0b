/**
 * Drives the gate's relay line to 0 and ends. The service manager runs it whenever the unit has
 * stopped, for whatever reason: on a Raspberry Pi an output keeps its level when its process dies.
 *
 *   node lock-line.ts --config FILE               the unit's own: devices.gate
 *   node lock-line.ts --gpio LINE [--active-low]
 *   node lock-line.ts --file PATH                 a file that stands for a line, in trials
 *
 * Exits 0 when the line is down, 1 when it could not be lowered, 2 on wrong usage.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { lockLine, nameOf } from "./guard/guard-line.ts";
import type { GuardLineSpec } from "./guard/guard-line.ts";

/** As docs/installers/wiring.md has it. */
const DEFAULT_LINE = 17;

function specOf(argv: readonly string[]): GuardLineSpec | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: "string" },
      gpio: { type: "string" },
      file: { type: "string" },
      "active-low": { type: "boolean", default: false },
    },
  });
  if (values.config !== undefined) return configured(values.config);
  if (values.file !== undefined) return { kind: "file", path: values.file };
  if (values.gpio === undefined || !/^\d{1,3}$/.test(values.gpio)) return undefined;
  return { kind: "gpio", line: Number(values.gpio), activeLow: values["active-low"] };
}

/** Only what is needed: a config that is wrong elsewhere must not keep the gate open. */
function configured(path: string): GuardLineSpec {
  const config = parse(readFileSync(path, "utf8")) as {
    devices?: { gate?: { line?: unknown; file?: unknown; activeLow?: unknown } | null } | null;
  } | null;
  const gate = config?.devices?.gate ?? {};
  if (typeof gate.file === "string") return { kind: "file", path: gate.file };
  // The configuration's own default, for a file that does not name the line.
  const line = gate.line ?? DEFAULT_LINE;
  if (typeof line !== "number") throw new Error(`${path} has no number at devices.gate.line`);
  return { kind: "gpio", line, activeLow: gate.activeLow === true };
}

const usage = "usage: lock-line (--config FILE | --gpio LINE [--active-low] | --file PATH)";
try {
  const spec = specOf(process.argv.slice(2));
  if (spec === undefined) {
    console.error(usage);
    process.exitCode = 2;
  } else {
    try {
      // Made here it would be root's, and the unit could not open its own gate.
      if (spec.kind === "file" && existsSync(dirname(spec.path)) && !existsSync(spec.path)) {
        console.log(`there is no ${spec.path}, so nothing is up`);
      } else {
        await lockLine(spec);
        console.log(`${nameOf(spec)} is locked`);
      }
    } catch (error) {
      console.error(
        `could not lock ${nameOf(spec)}: ${error instanceof Error ? error.message : String(error)}`,
      );
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
