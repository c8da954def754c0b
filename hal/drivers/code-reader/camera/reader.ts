/** The camera as code reader: keeps it open, assembles frames, reports each presentation of a code once. */
import type { CameraConnection, CameraHost } from "../../../bus/frames.ts";
import { BusError } from "../../../bus/errors.ts";
import { every } from "../../../clock.ts";
import type { Clock, Timer } from "../../../clock.ts";
import type { CodeReader, CodeReading, DeviceHealth } from "../../../devices.ts";
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry, type Retry, type Session } from "../../support/retry.ts";
import type { BackoffLimits } from "../../support/backoff.ts";
import { createFrameAssembler, tightLuminance } from "./frame-assembler.ts";
import type { DecodeEngine, DecodeResult } from "../engine/engine.ts";
import { createExposurePolicy } from "./exposure.ts";
import type { Luminance } from "../image/image.ts";
import { createPartCollector } from "../decode/structured-append.ts";
import { createSceneChangeDetector } from "./scene-change.ts";
import type { SceneState } from "./scene-change.ts";
import { createPresentations } from "./presentation.ts";
import { isWantedCode, wantedBy } from "../decode/wanted.ts";

export interface CodeReaderOptions {
  camera: CameraHost;
  engine: DecodeEngine;
  clock: Clock;
  /** A code must be out of view this long before showing it again counts as a new presentation; default 1,500 ms. */
  forgetAfterMs?: number;
  /** Patterns of the texts that look like a credential; absent: any text does. */
  wanted?: readonly string[];
  /** How long a code that does not look like one waits for another in the same view, while the engine is still decoding; default 1,000 ms. */
  waitMs?: number;
  /** How long the parts of a code that is divided among several wait for one another; default 10,000 ms. */
  partsMs?: number;
  /** Without a frame for this long the camera counts as stalled and is opened again; default 3,000 ms. */
  stallAfterMs?: number;
  /** A picture of one grey level for this long counts as no picture; default 10,000 ms. */
  blankAfterMs?: number;
  /** Wait before opening a lost camera again; default 500 and 15,000 ms. */
  reopen?: BackoffLimits;
}

/** A whole frame, waiting for the engine or with it. */
interface Slot extends Luminance {
  atMs: number;
  framesTried: number;
  changed: boolean;
}

/** How a frame was, for codes that are found in it after it was answered. */
interface FrameNote {
  atMs: number;
  framesTried: number;
}

// Slower variants answer within some dozen frames; older notes are of no use to anyone.
const NOTES_KEPT = 128;

/**
 * Reads codes from a camera. Frames that arrive while one is being decoded replace each other, so
 * the newest whole one is always next; what was decoded is never dropped.
 */
export function createCodeReader(options: CodeReaderOptions): CodeReader {
  return new CameraCodeReader(options);
}

class CameraCodeReader implements CodeReader {
  readonly #camera: CameraHost;
  readonly #engine: DecodeEngine;
  readonly #clock: Clock;
  readonly #stallAfterMs: number;
  readonly #blankAfterMs: number;
  readonly #health = createHealth();
  readonly #retry: Retry;
  readonly #presentations;
  readonly #parts;
  readonly #isWanted;
  #scene = createSceneChangeDetector();
  #exposure = createExposurePolicy();
  #readSinceFrame = false;
  #readingListener: ((reading: CodeReading) => void) | undefined;
  #running = false;
  #connection: CameraConnection | undefined;
  #watchTimer: Timer | undefined;
  /** Ends the present connection with an error. */
  #giveUp: (error: unknown) => void = () => {};
  #onOpened: () => void = () => {};
  #decodersLoaded = false;
  #lastFrameMs = 0;
  #lastPictureMs = 0;
  #waiting: Slot | undefined;
  #inFlight: Slot | undefined;
  #slots: Slot[] = [];
  #latest: Luminance | undefined;
  #decoderFault = false;
  #frameNumber = 0;
  readonly #notes = new Map<number, FrameNote>();

