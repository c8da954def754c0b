/** Registers the resident card reader: SDT/SAM-V on a serial port. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import { path, wholeFrom } from "../../../settings.ts";
import { startAndStop } from "../../support/startup-check.ts";

const summary = "resident card reader, SDT/SAM-V on a serial port";

const schema = z.strictObject({
  driver: driverKey("sdt", summary, true),
  path: path()
    .default("/dev/ttyUSB0")
    .describe("better one of /dev/serial/by-id, which does not change"),
  pollMs: wholeFrom(50, 5_000).default(150).describe("pause between two searches for a card"),
});

const load = async (): Promise<Factory<"card-reader", z.output<typeof schema>>> => {
  const { createSdtReader } = await import("./reader.ts");
  return ({ path: port, pollMs }, { buses, clock }) =>
    createSdtReader({ host: buses.serial(port), clock, pollMs });
};

export const sdt = defineDriver({
  kind: "card-reader",
  name: "sdt",
  summary,
  schema,
  chip: "sam-v",
  wiring: [
    {
      what: "ID card reader (SDT/SAM-V with a serial port)",
      connectsTo: "USB serial adapter",
      notes: "115200 8N1; other rates are found",
    },
  ],
  uses: (settings) => [{ bus: "serial", path: settings.path, setting: "path" }],
  load,
  checks: (settings, context) => [
    {
      what: "card reader",
      run: async () =>
        startAndStop((await load())(settings, context), context.clock, settings.path),
      fix: () =>
        `check plug and power, that ${settings.path} exists, and that the unit is in group dialout`,
    },
  ],
});
