/** Registers the panel on lines of the board's header. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import { LINE_FIX, startAndStop } from "../../support/startup-check.ts";
import { lamps } from "../settings.ts";

const summary = "three lights and a buzzer on lines of the header";

const schema = z.strictObject({ driver: driverKey("gpio", summary, true), ...lamps });

// johnny-five is loaded only where there is a panel: it is 5 MB of a unit's memory.
async function load(): Promise<Factory<"panel", z.output<typeof schema>>> {
  const { createPanel } = await import("./gpio-panel.ts");
  return ({ red, yellow, green, buzzer }, { buses, clock }) =>
    createPanel({ gpio: buses.gpio, clock, lines: { red, yellow, green, buzzer } });
}

export const gpioPanel = defineDriver({
  kind: "panel",
  name: "gpio",
  summary,
  schema,
  wiring: [
    {
      what: "red, yellow, green light",
      connectsTo: "outputs",
      lines: [5, 6, 13],
      notes: "through a driver, 5 or 12 V",
    },
    { what: "buzzer (active)", connectsTo: "output", lines: [19] },
  ],
  uses: (settings) =>
    (["red", "yellow", "green", "buzzer"] as const).map((lamp) => ({
      bus: "gpio",
      line: settings[lamp],
      setting: lamp,
    })),
  load,
  checks: (settings, context) => [
    {
      what: "panel",
      run: async () =>
        startAndStop((await load())(settings, context), context.clock, "lights and buzzer answer"),
      fix: () => LINE_FIX,
    },
  ],
});
