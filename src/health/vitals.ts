/** Whether a unit is alive: its decision loop turned, and its database committed. */
import { withDeadline, type Clock } from "../../hal/clock.ts";
import { errorText } from "../base/errors.ts";

/** The loop, as far as being alive is concerned. */
export interface BeatingLoop {
  /** Takes an event that changes nothing. */
  dispatch(event: { kind: "timer-elapsed"; timer: "result"; about: string }): void;
  /** Monotonic ms. */
  progress(): { lastTurnAtMs: number; lastCommitAtMs: number };
}

export interface VitalsOptions {
  clock: Clock;
  /** The loop now running; another one after a restart. */
  loop: () => BeatingLoop;
  /** Commits something small to the database that holds the records. */
  commit: (atMs: number) => Promise<void>;
}

export interface Vitals {
  loop: { ok: boolean };
  database: { ok: boolean; ageMs: number; detail?: string };
}

/** A commit this recent need not be repeated: asking often must not wear out an SD card. */
const COMMIT_FRESH_MS = 10_000;
/** Longer than the slowest fsync of an SD card that still works. */
const COMMIT_WITHIN_MS = 3_000;

/** Looks, at most one commit at a time however many ask. */
export class VitalSigns {
  readonly #options: VitalsOptions;
  #ownCommitAtMs = -Infinity;
  #committing: Promise<string | undefined> | undefined;

  constructor(options: VitalsOptions) {
    this.#options = options;
  }

  /** Puts an event through the loop, and a commit through the database unless one just was. */
  async look(): Promise<Vitals> {
    const { clock } = this.#options;
    const loop = { ok: this.#turns() };
    let detail: string | undefined;
    if (this.#ageMs() > COMMIT_FRESH_MS) {
      this.#committing ??= this.#commit().finally(() => {
        this.#committing = undefined;
      });
      detail = await withDeadline(
        clock,
        COMMIT_WITHIN_MS,
        this.#committing,
        () => new Error(`no commit within ${COMMIT_WITHIN_MS} ms`),
      ).catch((error: unknown) => String(error));
    }
    const ageMs = this.#ageMs();
    const database = { ok: ageMs <= COMMIT_FRESH_MS, ageMs };
    return { loop, database: detail === undefined ? database : { ...database, detail } };
  }

  #turns(): boolean {
    const { clock, loop } = this.#options;
    const beforeMs = clock.monotonicMs();
    loop().dispatch({ kind: "timer-elapsed", timer: "result", about: "health" });
    return loop().progress().lastTurnAtMs >= beforeMs;
  }

  /** Since the last commit, of a record or of ours; the first one must be ours. */
  #ageMs(): number {
    const { clock, loop } = this.#options;
    // A loop that has just begun gives its start where its last commit would stand.
    if (this.#ownCommitAtMs === -Infinity) return Infinity;
    const { lastCommitAtMs } = loop().progress();
    return clock.monotonicMs() - Math.max(lastCommitAtMs, this.#ownCommitAtMs);
  }

  async #commit(): Promise<string | undefined> {
    const { clock, commit } = this.#options;
    try {
      await commit(clock.wallMs());
      this.#ownCommitAtMs = clock.monotonicMs();
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }
}
