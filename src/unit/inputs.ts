/**
 * Files and addresses of the configuration that the door does not need: taken up when they can be
 * used, named in log and alarm while they cannot, and tried again until they can.
 */
import { stat } from "node:fs/promises";
import { withDeadline, type Clock, type Timer } from "../../hal/clock.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Log } from "./log.ts";
import { errorText } from "../base/errors.ts";

/** Somebody who has just copied a missing file waits for it. */
const FIRST_PAUSE_MS = 2_000;
const LAST_PAUSE_MS = 60_000;
/** The unit starts without what a disk or a network does not give it within this time. */
const FIRST_TRY_MS = 10_000;

export class Inputs {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #problems = new Map<string, string>();
  readonly #waiting = new Set<Timer>();
  #gateway: Pick<Gateway, "dispatch"> | undefined;
  #stopped = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What is wrong now, by setting. */
  problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** From now on what is wrong is an alarm at the door. */
  serve(gateway: Pick<Gateway, "dispatch">): void {
    this.#gateway = gateway;
    for (const setting of this.#problems.keys()) this.#tell(setting, true);
  }

  /** @param problem nothing where the setting is well */
  note(setting: string, problem: string | undefined): void {
    const former = this.#problems.get(setting);
    if (problem === former) return;
    if (problem === undefined) {
      this.#problems.delete(setting);
      this.#log("data-loaded", { setting });
    } else {
      this.#problems.set(setting, problem);
      this.#log("data-not-loaded", { setting, problem });
    }
    if ((problem === undefined) !== (former === undefined))
      this.#tell(setting, problem !== undefined);
  }

  /** Does it now, and again until it works. Resolves after the first try or 10 s, and never rejects. */
  async take(setting: string, file: string, work: () => Promise<void>): Promise<void> {
    const first = this.#attempt(setting, file, work, FIRST_PAUSE_MS);
    const late = (): Error => new Error(`not read within ${FIRST_TRY_MS / 1_000} s`);
    await withDeadline(this.#clock, FIRST_TRY_MS, first, late).catch((error: unknown) => {
      if (!this.#stopped) this.note(setting, problemWith(file, error));
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#waiting) timer.cancel();
  }

  async #attempt(
    setting: string,
    file: string,
    work: () => Promise<void>,
    pauseMs: number,
  ): Promise<void> {
    try {
      // A pipe or a device could keep one of the few threads that read files, for ever.
      if (!(await stat(file)).isFile()) throw new Error("it is not a file");
      await work();
      if (!this.#stopped) this.note(setting, undefined);
    } catch (error) {
      if (this.#stopped) return;
      this.note(setting, problemWith(file, error));
      const timer: Timer = this.#clock.after(pauseMs, () => {
        this.#waiting.delete(timer);
        void this.#attempt(setting, file, work, Math.min(LAST_PAUSE_MS, pauseMs * 2));
      });
      this.#waiting.add(timer);
    }
  }

  #tell(subject: string, active: boolean): void {
    this.#gateway?.dispatch({ kind: "fault-changed", fault: "input-unavailable", subject, active });
  }
}

/** The file, where the message does not name it itself. */
export function problemWith(file: string, error: unknown): string {
  const message = errorText(error);
  return message.includes(file) ? message : `${file}: ${message}`;
}
