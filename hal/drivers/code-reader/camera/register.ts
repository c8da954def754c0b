/** Registers the camera as a code reader: its frames are decoded by this machine. */
import { z } from "zod";
import { defineDriver, driverKey, type DriverContext, type Factory } from "../../../driver.ts";
import type { CameraSource } from "../../../bus/buses.ts";
import { numberFrom, path, text, wholeFrom } from "../../../settings.ts";
import { startAndStop } from "../../support/startup-check.ts";
import type { DecodeEngine } from "../engine/engine.ts";
import type { Luminance } from "../image/image.ts";

const summary = "a camera, whose frames this machine decodes";
const driver = driverKey("camera", summary, true);

const framesPerSecond = (): z.ZodDefault<z.ZodNumber> => wholeFrom(5, 60).default(15);
const height = (): z.ZodDefault<z.ZodNumber> => wholeFrom(240, 1_080).default(720);

const schema = z.discriminatedUnion("source", [
  z.strictObject({
    driver,
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
    driver,
    source: z.literal("v4l2").describe("a USB camera, by ffmpeg"),
    device: path().default("/dev/video0"),
    width: wholeFrom(320, 1_920).default(1280),
    height: height(),
    framesPerSecond: framesPerSecond(),
    inputFormat: text(32).exactOptional().describe("as ffmpeg names it; yuyv422 when absent"),
  }),
  z.strictObject({
    driver,
    source: z.literal("command").describe("any program that writes grey frames to its output"),
    command: path(),
    args: z.array(z.string()).default([]),
    width: wholeFrom(64, 4_096),
    height: wholeFrom(64, 4_096),
  }),
]);

type Settings = z.output<typeof schema>;

async function load(): Promise<Factory<"code-reader", Settings>> {
  const { createCodeReader } = await import("./reader.ts");
  return ({ driver: _named, ...source }, { buses, clock, decoding: { engine, wanted } }) =>
    createCodeReader({ camera: buses.camera(source), clock, engine, wanted });
}

/** Whether the camera gives frames is seen without a decoder. */
const NO_DECODER: DecodeEngine = {
  ready: () => Promise.resolve(),
  decode: () => Promise.resolve({ codes: [] }),
  onLateResult() {},
  close: () => Promise.resolve(),
};

export const camera = defineDriver({
  kind: "code-reader",
  name: "camera",
  summary,
  schema,
  // The decoders follow one stream of frames.
  most: 1,
  wiring: [
    {
      what: "camera",
      connectsTo: "CSI connector, or USB",
      notes: "lens 12 to 25 cm from where a phone is held",
    },
  ],
  uses: ({ source }) => [{ bus: "camera", source, setting: "source" }],
  load,
  checks(settings, context) {
    let picture: Luminance | undefined;
    return [
      {
        what: "camera",
        async run() {
          const decoding = { ...context.decoding, engine: NO_DECODER };
          const reader = (await load())(settings, { ...context, decoding });
          return startAndStop(reader, context.clock, settings.source, () => {
            picture = reader.snapshot();
          });
        },
        fix: (detail) => cameraFix(settings.source, detail),
      },
      {
        what: "code reader",
        run: () => decodeSpeedOf(picture, settings, context),
        fix: () =>
          "fix the camera first; where reading is slow, give it a smaller picture (width, height)",
      },
    ];
  },
});

/** How to get the program of a camera, or what else to check. */
export function cameraFix(source: CameraSource["source"], detail: string): string {
  if (/spawn .* ENOENT/.test(detail)) {
    switch (source) {
      case "rpicam":
        return "the camera's program is missing: sudo apt-get install rpicam-apps-lite (Raspberry Pi OS)";
      case "v4l2":
        return "the camera's program is missing: sudo apt-get install ffmpeg";
      case "command":
        return "the camera's program is missing: install it, or correct devices.camera.command";
    }
  }
  if (/blank/.test(detail)) return "take the lens cover off, or give the doorway light";
  return "check the ribbon or the USB plug, and that rpicam-hello or v4l2-ctl sees the camera";
}

const LEAST_FRAMES_A_SECOND = 5;

async function decodeSpeedOf(
  picture: Luminance | undefined,
  settings: Settings,
  { clock, decoding }: DriverContext,
): Promise<string> {
  if (picture === undefined) throw new Error("there is no picture of the camera to try it on");
  const { measureDecodeSpeed } = await import("../engine/decode-speed.ts");
  const { decoder, attemptMs, furtherMs } = await measureDecodeSpeed(picture, clock);
  const size = `${picture.width}×${picture.height}`;
  const possible = 1_000 / attemptMs;
  const taken = `one frame of ${size} takes ${attemptMs.toFixed(1)} ms (${decoder})`;
  if (possible < LEAST_FRAMES_A_SECOND) {
    throw new Error(`${taken}: ${possible.toFixed(1)} frames a second are too few`);
  }
  const all = `every further attempt at one that is hard to read ${furtherMs.toFixed(0)} ms`;
  if (!("framesPerSecond" in settings)) {
    return `${taken}, ${all}; up to ${possible.toFixed(0)} frames a second can be decoded`;
  }
  const frames = Math.min(possible, settings.framesPerSecond);
  const core = (frames * attemptMs * (1 + decoding.share)) / 10;
  return `${taken}, ${all}; ${frames.toFixed(0)} frames a second of an empty doorway take about ${core.toFixed(0)} % of a processor core`;
}
