/** A stand-in for systemd: starts a service, listens for its word, and acts as the unit file says. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const UNIT_FILE = new URL("../../../deploy/systemd/sentinel.service", import.meta.url);

/** What the unit file sets, as text; the last of several counts, as systemd.syntax(7) has it. */
export function directivesOf(file: URL = UNIT_FILE): Map<string, string> {
  const directives = new Map<string, string>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const match = /^(\w+)=(.*)$/.exec(line);
    if (match !== null) directives.set(match[1] ?? "", match[2] ?? "");
  }
  return directives;
}

export interface ServiceOptions {
  /** Where its notifications arrive. */
  socket: string;
  watchdogMs: number;
  /** Node arguments of the service. */
  start: readonly string[];
  /** Node arguments of what runs after it ended, as ExecStopPost= does. */
  stopPost: readonly string[];
}

/** One run of a service. */
export class ServiceDouble {
  readonly main: ChildProcess;
  /** When the watchdog ran out and when `stopPost` was done, monotonic ms. */
  readonly ended: Promise<{ timedOutAtMs: number; lockedAtMs: number; stopPostCode: number }>;
  readonly #listener: ChildProcess;

  private constructor(listener: ChildProcess, main: ChildProcess, ended: ServiceDouble["ended"]) {
    this.#listener = listener;
    this.main = main;
    this.ended = ended;
  }

  /** Resolves with what the service said first on its standard output. */
  static async start(
    options: ServiceOptions,
  ): Promise<{ service: ServiceDouble; said: Record<string, number> }> {
    const { socket, watchdogMs, start, stopPost } = options;
    const listener = spawn("socat", ["-d", "-d", "-u", `UNIX-RECV:${socket}`, "STDOUT"]);
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.stderr.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("starting data transfer loop")) resolve();
      });
    });
    const main = spawn(process.execPath, start, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(watchdogMs * 1_000) },
    });
    const ended = watch(listener, main, watchdogMs).then(async (timedOutAtMs) => {
      // WatchdogSignal=, to the main process; what is left of the group dies after ExecStopPost=.
      main.kill(signalOf(directivesOf()));
      await once(main, "exit");
      const post = spawn(process.execPath, stopPost, { stdio: "ignore" });
      const [stopPostCode] = (await once(post, "exit")) as [number];
      return { timedOutAtMs, lockedAtMs: performance.now(), stopPostCode };
    });
    const [text] = (await once(createInterface(main.stdout), "line")) as [string];
    const said = JSON.parse(text) as Record<string, number>;
    return { service: new ServiceDouble(listener, main, ended), said };
  }

  stop(): void {
    this.#listener.kill();
    this.main.kill("SIGKILL");
  }
}

/** Resolves when the service has not said that it lives for as long as the watchdog waits. */
function watch(listener: ChildProcess, main: ChildProcess, watchdogMs: number): Promise<number> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve(performance.now()), watchdogMs);
    };
    listener.stdout?.on("data", (chunk: Buffer) => {
      // From READY=1 on, as sd_watchdog_enabled(3) has it.
      if (/READY=1|WATCHDOG=1/.test(chunk.toString())) arm();
    });
    main.once("exit", () => {
      clearTimeout(timer);
      resolve(performance.now());
    });
  });
}

function signalOf(directives: ReadonlyMap<string, string>): NodeJS.Signals {
  return directives.get("WatchdogSignal") === "SIGKILL" ? "SIGKILL" : "SIGABRT";
}
