/** Registers the panel on the pins of an Arduino with Firmata. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import { path, wholeFrom } from "../../../settings.ts";
import { startAndStop } from "../../support/startup-check.ts";
import { lamps } from "../settings.ts";

const summary = "three lights and a buzzer on the pins of an Arduino with Firmata";

const schema = z.strictObject({
  driver: driverKey("firmata", summary, true),
  path: path().describe("serial port of the Arduino; the numbers are then its pins"),
  baudRate: wholeFrom(9_600, 1_000_000).default(57_600).describe("what its sketch was built with"),
  ...lamps,
});

async function load(): Promise<Factory<"panel", z.output<typeof schema>>> {
  const { createFirmataPanel } = await import("./firmata-panel.ts");
  return ({ path: port, baudRate, red, yellow, green, buzzer }, { buses, clock }) => {
    const pins = { red, yellow, green, buzzer };
    return createFirmataPanel({ host: buses.serial(port), clock, pins, baudRate });
  };
}

export const firmataPanel = defineDriver({
  kind: "panel",
  name: "firmata",
  summary,
  schema,
  impliedBy: ["path", "baudRate"],
  chip: "firmata",
  wiring: [],
  uses: (settings) => [{ bus: "serial", path: settings.path, setting: "path" }],
  load,
  checks: (settings, context) => [
    {
      what: "panel",
      run: async () =>
        startAndStop((await load())(settings, context), context.clock, "lights and buzzer answer"),
      fix: () =>
        `check plug and power, that ${settings.path} exists, that the unit is in group dialout, and the Arduino's sketch`,
    },
  ],
});
