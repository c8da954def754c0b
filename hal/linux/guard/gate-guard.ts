/** The unit's side of the gate guard: starts it, commands it, and takes the line over when it dies. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { BusError } from "../../bus/errors.ts";
import type { GuardedLine, Level } from "../../bus/gpio.ts";
import { atMost } from "../at-most.ts";
import { lockLine, nameOf, openGuardLine } from "./guard-line.ts";
import type { GuardLineSpec, SyncLine } from "./guard-line.ts";
import {
  HEARTBEAT_MS,
  createLineSplitter,
  decodeReport,
  encodeCommand,
  monotonicMs,
  SILENCE_MS,
} from "./guard-protocol.ts";
import type { GuardCommand } from "./guard-protocol.ts";

export interface GuardedLineOptions {
  line: GuardLineSpec;
  /** The longest one release can last, ms, kept by the guard itself. */
  maximumMs: number;
  /** How long a new guard may take until it is ready, ms. */
  startMs?: number;
}

/** The line, and the guard's process id for whoever watches or tests it. */
export interface ProcessGuardedLine extends GuardedLine {
  readonly guardPid: number;
}

// A release that goes on is ended from here first, which costs nothing if the guard is only late on
// a busy machine. One that still does not say it is over is as bad as a dead one.
const LATE_MS = 50;
const OVERDUE_MS = 150;
// Late beats alone prove nothing while this process itself stood still: some must be unanswered.
const BEATS_UNANSWERED = 4;
/** After a kill: a process that hangs in the kernel is left behind, its pipe closed. */
const KILLED_MS = 1_000;
const PROGRAM = fileURLToPath(new URL("guard-process.ts", import.meta.url));

/**
 * Locks the line, then starts a guard for it. Whatever went wrong with a guard before is over then.
 * @throws BusError when the line is not there or the guard does not come up
 */
