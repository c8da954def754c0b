/** A child process that is started, listened to and killed, as often as one likes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import process from "node:process";

export interface StartOptions {
  /** Program and arguments that prepare the process and then become it. */
  under?: readonly string[];
}

/** One process of ours, by the script it runs. */
export class Victim {
  readonly #script: string;
  readonly #onLine: (line: string) => void;
  #child: ChildProcess | undefined;
  #gone: Promise<unknown> = Promise.resolve();
  #errors = "";
  #waiting: { line: string; resolve: () => void }[] = [];

  constructor(script: string, onLine: (line: string) => void = () => {}) {
    this.#script = fileURLToPath(new URL(script, import.meta.url));
    this.#onLine = onLine;
  }

  /** Starts it; resolves when it says that it is up, or is gone before it could. */
  async start(args: readonly string[], { under = [] }: StartOptions = {}): Promise<void> {
    const [program = "", ...rest] = [...under, process.execPath, this.#script, ...args];
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#errors = "";
    child.stderr.on("data", (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-2_000);
    });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      this.#onLine(line);
      for (const waiting of this.#waiting) if (waiting.line === line) waiting.resolve();
    });
    // Everything it said has been heard once its output is closed.
    this.#gone = Promise.all([once(child, "exit"), once(lines, "close")]);
    await Promise.race([this.heard("up"), this.#gone]);
  }

  running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && !this.killed();
  }

  /** Ended by a signal, its own or ours. */
  killed(): boolean {
    return this.#child?.signalCode != null;
  }

  pid(): number | undefined {
    return this.#child?.pid;
  }

  /** SIGSTOP and SIGCONT; to end it, `kill`. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** The end of what it complained about. */
  complaint(): string {
    return this.#errors;
  }

  /** Resolves when it says this line. */
  heard(line: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = {
        line,
        resolve: () => {
          this.#waiting = this.#waiting.filter((each) => each !== waiting);
          resolve();
        },
      };
      this.#waiting.push(waiting);
    });
  }

  /** Resolves when it is gone and everything it said was heard. */
  async gone(): Promise<void> {
    await this.#gone;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.running()) this.#child?.kill(signal);
    await this.#gone;
  }
}