  constructor(options: CodeReaderOptions) {
    this.#camera = options.camera;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#stallAfterMs = options.stallAfterMs ?? 3_000;
    this.#blankAfterMs = options.blankAfterMs ?? 10_000;
    this.#retry = createRetry({
      clock: options.clock,
      ...(options.reopen ?? { firstMs: 500, lastMs: 15_000 }),
      attempt: (session) => this.#read(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
    this.#presentations = createPresentations(
      options.forgetAfterMs ?? 1_500,
      options.waitMs ?? 1_000,
    );
    this.#parts = createPartCollector(options.partsMs ?? 10_000);
    this.#isWanted = wantedBy(options.wanted);
    this.#engine.onLateResult((result, frame) => {
      const note = this.#notes.get(frame);
      if (note !== undefined) this.#report(result, note);
    });
  }

  /** Resolves once the camera is open, or known not to open. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const opened = new Promise<void>((resolve) => {
      this.#onOpened = resolve;
    });
    await Promise.race([opened, this.#retry.start()]);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#retry.stop();
    await this.#close();
    this.#health.set({ state: "starting" });
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onReading(listener: (reading: CodeReading) => void): void {
    this.#readingListener = listener;
  }

  snapshot(): Luminance | undefined {
    const latest = this.#latest;
    return latest && { ...latest, luminance: Uint8Array.from(latest.luminance) };
  }

  /** Opens the camera and reads its frames until it is lost or the driver stops. */
  async #read(session: Session): Promise<void> {
    if (!this.#decodersLoaded) {
      // Asked once: decoders that are lost later are brought back by the engine itself.
      this.#decodersLoaded = true;
      await this.#engine.ready();
    }
    if (!session.live) return;
    const connection = await this.#camera.open();
    if (!session.live) {
      await connection.close();
      return;
    }
    const lost = new Promise<never>((_resolve, reject) => {
      this.#giveUp = reject;
    });
    lost.catch(() => undefined);
    this.#attach(connection);
    this.#onOpened();
    try {
      await Promise.race([lost, session.stopped]);
    } finally {
      // Not waited for: a camera that hangs must not hold up the alarm. Until it is closed, opening it
      // again is refused, and tried again.
      if (this.#connection === connection) void this.#close();
    }
  }

  #attach(connection: CameraConnection): void {
    this.#connection = connection;
    this.#lastFrameMs = this.#clock.monotonicMs();
    this.#lastPictureMs = this.#lastFrameMs;
    this.#scene = createSceneChangeDetector();
    this.#exposure = createExposurePolicy();
    const assembler = createFrameAssembler(connection.geometry, (padded) => {
      if (this.#connection === connection) this.#onFrame(connection, padded);
    });
    connection.onData((chunk) => assembler.push(chunk));
    connection.onClose((error) => {
      if (this.#connection !== connection) return;
      this.#detach();
      this.#lose(
        error ?? new BusError("closed", { bus: this.#camera.name, during: "reading frames" }),
      );
    });
    this.#watchTimer = every(this.#clock, this.#stallAfterMs / 2, () => this.#watch());
  }

  /** Reports the failure at once; the session then ends with it. */
  #lose(error: Error): void {
    this.#health.set(failureOf(error));
    this.#giveUp(error);
  }

  #detach(): void {
    this.#watchTimer?.cancel();
    this.#connection = undefined;
    this.#waiting = undefined;
    this.#latest = undefined;
  }

  async #close(): Promise<void> {
    const connection = this.#connection;
    this.#detach();
    try {
      // Some cameras keep what was set after they are closed. Not waited for: a hung one never answers.
      connection?.control?.({ exposureBias: 0 }).catch(() => undefined);
      await connection?.close();
    } catch {
      // It is being given up anyway; opening it again shows what is wrong.
    }
  }

  #watch(): void {
    const now = this.#clock.monotonicMs();
    const silentMs = now - this.#lastFrameMs;
    if (silentMs >= this.#stallAfterMs) {
      const error = new BusError("timeout", {
        bus: this.#camera.name,
        during: "waiting for a frame",
        detail: `none for ${Math.round(silentMs)} ms; check the cable, or that nothing else holds the camera`,
      });
      this.#lose(error);
    } else if (now - this.#lastPictureMs >= this.#blankAfterMs) {
      this.#health.set({
        state: "failed",
        kind: "blank",
        detail: `${this.#camera.name} gives frames without a picture; check the lens cover and the light`,
      });
    }
  }

  #onFrame(connection: CameraConnection, padded: Uint8Array): void {
    const { width, height } = connection.geometry;
    const now = this.#clock.monotonicMs();
    const slot = this.#slot(width, height);
    tightLuminance(connection.geometry, padded, slot.luminance);
    const scene = this.#scene.observe(slot);
    // A frame that is replaced before anyone looked at it still changed the scene.
    const unseenChange = this.#waiting?.changed === true;
    slot.atMs = now;
    slot.framesTried = scene.framesSinceChange;
    slot.changed = scene.changed || unseenChange;
    this.#lastFrameMs = now;
    this.#retry.succeeded();
    this.#latest = slot;
    if (!scene.blank) {
      this.#lastPictureMs = now;
      if (!this.#decoderFault) this.#health.set({ state: "ok" });
    }
    this.#adjustExposure(connection, scene);
    this.#waiting = slot;
    if (this.#inFlight === undefined) void this.#decodeWaiting();
  }

  #adjustExposure(connection: CameraConnection, scene: SceneState): void {
    const bias = this.#exposure.next({ ...scene, read: this.#readSinceFrame });
    this.#readSinceFrame = false;
    if (bias === undefined || connection.control === undefined) return;
    // A camera that refuses goes on with its automatic exposure, as one without the control does.
    connection.control({ exposureBias: bias }).catch(() => undefined);
  }

  // Two buffers are enough: one is with the engine, the other is overwritten by every newer frame.
  #slot(width: number, height: number): Slot {
    const reusable = this.#slots.find((slot) => slot !== this.#inFlight);
    if (reusable?.width === width && reusable.height === height) return reusable;
    const luminance = new Uint8Array(width * height);
    const slot = { width, height, luminance, atMs: 0, framesTried: 0, changed: true };
    this.#slots = [slot, ...this.#slots.filter((other) => other === this.#inFlight)];
    return slot;
  }

  async #decodeWaiting(): Promise<void> {
    for (let slot = this.#waiting; slot !== undefined && this.#running; slot = this.#waiting) {
      this.#waiting = undefined;
      this.#inFlight = slot;
      const note = { atMs: slot.atMs, framesTried: slot.framesTried };
      this.#remember(note);
      if (slot.changed) this.#presentations.change(note.atMs);
      else this.#presentations.hold(note.atMs);
      try {
        const result = await this.#engine.decode(slot);
        this.#decoderFault = false;
        this.#report(result, note);
      } catch (error) {
        this.#decoderFault = true;
        const detail = error instanceof Error ? error.message : String(error);
        this.#health.set({ state: "failed", kind: "decoder", detail });
      } finally {
        this.#inFlight = undefined;
      }
    }
  }

  #remember(note: FrameNote): void {
    this.#notes.set(this.#frameNumber, note);
    this.#notes.delete(this.#frameNumber - NOTES_KEPT);
    this.#frameNumber += 1;
  }

  #report({ codes, settled = false }: DecodeResult, note: FrameNote): void {
    if (!this.#running) return;
    const sightings = this.#parts
      .take(codes, note.atMs)
      .map((code) => ({ code, wanted: isWantedCode(code, this.#isWanted) }));
    // What is not wanted may hang in the picture for ever and says nothing of how a screen is exposed.
    if (sightings.some(({ wanted }) => wanted)) this.#readSinceFrame = true;
    const sighting = this.#presentations.observe(sightings, note.atMs, settled);
    if (sighting === undefined) return;
    this.#readingListener?.({
      code: sighting.code,
      frameAtMs: note.atMs,
      decodedAtMs: this.#clock.monotonicMs(),
      framesTried: note.framesTried,
      credentialShaped: sighting.wanted,
    });
  }
}
