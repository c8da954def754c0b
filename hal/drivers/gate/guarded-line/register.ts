/** Registers the gate: one line to the lock's relay, held by a guard process. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import type { GuardedLineSource } from "../../../bus/buses.ts";
import type { GuardedLine } from "../../../bus/gpio.ts";
import { headerLine, path, wholeFrom } from "../../../settings.ts";
import { LINE_FIX, startAndStop } from "../../support/startup-check.ts";

const summary = "a line to the lock's relay, held by a guard process";

const schema = z.strictObject({
  driver: driverKey("guarded-line", summary, true),
  line: headerLine().default(17),
  file: path().optional().describe("a file that stands for the line, for trials without one"),
  activeLow: z.boolean().default(false),
  maximumMs: wholeFrom(1_000, 30_000)
    .default(10_000)
    .describe("the longest one release can last, kept by the guard process"),
});

type Settings = z.output<typeof schema>;

const sourceOf = ({ file, line, activeLow }: Settings): GuardedLineSource =>
  file === undefined ? { kind: "gpio", line, activeLow } : { kind: "file", path: file };

async function load(): Promise<Factory<"gate", Settings>> {
  const { createGate } = await import("./gate.ts");
  return (settings, { buses, clock }) => {
    const { maximumMs } = settings;
    const line = (): Promise<GuardedLine> => buses.guardedLine(sourceOf(settings), maximumMs);
    return createGate({ line, clock, maximumMs });
  };
}

export const guardedLine = defineDriver({
  kind: "gate",
  name: "guarded-line",
  summary,
  schema,
  wiring: [
    {
      what: "lock relay (input of its driver)",
      connectsTo: "gate line",
      lines: [17],
      notes: "pull-down of 10 kΩ at the driver",
    },
  ],
  uses: ({ file, line }) => (file === undefined ? [{ bus: "gpio", line, setting: "line" }] : []),
  load,
  checks: (settings, context) => [
    {
      what: "gate line",
      run: async () =>
        startAndStop(
          (await load())(settings, context),
          context.clock,
          settings.file ?? `BCM ${settings.line}, locked`,
        ),
      fix: () => LINE_FIX,
    },
  ],
});
