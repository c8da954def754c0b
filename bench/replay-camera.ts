/** A camera that shows one ready-made picture at 30 frames a second, in pieces as a pipe gives them. */
import type { CameraConnection, CameraHost, FrameGeometry } from "../hal/bus/frames.ts";
import { every, type Clock, type Timer } from "../hal/clock.ts";

const PIPE_BYTES = 65_536;

/** Grey frames without padding; what is shown can be changed between frames. */
export class ReplayCamera implements CameraHost {
  readonly name = "replay";
  readonly #clock: Clock;
  readonly #geometry: FrameGeometry;
  readonly #framesPerSecond: number;
  #picture: Uint8Array;
  #onFrame: (() => void)[] = [];

  constructor(clock: Clock, picture: Uint8Array, size: { width: number; height: number }) {
    this.#clock = clock;
    this.#picture = picture;
    this.#geometry = { ...size, stride: size.width, layout: "gray8" };
    this.#framesPerSecond = 30;
  }

  /** From the next frame on. */
  show(picture: Uint8Array): void {
    this.#picture = picture;
  }

  /** Resolves after so many more frames have been sent. */
  async frames(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      await new Promise<void>((resolve) => {
        this.#onFrame.push(resolve);
      });
    }
  }

  async open(): Promise<CameraConnection> {
    let timer: Timer | undefined;
    return {
      geometry: this.#geometry,
      onData: (listener) => {
        timer?.cancel();
        timer = every(this.#clock, 1_000 / this.#framesPerSecond, () => this.#send(listener));
      },
      onClose() {},
      async close() {
        timer?.cancel();
      },
    };
  }

  #send(listener: (chunk: Uint8Array) => void): void {
    for (let at = 0; at < this.#picture.length; at += PIPE_BYTES) {
      listener(this.#picture.slice(at, at + PIPE_BYTES));
    }
    const waiting = this.#onFrame;
    this.#onFrame = [];
    for (const resolve of waiting) resolve();
  }
}
