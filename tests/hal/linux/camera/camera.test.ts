/** The camera child process: what it says when it fails, how it ends, and which frames it refuses. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { BusError } from "../../../../hal/bus/errors.ts";
import type { CameraConnection, FrameGeometry } from "../../../../hal/bus/frames.ts";
import { createProcessCamera } from "../../../../hal/linux/camera/camera.ts";
import type { ProcessCameraOptions } from "../../../../hal/linux/camera/camera.ts";
import {
  ffmpegV4l2,
  rpicamGeometry,
  rpicamVid,
} from "../../../../hal/linux/camera/camera-programs.ts";
import type { StandInOptions } from "../../../contract/camera-stand-in.ts";

const STAND_IN = fileURLToPath(new URL("../../../contract/camera-stand-in.ts", import.meta.url));
const GEOMETRY: FrameGeometry = { width: 128, height: 96, stride: 128, layout: "gray8" };

const open: CameraConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

function camera(standIn: Partial<StandInOptions>, options: Partial<ProcessCameraOptions> = {}) {
  return createProcessCamera({
    command: process.execPath,
    args: [STAND_IN, JSON.stringify({ geometry: GEOMETRY, ...standIn })],
    geometry: GEOMETRY,
    ...options,
  });
}

async function faultOf(work: Promise<CameraConnection>): Promise<BusError> {
  try {
    open.push(await work);
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  throw new Error("it opened");
}

async function until(condition: () => boolean): Promise<void> {
  const patience = AbortSignal.timeout(10_000);
  while (!condition()) {
    if (patience.aborted) throw new Error("did not happen within 10 s");
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a camera process", () => {
  test("is absent when the program is not installed, and the message names it", async () => {
    const fault = await faultOf(
      createProcessCamera({ command: "rpicam-none", args: [], geometry: GEOMETRY }).open(),
    );
    expect(fault.kind).toBe("absent");
    expect(fault.message).toContain("rpicam-none");
  });

  test.each([
    ["ERROR: *** no cameras available ***", "absent"],
    ["/dev/video0: No such file or directory", "absent"],
    ["/dev/video0: Permission denied", "denied"],
    ["/dev/video0: Device or resource busy", "busy"],
    ["failed to acquire camera: Pipeline handler in use by another process", "busy"],
    ["something nobody has seen before", "absent"],
  ])("that ends saying %j is %s, with what it said", async (says, kind) => {
    const fault = await faultOf(camera({ says, frames: 0 }).open());
    expect(fault.kind).toBe(kind);
    expect(fault.message).toContain(says);
  });

  test("that gives nothing at all is a timeout", async () => {
    const fault = await faultOf(
      camera({ frames: 0, afterwards: "stall" }, { startMs: 300 }).open(),
    );
    expect(fault.kind).toBe("timeout");
  });

  test("that dies in the middle ends the connection with what it said last", async () => {
    const connection = await camera({ frames: 3 }).open();
    open.push(connection);
    const ends: unknown[] = [];
    connection.onData(() => {});
    connection.onClose((error) => ends.push(error));
    await until(() => ends.length > 0);
    expect(String(ends[0])).toContain("Device timeout detected");
  });

  test("that falls silent stays open: only its user knows how long a frame may take", async () => {
    const connection = await camera({ frames: 2, afterwards: "stall" }).open();
    open.push(connection);
    let ended = false;
    let bytes = 0;
    connection.onData((chunk) => {
      bytes += chunk.length;
    });
    connection.onClose(() => {
      ended = true;
    });
    await until(() => bytes >= 2 * GEOMETRY.stride * GEOMETRY.height - 4_099);
    expect(ended).toBe(false);
  });

  test("is killed when it does not end by itself, and takes its helpers with it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "camera-"));
    const helperPidFile = join(folder, "pid");
    const connection = await camera({ helperPidFile, ignoreTerm: true }, { endMs: 100 }).open();
    const helper = Number(await readFile(helperPidFile, "utf8"));
    expect(alive(helper)).toBe(true);
    await connection.close();
    await until(() => !alive(helper));
    await rm(folder, { recursive: true });
  });

  test("tells its geometry once it has said enough", async () => {
    const padded: FrameGeometry = { width: 100, height: 64, stride: 128, layout: "i420" };
    const connection = await camera(
      { geometry: padded, says: "FileOutput: output buffer 0xffff8a size 12288" },
      { geometry: (said) => rpicamGeometry(100, 64, said) },
    ).open();
    open.push(connection);
    expect(connection.geometry).toEqual(padded);
  });

  test("whose frames cannot be of this geometry is refused", async () => {
    const fault = await faultOf(
      camera(
        { says: "FileOutput: output buffer 0xffff8a size 12289" },
        { geometry: (said) => rpicamGeometry(100, 64, said) },
      ).open(),
    );
    expect(fault.kind).toBe("unsupported");
    expect(fault.message).toContain("choose a width of 640");
  });
});

describe("rpicam-vid's frames", () => {
  const said = (size: number): string => `x\nFileOutput: output buffer 0x7f size ${size}\ny`;
  test.each([
    [640, 480, "", 640],
    [1280, 720, "", 1280],
    [780, 360, "", undefined],
    [700, 480, "", undefined],
    [780, 360, said(832 * 360 * 1.5), 832],
    [704, 480, said(768 * 480 * 1.5), 768],
    [704, 480, said(704 * 480 * 1.5), 704],
  ])("of %i×%i, told %j, have a stride of %s", (width, height, told, stride) => {
    expect(rpicamGeometry(width, height, told)?.stride).toBe(stride);
  });

  test.each([639 * 480 * 1.5, 640 * 480, 1280 * 480 * 1.5])(
    "of 640×480 in %d bytes are refused",
    (size) => {
      expect(() => rpicamGeometry(640, 480, said(size))).toThrow(RangeError);
    },
  );

  test("are asked for without a preview, for ever, flushed, at verbosity 2", () => {
    const { command, args } = rpicamVid({ width: 1280, height: 720, fps: 30, focusM: 0.2 });
    expect(command).toBe("rpicam-vid");
    const line = args.join(" ");
    expect(line).toContain(
      "-t 0 -n --codec yuv420 --flush -v 2 --width 1280 --height 720 --framerate 30",
    );
    expect(line).toContain("--lens-position 5.00");
    expect(line.endsWith("-o -")).toBe(true);
  });
});

describe("frames of a USB camera by ffmpeg", () => {
  // As ffmpeg 5.1 prints it; the first line comes from libavdevice where a driver changes the size.
  const said = (given: string): string =>
    [
      `[video4linux2,v4l2 @ 0x55d] The V4L2 driver changed the video from 1280x720 to ${given}`,
      "Input #0, video4linux2,v4l2, from '/dev/video0':",
      "  Duration: N/A, start: 8.1, bitrate: 147456 kb/s",
      `  Stream #0:0: Video: rawvideo (YUY2 / 0x32595559), yuyv422, ${given}, 147456 kb/s, 30 fps`,
      "Stream mapping:",
      "  Stream #0:0 -> #0:0 (rawvideo (native) -> rawvideo (native))",
      "Output #0, rawvideo, to 'pipe:':",
      "  Metadata:",
      "    encoder         : Lavf59.27.100",
      `  Stream #0:0: Video: rawvideo (Y800 / 0x30303859), gray(pc, progressive), ${given} [SAR 1:1 DAR 16:9], q=2-31, 73728 kb/s, 30 fps`,
      "",
    ].join("\n");
  const { args, geometry } = ffmpegV4l2({ width: 1280, height: 720, fps: 30 });
  const geometryOf = (text: string) => (typeof geometry === "function" ? geometry(text) : geometry);

  test("are grey and tight", () => {
    expect(geometryOf(said("1280x720"))).toEqual({
      width: 1280,
      height: 720,
      stride: 1280,
      layout: "gray8",
    });
    expect(args.join(" ")).toContain("-i /dev/video0 -pix_fmt gray -f rawvideo -");
  });

  test("are not taken before their size is known", () => {
    expect(geometryOf("")).toBeUndefined();
    expect(geometryOf(said("1280x720").split("Output #0")[0] ?? "")).toBeUndefined();
  });

  test.each(["640x480", "1280x960", "720x1280"])(
    "of %s where 1280x720 was asked for are refused, naming both",
    (given) => {
      expect(() => geometryOf(said(given))).toThrow(`gives ${given} instead of 1280x720`);
    },
  );

  test("of another size end the opening with what to do, whoever looks", async () => {
    const host = camera({ says: said("640x480") }, { geometry: geometryOf });
    const fault = await faultOf(host.open());
    expect(fault).toMatchObject({ kind: "unsupported" });
    expect(fault.message).toContain("set width and height");
  });
});