export async function createGuardedLine(options: GuardedLineOptions): Promise<ProcessGuardedLine> {
  const { line, maximumMs, startMs = 10_000 } = options;
  if (!Number.isInteger(maximumMs) || maximumMs < 1) {
    throw new RangeError(`a guard's maximum is a whole number of ms from 1, not ${maximumMs}`);
  }
  const guard = new GuardProcess(line, await openGuardLine(line), maximumMs);
  await guard.ready(startMs);
  return guard;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;
type Waiting = { resolve: () => void; reject: (error: Error) => void };

class GuardProcess implements ProcessGuardedLine {
  readonly name: string;
  readonly maximumMs: number;
  readonly #spec: GuardLineSpec;
  /** Taken beforehand: when it has to be lowered from here there is no time to look for it. */
  readonly #line: SyncLine;
  readonly #child: Child;
  readonly #waiting = new Map<number, Waiting>();
  readonly #beats: NodeJS.Timeout;
  #sequence = 0;
  #level: Level = 0;
  #lastBeatMs = performance.now();
  #beatsUnanswered = 0;
  #overdue: NodeJS.Timeout | undefined;
  #state: "starting" | "ready" | "lost" | "closing" = "starting";
  #becameReady: Waiting | undefined;
  readonly #exited: Promise<void>;
  #onLevel: ((level: Level) => void) | undefined;
  #onLost: ((error: Error) => void) | undefined;

  constructor(spec: GuardLineSpec, line: SyncLine, maximumMs: number) {
    this.#spec = spec;
    this.#line = line;
    this.maximumMs = maximumMs;
    this.name = `guard of ${nameOf(spec)}`;
    this.#child = spawn(
      process.execPath,
      ["--max-old-space-size=32", PROGRAM, JSON.stringify({ line: spec, maximumMs })],
      // A group of its own: an interrupt from the keyboard reaches the unit, which then locks.
      { stdio: ["pipe", "pipe", "inherit"], detached: true },
    );
    this.#exited = endOf(this.#child).then((how) => this.#ended(how));
    this.#child.stdin.on("error", () => undefined); // its exit says the same
    this.#child.stdout.setEncoding("utf8");
    this.#child.stdout.on(
      "data",
      createLineSplitter((text) => this.#hear(text)),
    );
    this.#beats = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  get guardPid(): number {
    return this.#child.pid ?? -1;
  }

  /** Resolves once the guard holds the line. */
  async ready(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), withinMs);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#becameReady = { resolve, reject };
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async energise(forMs: number): Promise<void> {
    if (!(forMs >= 1 && forMs <= this.maximumMs)) {
      throw new RangeError(`a release lasts 1 to ${this.maximumMs} ms, not ${forMs}`);
    }
    const wholeMs = Math.floor(forMs);
    const sequence = ++this.#sequence;
    clearTimeout(this.#overdue);
    // One that has not answered may have raised the line and stopped before it could say so.
    const isUp = (): boolean => this.#level === 1 || this.#waiting.has(sequence);
    this.#overdue = setTimeout(() => {
      if (!isUp()) return;
      this.#lower();
      this.#overdue = setTimeout(() => {
        if (isUp()) this.#child.kill("SIGKILL");
      }, OVERDUE_MS - LATE_MS);
    }, wholeMs + LATE_MS);
    await this.#command({ kind: "energise", sequence, forMs: wholeMs, askedAtMs: monotonicMs() });
  }

  async deenergise(): Promise<void> {
    await this.#command({ kind: "deenergise", sequence: ++this.#sequence });
  }

  onLevel(listener: (level: Level) => void): void {
    this.#onLevel = listener;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost = listener;
  }

  async close(): Promise<void> {
    if (this.#state === "ready" || this.#state === "starting") {
      this.#state = "closing";
      // The guard locks and leaves when its pipe ends; one that does not is made to.
      this.#child.stdin.end();
      const patience = setTimeout(() => this.#child.kill("SIGKILL"), SILENCE_MS);
      await atMost(SILENCE_MS + KILLED_MS, this.#exited);
      clearTimeout(patience);
    }
    await atMost(KILLED_MS, this.#exited);
  }

  #command(command: Exclude<GuardCommand, { kind: "beat" }>): Promise<void> {
    if (this.#state !== "ready") return Promise.reject(this.#lostWhile(`asked to ${command.kind}`));
    return new Promise((resolve, reject) => {
      this.#waiting.set(command.sequence, { resolve, reject });
      this.#child.stdin.write(encodeCommand(command));
    });
  }

  #beat(): void {
    if (this.#state !== "ready") return;
    const silentMs = performance.now() - this.#lastBeatMs;
    if (silentMs > SILENCE_MS && this.#beatsUnanswered > BEATS_UNANSWERED) {
      this.#child.kill("SIGKILL");
      return;
    }
    this.#beatsUnanswered += 1;
    this.#child.stdin.write(encodeCommand({ kind: "beat" }));
  }

  #hear(text: string): void {
    // What a guard said before its end may be read after it, when the line is down already.
    if (this.#state === "lost") return;
    const report = decodeReport(text);
    if (report === undefined) {
      // Whatever speaks there is not our guard.
      this.#child.kill("SIGKILL");
      return;
    }
    switch (report.kind) {
      case "ready":
        this.#state = "ready";
        this.#becameReady?.resolve();
        return;
      case "beat":
        this.#lastBeatMs = performance.now();
        this.#beatsUnanswered = 0;
        return;
      case "level":
        this.#seen(report.level);
        return;
      case "done":
        this.#waiting.get(report.sequence)?.resolve();
        this.#waiting.delete(report.sequence);
    }
  }

  #seen(level: Level): void {
    if (level === this.#level) return;
    this.#level = level;
    if (level === 0) clearTimeout(this.#overdue);
    this.#onLevel?.(level);
  }

  /** The guard is gone: lower the line first, then tell. */
  async #ended(how: string): Promise<void> {
    const expected = this.#state === "closing";
    const error = this.#lostWhile("guarding the line", how);
    if (this.#state === "lost") return;
    this.#state = "lost";
    clearInterval(this.#beats);
    clearTimeout(this.#overdue);
    let unlockable: unknown;
    try {
      if (!this.#lower()) await lockLine(this.#spec);
      this.#seen(0);
    } catch (failure) {
      unlockable = failure;
    }
    this.#becameReady?.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (!expected) this.#onLost?.(unlockable instanceof Error ? unlockable : error);
  }

  /** Drives the line to 0 over the guard's head; whether it could. */
  #lower(): boolean {
    try {
      this.#line.set(0);
      return true;
    } catch {
      return false;
    }
  }

  #lostWhile(during: string, detail = "the guard is gone"): BusError {
    return new BusError("closed", { bus: this.name, during, detail });
  }
}

/** How a process ended, in words; also when it could not be started at all. */
function endOf(child: Child): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(`it ended by ${signal ?? `code ${code}`}`));
    child.once("error", (error) => resolve(error.message));
  });
}
