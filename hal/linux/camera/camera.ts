/** A camera as a supervised child process that writes raw frames to its standard output. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { BusError } from "../../bus/errors.ts";
import type { BusErrorKind } from "../../bus/errors.ts";
import type { CameraConnection, CameraHost, FrameGeometry } from "../../bus/frames.ts";
import { atMost } from "../at-most.ts";
import { toBusError } from "../errno.ts";
import { openZeroCopyReader, type ZeroCopyReader } from "./zero-copy-reader.ts";

export interface ProcessCameraOptions {
  /** For messages; default `camera`. */
  name?: string;
  command: string;
  args: readonly string[];
  /**
   * How the frames lie. Where only the program can tell, a function of what it has said on its
   * standard error so far: nothing until it has said enough.
   * It throws where what was said cannot be: such frames are refused instead of read askew.
   */
  geometry: FrameGeometry | ((said: string) => FrameGeometry | undefined);
  /** How its exposure is set while it runs; absent where it cannot be. */
  control?: CameraConnection["control"];
  /** How long the program may take until its first bytes, default 8,000 ms (a sensor starts in 1 to 3 s). */
  startMs?: number;
  /** How long it may take to end when told to, before it is killed; default 1,000 ms. */
  endMs?: number;
}

/**
 * Each `open()` starts the program in a process group of its own; closing ends the whole group, so
 * that a helper it started does not keep the camera. Rejects with `absent` when the program or the
 * camera is not there, `busy` or `denied` when its complaint says so, `timeout` when nothing comes.
 */
export function createProcessCamera(options: ProcessCameraOptions): CameraHost {
  const name = options.name ?? "camera";
  let open: CameraProcess | undefined;
  return {
    name,
    async open() {
      if (open !== undefined) {
        const detail = open.abandoned;
        throw new BusError("busy", {
          bus: name,
          during: "opening the camera",
          ...(detail === undefined ? {} : { detail }),
        });
      }
      const camera = new CameraProcess(name, options, () => {
        if (open === camera) open = undefined;
      });
      open = camera;
      return camera.start();
    },
  };
}

type Child = ChildProcessByStdio<null, null, Readable>;

// Enough for the reason at the end of a long log, and for a geometry in the middle of it.
const SAID_KEPT = 8_192;

class CameraProcess {
  readonly #name: string;
  readonly #options: ProcessCameraOptions;
  readonly #child: Child;
  readonly #frames: ZeroCopyReader;
  readonly #onEnd: () => void;
  readonly #exited: Promise<void>;
  /** Why the camera cannot be opened again yet; set where the program outlived being killed. */
  abandoned: string | undefined;
  readonly #killAtExit: () => void;
  #said = "";
  /** The stream's first piece, kept until somebody listens. */
  #first: Uint8Array | undefined;
  #state: "starting" | "open" | "closing" | "ended" = "starting";
  #onData: ((chunk: Uint8Array) => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;

