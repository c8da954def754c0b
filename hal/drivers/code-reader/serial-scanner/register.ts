/** Registers code scanners that decode by themselves and send the text over a serial line. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import { path, text, wholeFrom } from "../../../settings.ts";
import { startAndStop } from "../../support/startup-check.ts";

const summary = "a code scanner that sends each text over a serial or USB serial line";

const schema = z.strictObject({
  driver: driverKey("serial-scanner", summary),
  path: path()
    .default("/dev/ttyACM0")
    .describe("better one of /dev/serial/by-id, which does not change"),
  baudRate: wholeFrom(1_200, 1_000_000)
    .default(9_600)
    .describe("as the module is set; over USB any will do"),
  terminator: z
    .enum(["line", "cr", "lf", "crlf", "tab", "silence"])
    .default("line")
    .describe("what the module sends behind a text; `line` is CR, LF or both"),
  silenceMs: wholeFrom(10, 1_000)
    .default(50)
    .describe("with `silence`: so long without a byte ends a text"),
  encoding: z
    .enum(["auto", "utf-8", "gb18030"])
    .default("auto")
    .describe("how the module writes what is not ASCII"),
  forgetAfterMs: wholeFrom(500, 30_000)
    .default(1_500)
    .describe("a code that was not read for so long counts as shown again"),
  openingCommand: text(400)
    .regex(/^(?:[0-9a-f]{2} ?)+$/i, "expected bytes as pairs of hexadecimal digits")
    .exactOptional()
    .describe(
      "bytes in hexadecimal, sent each time the line is opened, as the module's manual has them for reading continuously; absent: nothing is ever sent",
    ),
});

type Settings = z.output<typeof schema>;

async function load(): Promise<Factory<"code-reader", Settings>> {
  const { createSerialScanner } = await import("./scanner.ts");
  const { bytesOfHex } = await import("./opening-command.ts");
  return ({ driver: _named, path: port, openingCommand, ...settings }, context) =>
    createSerialScanner({
      ...settings,
      host: context.buses.serial(port),
      clock: context.clock,
      wanted: context.decoding.wanted,
      ...(openingCommand !== undefined && { openingCommand: bytesOfHex(openingCommand) }),
    });
}

export const serialScanner = defineDriver({
  kind: "code-reader",
  name: "serial-scanner",
  summary,
  schema,
  chip: "code-scanner",
  wiring: [
    {
      what: "code scanner with a serial port (UART, or USB in its serial mode)",
      connectsTo: "USB, or a USB serial adapter",
      notes: "set to continuous reading, QR codes, and CR LF behind each text; not as a keyboard",
    },
  ],
  uses: (settings) => [{ bus: "serial", path: settings.path, setting: "path" }],
  load,
  checks: (settings, context) => [
    {
      what: "code scanner",
      async run() {
        const found = `${settings.path} is open; what is wired to it shows when a code is read`;
        return startAndStop((await load())(settings, context), context.clock, found);
      },
      fix: () =>
        `check plug and power, that ${settings.path} exists and the module is in its serial mode, not a keyboard's, and that the unit is in group dialout`,
    },
  ],
});
