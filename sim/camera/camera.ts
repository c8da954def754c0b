/** A camera at the doorway: whatever is held in front of it, as padded raw frames in odd chunks. */
import { BusError } from "../../hal/bus/errors.ts";
import { frameBytes } from "../../hal/bus/frames.ts";
import type { CameraConnection, CameraHost, FrameGeometry } from "../../hal/bus/frames.ts";
import { every } from "../../hal/clock.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import type { CodeScene } from "./face.ts";
import { fitPicture } from "./fit.ts";
import { addNoise } from "./optics.ts";
import { renderScene } from "./render.ts";
import { GOOD_CONDITIONS } from "./picture.ts";
import type { Conditions } from "./picture.ts";
import type { Chance } from "./picture.ts";
import type { Picture } from "./picture.ts";

export interface SimulatedCameraOptions {
  clock: Clock;
  /** Places cracks, glare and noise; the same chance gives the same frames. */
  random: Chance;
  /** Default 640×480 with rows padded to 64 bytes, as on a Raspberry Pi 4. */
  geometry?: {
    width: number;
    height: number;
    strideAlign?: number;
    layout?: FrameGeometry["layout"];
  };
  /** Frames a second while something is in view; default 15. */
  fps?: number;
  /** Frames a second of the empty doorway; default `fps`. Virtual time sets it low: nothing happens there. */
  idleFps?: number;
  /** How many bytes come at once; odd, so that no chunk ends where a frame does. Default 65,521. */
  chunkBytes?: number;
  /** Frames with different noise that follow one another in turn; default 1, a frozen picture. */
  noiseFrames?: number;
}

/** The camera, and the hand that holds things in front of it. */
export interface SimulatedCamera extends CameraHost {
  /** What is in view from the next frame on; `null` is the empty doorway. */
  show(scene: CodeScene | null): void;
  /** A picture instead of the doorway, fitted into the frame; noise and light still apply. */
  showImage(picture: Picture): void;
  /** Changes some of the conditions, from the next frame on. */
  setConditions(conditions: Partial<Conditions>): void;
  /** The conditions now. */
  conditions(): Conditions;
  /** Pulls the cable: an open connection ends with an error, opening fails with `absent`. */
  unplug(): void;
  plug(): void;
  /** The camera stays open and sends nothing, as a hung driver does; `false` lets it go on. */
  stall(stalled: boolean): void;
  /** As stalled, and once closed it cannot be opened (`busy`) until `false`. */
  hang(hung: boolean): void;
  /** Whether frames come out of it now: a camera without its cable, or a hung one, gives none. */
  gives(): boolean;
  /** The present frame as it is before padding. */
  picture(): Picture;
}

interface Frame {
  picture: Picture;
  bytes: Uint8Array;
}

const PADDING_LEVEL = 0xaa; // unlike any dark or light edge, so that a wrong stride shows
const CHROMA_LEVEL = 0x80; // grey

/** A simulated camera; it costs nothing between frames, and a repeated frame is not rendered again. */
export function createSimulatedCamera(options: SimulatedCameraOptions): SimulatedCamera {
  const { clock, random } = options;
  const geometry = geometryOf(options.geometry);
  const chunkBytes = options.chunkBytes ?? 65_521;
  const fps = options.fps ?? 15;
  const idleFps = options.idleFps ?? fps;
  const noiseFrames = options.noiseFrames ?? 1;
  let bias = 0;
  let conditions: Conditions = { ...GOOD_CONDITIONS };
  let scene: CodeScene | null = null;
  let image: Picture | undefined;
  let plugged = true;
  let stalled = false;
  let hung = false;
  let abandoned = false;
  let open: Stream | undefined;
  let rendered: Frame[] = [];
  // The doorway is empty again and again: its frames are kept until light or noise change.
  let empty: Frame[] = [];
  let turn = 0;

  const changed = (): void => {
    rendered = [];
    open?.setInterval(Math.round(1000 / (scene === null && image === undefined ? idleFps : fps)));
  };
  const frame = (): Frame => {
    const slot = turn % noiseFrames;
    const kept = scene === null && image === undefined ? empty : rendered;
    const known = kept[slot];
    if (known !== undefined) return known;
    const exposureStops = conditions.exposureStops + bias;
    const picture =
      image === undefined
        ? renderScene(scene, { ...conditions, exposureStops }, random, geometry)
        : noisy(expose(fitPicture(image, geometry), exposureStops), conditions.noise, random);
    const fresh = { picture, bytes: padded(picture, geometry) };
    kept[slot] = fresh;
    return fresh;
  };
  const setBias = (stops: number): void => {
    if (stops === bias) return;
    bias = stops;
    rendered = [];
    empty = [];
  };
  const nextFrame = (): Uint8Array | undefined => {
    if (stalled || hung) return undefined;
    turn += 1;
    return frame().bytes;
  };

  return {
    name: "camera",
    open() {
      if (!plugged) return Promise.reject(fault("absent", "opening the camera"));
      if (open !== undefined || abandoned) {
        return Promise.reject(fault("busy", "opening the camera"));
      }
      const stream = createStream({ clock, geometry, chunkBytes, nextFrame }, () => {
        if (open !== stream) return;
        open = undefined;
        abandoned = hung;
      });
      open = stream;
      changed();
      // A new stream begins with the automatic exposure, as cameras do.
      setBias(0);
      const connection: CameraConnection = {
        ...stream.connection,
        control(controls) {
          setBias(controls.exposureBias);
          return Promise.resolve();
        },
      };
      return Promise.resolve(connection);
    },
    show(next) {
      scene = next;
      image = undefined;
      changed();
    },
    showImage(next) {
      image = next;
      changed();
    },
    setConditions(next) {
      const { light, noise, exposureStops, posters } = next;
      const seen = [light, noise, exposureStops, posters];
      if (seen.some((value) => value !== undefined)) empty = [];
      conditions = { ...conditions, ...next };
      changed();
    },
    conditions: () => conditions,
    unplug() {
      plugged = false;
      open?.end(fault("absent", "reading frames"));
    },
    plug() {
      plugged = true;
    },
    stall(value) {
      stalled = value;
    },
    hang(value) {
      hung = value;
      abandoned &&= hung;
    },
    gives: () => plugged && !stalled && !hung,
    picture: () => frame().picture,
  };
}