  constructor(name: string, options: ProcessCameraOptions, onEnd: () => void) {
    this.#name = name;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#frames = openZeroCopyReader();
    this.#child = spawn(options.command, options.args, {
      detached: true,
      stdio: ["ignore", this.#frames.writeEnd, "pipe"],
    }) as Child;
    this.#frames.handedOver();
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_KEPT);
    });
    // A camera left behind by a dying unit would be busy for the next one.
    this.#killAtExit = () => this.#kill("SIGKILL");
    process.once("exit", this.#killAtExit);
    this.#exited = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", () => resolve());
    });
  }

  /** Resolves with the first bytes there and the geometry known. */
  async start(): Promise<CameraConnection> {
    try {
      const geometry = await this.#started();
      this.#state = "open";
      return this.#connection(geometry);
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  #started(): Promise<FrameGeometry> {
    const { command, geometry, startMs = 8_000 } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (kind: BusErrorKind, detail: string): void =>
        reject(this.#fault(kind, "opening the camera", detail));
      const timer = setTimeout(() => {
        fail("timeout", this.#tail(`${command} gave no usable frame within ${startMs} ms`));
      }, startMs);
      const check = (): void => {
        try {
          const known = typeof geometry === "function" ? geometry(this.#said) : geometry;
          if (this.#first === undefined || known === undefined) return;
          clearTimeout(timer);
          resolve(known);
        } catch (error) {
          fail("unsupported", error instanceof Error ? error.message : String(error));
        }
      };
      this.#frames.onData((chunk) => {
        this.#first = Uint8Array.from(chunk);
        check();
        return false;
      });
      this.#child.stderr.on("data", check);
      this.#child.once("error", (error) => {
        clearTimeout(timer);
        reject(toBusError(error, { bus: this.#name, during: `starting ${command}` }));
      });
      this.#child.once("close", () => {
        clearTimeout(timer);
        fail(kindOf(this.#said), this.#tail(`${command} ${this.#ending()}`));
      });
    });
  }

  #connection(geometry: FrameGeometry): CameraConnection {
    this.#child.once("close", () => {
      void this.#died();
    });
    const { control } = this.#options;
    return {
      geometry,
      ...(control === undefined ? {} : { control }),
      onData: (listener) => {
        this.#onData = listener;
        const first = this.#first;
        this.#first = undefined;
        if (first === undefined) return;
        const deliver = (chunk: Uint8Array): boolean => {
          if (this.#state === "open") this.#onData?.(chunk);
          return true;
        };
        this.#frames.onData(deliver);
        queueMicrotask(() => {
          deliver(first);
          this.#frames.resume();
        });
      },
      onClose: (listener) => {
        this.#onClose = listener;
      },
      close: () => this.#close(),
    };
  }

  async #close(): Promise<void> {
    if (this.#state === "ended") return;
    const first = this.#state === "open";
    this.#state = "closing";
    await this.#end();
    if (first) this.#onClose?.();
  }

  async #died(): Promise<void> {
    if (this.#state !== "open") return;
    const fault = this.#fault(
      kindOf(this.#said, "closed"),
      "reading frames",
      this.#tail(`${this.#options.command} ${this.#ending()}`),
    );
    await this.#end();
    this.#onClose?.(fault);
  }

  /** Ends the whole group, gently first, and waits for it. */
  async #end(): Promise<void> {
    this.#state = "closing";
    this.#kill("SIGTERM");
    // A full pipe would keep the program from noticing that it is to end.
    this.#frames.onData(() => true);
    this.#frames.resume();
    const { endMs = 1_000 } = this.#options;
    const ended = (await atMost(endMs, this.#exited)) || (await this.#killed(endMs));
    // Its helpers may have outlived it.
    this.#kill("SIGKILL");
    this.#frames.close();
    this.#state = "ended";
    if (ended) this.#over();
    else this.#abandon();
  }

  #killed(withinMs: number): Promise<boolean> {
    this.#kill("SIGKILL");
    return atMost(withinMs, this.#exited);
  }

  /** A driver that hangs in the kernel keeps its process, or a helper keeps its output: go on without. */
  #abandon(): void {
    const { exitCode, signalCode, pid } = this.#child;
    this.#child.stderr.destroy();
    if (exitCode !== null || signalCode !== null) return this.#over();
    this.abandoned = `${this.#options.command} (process ${pid}) does not end even when killed; unplug the camera, or restart the machine`;
    this.#child.unref();
    this.#child.once("exit", () => this.#over());
  }

  #over(): void {
    process.removeListener("exit", this.#killAtExit);
    this.#onEnd();
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  #ending(): string {
    const { exitCode, signalCode } = this.#child;
    return signalCode === null ? `ended with ${exitCode ?? "no status"}` : `ended by ${signalCode}`;
  }

  #tail(what: string): string {
    const lines = this.#said.trim().split("\n").slice(-3).join(" / ");
    return lines === "" ? what : `${what}: ${lines}`;
  }

  #fault(kind: BusErrorKind, during: string, detail: string): BusError {
    return new BusError(kind, { bus: this.#name, during, detail });
  }
}

/** What the program's complaint means; camera programs have no exit codes for it. */
function kindOf(said: string, otherwise: BusErrorKind = "absent"): BusErrorKind {
  if (/permission denied|operation not permitted/i.test(said)) return "denied";
  if (/busy|in use|pipeline handler in use/i.test(said)) return "busy";
  if (/no cameras available|no such (file|device)|cannot open video device/i.test(said)) {
    return "absent";
  }
  return otherwise;
}
