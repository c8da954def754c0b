/** The devices of a unit, as its configuration file names them. */
import { z } from "zod";
import { numberFrom, section, text, wholeFrom } from "./values.ts";

const path = (): z.ZodString => text(4_096);
const line = (): z.ZodNumber => wholeFrom(0, 53).describe("BCM number");

const input = z.union([
  line().transform((number) => ({ line: number, activeLow: true, debounceMs: 30 })),
  z.strictObject({
    line: line(),
    activeLow: z.boolean().default(true).describe("pulled up, closed to ground"),
    debounceMs: wholeFrom(0, 1_000).default(30).describe("a level counts once it has held so long"),
  }),
]);

const framesPerSecond = (): z.ZodDefault<z.ZodNumber> => wholeFrom(5, 60).default(15);
const height = (): z.ZodDefault<z.ZodNumber> => wholeFrom(240, 1_080).default(720);

const camera = z.discriminatedUnion("source", [
  z.strictObject({
    source: z.literal("rpicam").describe("a Raspberry Pi camera, by rpicam-vid"),
    width: z
      .number()
      .int()
      .min(256)
      .max(1_920)
      .multipleOf(128, "expected a multiple of 128: only those have no padding on any model")
      .default(1280),
    height: height(),
    framesPerSecond: framesPerSecond(),
    shutterUs: wholeFrom(20, 200_000)
      .exactOptional()
      .describe("exposure; short ones freeze a moving hand; automatic when absent"),
    focusM: numberFrom(0.05, 10)
      .exactOptional()
      .describe("fixed focus, for modules that have one to fix"),
  }),
  z.strictObject({
    source: z.literal("v4l2").describe("a USB camera, by ffmpeg"),
    device: path().default("/dev/video0"),
    width: wholeFrom(320, 1_920).default(1280),
    height: height(),
    framesPerSecond: framesPerSecond(),
    inputFormat: text(32).exactOptional().describe("as ffmpeg names it; yuyv422 when absent"),
  }),
  z.strictObject({
    source: z.literal("command").describe("any program that writes grey frames to its output"),
    command: path(),
    args: z.array(z.string()).default([]),
    width: wholeFrom(64, 4_096),
    height: wholeFrom(64, 4_096),
  }),
]);

const transformRow = z.strictObject({
  fromAmbientC: numberFrom(-40, 60).describe("this row serves air from here up to the next row"),
  offsetK: numberFrom(-3, 3).describe("added to the skin's temperature"),
  slopePerK: numberFrom(-1, 1).describe("added for each kelvin the air is above `fromAmbientC`"),
});

const thermometer = z.strictObject({
  bus: wholeFrom(0, 31).default(1).describe("the number in /dev/i2c-N"),
  address: wholeFrom(3, 0x77).default(0x5a),
  intervalMs: wholeFrom(50, 2_000).default(100).describe("time between two looks"),
  transform: z
    .array(transformRow)
    .max(50, "expected at most 50 rows")
    .default([])
    .describe("the site's own calibration, in rising order; empty: skin temperature as it is")
    .superRefine((rows, context) => {
      for (const [index, row] of rows.entries()) {
        const before = rows[index - 1];
        if (before === undefined || before.fromAmbientC < row.fromAmbientC) continue;
        const message = `expected more than ${before.fromAmbientC}, where the row before begins`;
        context.addIssue({ code: "custom", path: [index, "fromAmbientC"], message });
      }
    }),
});

const gate = section({
  line: line().default(17),
  file: path().optional().describe("a file that stands for the line, for trials without one"),
  activeLow: z.boolean().default(false),
  maximumMs: wholeFrom(1_000, 30_000)
    .default(10_000)
    .describe("the longest one release can last, kept by the guard process"),
});

const panel = z.strictObject({
  path: path()
    .exactOptional()
    .describe("serial port of an Arduino with Firmata; the numbers are then its pins"),
  baudRate: wholeFrom(9_600, 1_000_000)
    .exactOptional()
    .describe("what its sketch was built with; 57600 when absent"),
  red: line().default(5),
  yellow: line().default(6),
  green: line().default(13),
  buzzer: line().default(19),
});

/** A device that is not named is not there. The gate always is. */
export const devices = z
  .strictObject({
    camera: camera.optional(),
    cardReader: z
      .strictObject({
        path: path()
          .default("/dev/ttyUSB0")
          .describe("better one of /dev/serial/by-id, which does not change"),
        pollMs: wholeFrom(50, 5_000).default(150).describe("pause between two looks for a card"),
      })
      .optional()
      .describe("resident card reader, SDT/SAM-V on a serial port"),
    thermometer: thermometer.optional().describe("MLX90614 on the I2C bus"),
    gate,
    panel: panel.optional().describe("three lights and a buzzer"),
    contacts: z
      .strictObject({
        "door-open": input.optional(),
        "exit-request": input.optional(),
        fire: input.optional(),
        tamper: input.optional(),
      })
      .optional()
      .describe("each a BCM number, or with its details"),
  })
  .prefault({})
  .describe("a device that is not named is not there");

/** A line of the header can serve one thing only. */
export function lineProblems(
  config: z.output<typeof devices>,
): { path: string[]; message: string }[] {
  const { gate: lock, panel: lights, contacts } = config;
  const uses: { path: string[]; line: number }[] = [];
  if (lock.file === undefined) uses.push({ path: ["gate", "line"], line: lock.line });
  if (lights !== undefined && lights.path === undefined) {
    for (const lamp of ["red", "yellow", "green", "buzzer"] as const) {
      uses.push({ path: ["panel", lamp], line: lights[lamp] });
    }
  }
  for (const [name, contact] of Object.entries(contacts ?? {})) {
    if (contact !== undefined) uses.push({ path: ["contacts", name], line: contact.line });
  }
  const owners = new Map<number, string>();
  return uses.flatMap((use) => {
    const owner = owners.get(use.line);
    if (owner === undefined) {
      owners.set(use.line, use.path.join("."));
      return [];
    }
    return [{ path: use.path, message: `line ${use.line} is devices.${owner} already` }];
  });
}