function fault(kind: "absent" | "busy", during: string): BusError {
  return new BusError(kind, { bus: "camera", during });
}

function geometryOf(wanted: SimulatedCameraOptions["geometry"]): FrameGeometry {
  const {
    width,
    height,
    strideAlign = 64,
    layout = "i420",
  } = wanted ?? { width: 640, height: 480 };
  return { width, height, stride: Math.ceil(width / strideAlign) * strideAlign, layout };
}

function noisy(picture: Picture, sigma: number, chance: Chance): Picture {
  addNoise(picture, sigma, chance);
  return picture;
}

/** Longer or shorter exposure: twice the light for each stop, cut off at white. */
function expose(picture: Picture, stops: number): Picture {
  if (stops === 0) return picture;
  const gain = 2 ** stops;
  return { ...picture, luminance: picture.luminance.map((level) => Math.min(255, level * gain)) };
}

/** The frame as it lies in the stream: rows padded, two chroma planes of half the stride behind. */
function padded(picture: Picture, geometry: FrameGeometry): Uint8Array {
  const { width, height, stride } = geometry;
  const bytes = new Uint8Array(frameBytes(geometry)).fill(CHROMA_LEVEL);
  if (stride !== width) bytes.fill(PADDING_LEVEL, 0, stride * height);
  for (let row = 0; row < height; row++) {
    bytes.set(picture.luminance.subarray(row * width, (row + 1) * width), row * stride);
  }
  return bytes;
}

interface Stream {
  connection: CameraConnection;
  setInterval(intervalMs: number): void;
  end(error?: Error): void;
}

interface StreamOptions {
  clock: Clock;
  geometry: FrameGeometry;
  chunkBytes: number;
  nextFrame: () => Uint8Array | undefined;
}

function createStream(options: StreamOptions, onEnd: () => void): Stream {
  let timer: Timer | undefined;
  let interval = 0;
  let ended = false;
  let onData: ((chunk: Uint8Array) => void) | undefined;
  let onClose: ((error?: Error) => void) | undefined;
  const tick = (): void => {
    const frame = options.nextFrame();
    if (frame === undefined) return;
    // Who closed the connection in the middle of a frame has no listener any more.
    for (let at = 0; at < frame.length; at += options.chunkBytes) {
      onData?.(frame.subarray(at, at + options.chunkBytes));
    }
  };
  const end = (error?: Error): void => {
    if (ended) return;
    ended = true;
    onData = undefined;
    timer?.cancel();
    onEnd();
    onClose?.(error);
  };
  return {
    connection: {
      geometry: options.geometry,
      onData(listener) {
        onData = listener;
      },
      onClose(listener) {
        onClose = listener;
      },
      close() {
        end();
        return Promise.resolve();
      },
    },
    setInterval(intervalMs) {
      if (ended || intervalMs === interval) return;
      interval = intervalMs;
      timer?.cancel();
      timer = every(options.clock, intervalMs, tick);
    },
    end,
  };
}
