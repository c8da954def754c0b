/** Loads files that the door works without: retries those that cannot be used, and raises an alarm meanwhile. */
import { withDeadline, type Clock, type Timer } from "../../hal/clock.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Log } from "./log.ts";
import { errorText } from "../base/errors.ts";
import type { Files } from "../base/files.ts";

/** An installer who has just copied a missing file waits for it. */
const FIRST_PAUSE_MS = 2_000;
const LAST_PAUSE_MS = 60_000;
/** The unit starts without what a disk or a network does not give it within this time. */
const FIRST_TRY_MS = 10_000;

export class Inputs {
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #log: Log;
  readonly #problems = new Map<string, string>();
  /** Retries by setting. */
  readonly #retries = new Map<string, Timer>();
  #gateway: Pick<Gateway, "dispatch"> | undefined;
  #stopped = false;

  constructor({ clock, files, log }: { clock: Clock; files: Files; log: Log }) {
    this.#clock = clock;
    this.#files = files;
    this.#log = log;
  }

  /** Problems now, by setting. */
  problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** From now on each problem is an alarm. */
  serve(gateway: Pick<Gateway, "dispatch">): void {
    this.#gateway = gateway;
    for (const setting of this.#problems.keys()) this.#raise(setting, true);
  }

  /** @param problem undefined where the setting can be used */
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
      this.#raise(setting, problem !== undefined);
  }

  /** Loads now, and again until it works. Resolves after the first try or 10 s, and never rejects. */
  async take(setting: string, file: string, work: () => Promise<void>): Promise<void> {
    this.#retries.get(setting)?.cancel();
    this.#retries.delete(setting);
    const first = this.#attempt(setting, file, work, FIRST_PAUSE_MS);
    const late = (): Error => new Error(`not read within ${FIRST_TRY_MS / 1_000} s`);
    await withDeadline(this.#clock, FIRST_TRY_MS, first, late).catch((error: unknown) => {
      if (!this.#stopped) this.note(setting, problemWith(file, error));
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#retries.values()) timer.cancel();
  }

  async #attempt(
    setting: string,
    file: string,
    work: () => Promise<void>,
    pauseMs: number,
  ): Promise<void> {
    try {
      // A pipe or a device could keep one of the few threads that read files, for ever.
      if (!(await this.#files.facts(file)).isFile) throw new Error("it is not a file");
      await work();
      if (!this.#stopped) this.note(setting, undefined);
    } catch (error) {
      if (this.#stopped) return;
      this.note(setting, problemWith(file, error));
      const retry = this.#clock.after(pauseMs, () => {
        this.#retries.delete(setting);
        void this.#attempt(setting, file, work, Math.min(LAST_PAUSE_MS, pauseMs * 2));
      });
      this.#retries.get(setting)?.cancel();
      this.#retries.set(setting, retry);
    }
  }

  #raise(subject: string, active: boolean): void {
    this.#gateway?.dispatch({ kind: "fault-changed", fault: "input-unavailable", subject, active });
  }
}

/** The file, where the message does not name it itself. */
export function problemWith(file: string, error: unknown): string {
  const message = errorText(error);
  return message.includes(file) ? message : `${file}: ${message}`;
}
