/** How the usual camera programs are called, and how their frames lie. */
import { frameBytes } from "../../bus/frames.ts";
import type { FrameGeometry } from "../../bus/frames.ts";
import type { ProcessCameraOptions } from "./camera.ts";
import { createV4l2Exposure, openVideoControls } from "./v4l2-exposure.ts";

export interface RpicamOptions {
  width: number;
  height: number;
  fps: number;
  /** Exposure in microseconds; short ones freeze a moving hand. Automatic when absent. */
  shutterUs?: number;
  /** Focus fixed at this distance, for modules that can (Camera Module 3). */
  focusM?: number;
  /** Anything else the camera at this door needs. */
  extraArgs?: readonly string[];
}

// The Raspberry Pi's camera pads rows to 64 bytes (up to Pi 4) or 128 (Pi 5, where newer kernels
// differ again), and says nowhere in the stream to which. Only where a width is a multiple of 128
// all of them agree that there is no padding (rpicam-apps #188, picamera2 #1182, linux #6985).
const UNPADDED_MULTIPLE = 128;

/**
 * A Raspberry Pi camera by `rpicam-vid`, YUV 4:2:0. At verbosity 2 the program tells the size of its
 * buffers, from which the padding follows: another width than a multiple of 128 is accepted only
 * when it did, and frames of a size that cannot be are refused.
 */
export function rpicamVid(options: RpicamOptions): ProcessCameraOptions {
  const { width, height, fps, shutterUs, focusM, extraArgs = [] } = options;
  const args = [
    ..."-t 0 -n --codec yuv420 --flush -v 2".split(" "),
    ...`--width ${width} --height ${height} --framerate ${fps}`.split(" "),
    ...(shutterUs === undefined ? [] : ["--shutter", `${shutterUs}`]),
    ...(focusM === undefined
      ? []
      : ["--autofocus-mode", "manual", "--lens-position", (1 / focusM).toFixed(2)]),
    ...extraArgs,
    "-o",
    "-",
  ];
  return {
    name: "rpicam",
    command: "rpicam-vid",
    args,
    geometry: (said) => rpicamGeometry(width, height, said),
  };
}

/**
 * The geometry as far as it is certain: from the buffer size the program told, else from a width
 * that is never padded.
 * @throws RangeError when the size told fits no padding of these rows
 */
export function rpicamGeometry(
  width: number,
  height: number,
  said: string,
): FrameGeometry | undefined {
  const told = /FileOutput: output buffer \S+ size (\d+)/.exec(said)?.[1];
  if (told === undefined) {
    if (width % UNPADDED_MULTIPLE !== 0) return undefined;
    return { width, height, stride: width, layout: "i420" };
  }
  const stride = Number(told) / (1.5 * height);
  const geometry: FrameGeometry = { width, height, stride, layout: "i420" };
  const fits = Number.isInteger(stride) && stride >= width && stride < width + 256;
  if (!fits || frameBytes(geometry) !== Number(told)) {
    throw new RangeError(
      `rpicam-vid gives frames of ${told} bytes, which do not divide into ${height} rows of ${width} pixels; choose a width of 640, 768, 1024, 1280 or 1920`,
    );
  }
  return geometry;
}

export interface V4l2Options {
  /** Default `/dev/video0`. */
  device?: string;
  width: number;
  height: number;
  fps: number;
  /** What the camera delivers, as ffmpeg names it; default `yuyv422`, which nearly all can. */
  inputFormat?: string;
}

/**
 * A USB camera by ffmpeg, as grey frames without padding. Its exposure can be set meanwhile, by the
 * kernel. That of `rpicam-vid` cannot: its parameters are set on startup and never change
 * (rpicam-apps #558), and starting it anew would cost seconds without a picture.
 */
export function ffmpegV4l2(options: V4l2Options): ProcessCameraOptions {
  const { device = "/dev/video0", width, height, fps, inputFormat = "yuyv422" } = options;
  return {
    name: device,
    command: "ffmpeg",
    args: [
      // At this level the program prints the size of its frames, which a driver may have changed.
      ..."-nostdin -hide_banner -nostats -loglevel info -fflags nobuffer -f v4l2".split(" "),
      ...`-input_format ${inputFormat} -framerate ${fps} -video_size ${width}x${height}`.split(" "),
      "-i",
      device,
      ..."-pix_fmt gray -f rawvideo -".split(" "),
    ],
    geometry: (said) => ffmpegGeometry(width, height, said),
    control: v4l2Control(device),
  };
}

/**
 * The geometry once the program has printed what it gives out. A V4L2 driver that does not know the
 * size asked for chooses another one and goes on (FFmpeg, libavdevice/v4l2.c).
 * @throws RangeError when the camera gives another size than the one asked for
 */
export function ffmpegGeometry(
  width: number,
  height: number,
  said: string,
): FrameGeometry | undefined {
  const [, output = ""] = said.split(/^Output #0/m);
  const size = /Video: rawvideo\b.*?, (\d+)x(\d+)\b/.exec(output);
  if (size === null) return undefined;
  const [given, asked] = [`${size[1]}x${size[2]}`, `${width}x${height}`];
  if (given !== asked) {
    throw new RangeError(
      `the camera gives ${given} instead of ${asked}; set width and height to a size it has ("v4l2-ctl --list-formats-ext" lists them)`,
    );
  }
  return { width, height, stride: width, layout: "gray8" };
}

/** Opened with its first use: most cameras are never asked. */
function v4l2Control(device: string): NonNullable<ProcessCameraOptions["control"]> {
  let exposure: ReturnType<typeof createV4l2Exposure> | undefined;
  return async (controls) => {
    exposure ??= createV4l2Exposure(openVideoControls(device));
    await exposure(controls);
  };
}
