/** Gets the parts of one kind's sets: a few at a time, asked for until they are here and right. */
import type { Clock } from "../../hal/clock.ts";
import type { SetKind } from "../core/data-set.ts";
import { partLength, type Blob } from "../protocol/manifest.ts";
import type { Pace } from "../mqtt/rate-limiter.ts";
import { SetError, type SetLink, type SetWaits } from "./data-set.ts";
import { sha256Of, type SetFile, type Shelf } from "./data-set-cache.ts";

export interface PartFetcherOptions {
  kind: SetKind;
  shelf: Shelf;
  clock: Clock;
  pace: Pace;
  link: SetLink;
  waits: SetWaits;
}

/** Parts asked for at once: bounds what the broker holds for this unit. */
const WINDOW = 4;
/** Requests in a row that bring nothing before the fetch fails. */
const PATIENCE = 3;
/** Parts that are not what they are said to be before the fetch fails. */
const MOST_DAMAGED = 8;
/** How long to wait when the broker did not take a request. */
const REFUSED_MS = 1_000;

/** Not a failure: nobody wants the rest any more. */
export class Abandoned extends Error {
  override readonly name = "Abandoned";
}

export class PartFetcher {
  readonly #options: PartFetcherOptions;
  /** Parts under way, with the length each must have. */
  readonly #wanted = new Map<string, number>();
  #writing: Promise<void>[] = [];
  #damaged = 0;
  #wake: () => void = () => {};

  constructor(options: PartFetcherOptions) {
    this.#options = options;
  }

  /**
   * A blob with all its parts on the shelf. What came before, also before a restart, is not asked
   * for again.
   *
   * @param wanted whether anybody still waits for it
   * @throws SetError `parts-missing`, `part-damaged`, `whole-damaged`
   * @throws Abandoned when it is no longer wanted
   */
  async fetch(blob: Blob, version: number, wanted: () => boolean): Promise<SetFile> {
    const { shelf } = this.#options;
    const here = await shelf.partsOf(blob);
    const lengths = new Map(blob.parts.map((part, index) => [part, partLength(blob, index)]));
    const missing = new Map([...lengths].filter(([part]) => !here.has(part)));
    this.#damaged = 0;
    let unanswered = 0;
    while (missing.size > 0) {
      await this.#online(wanted);
      const damaged = this.#damaged;
      const came = await this.#ask(version, new Map([...missing].slice(0, WINDOW)), wanted);
      for (const part of came) missing.delete(part);
      const answered = came.length > 0 || this.#damaged > damaged;
      unanswered = answered ? 0 : unanswered + 1;
      if (this.#damaged >= MOST_DAMAGED) throw new SetError("part-damaged");
      if (unanswered >= PATIENCE) throw new SetError("parts-missing");
    }
    const whole = await shelf.assembled(blob);
    if (whole === undefined) throw new SetError("whole-damaged");
    return whole;
  }

  /** A part arrived; what was not asked for is left alone. */
  received(sha256: string, bytes: Uint8Array): void {
    const length = this.#wanted.get(sha256);
    if (length === undefined) return;
    if (bytes.length === length && sha256Of(bytes) === sha256) {
      this.#wanted.delete(sha256);
      this.#writing.push(this.#options.shelf.putPart(sha256, bytes));
    } else {
      this.#damaged += 1;
    }
    this.#wake();
  }

  /** Something changed that a wait may be about: the link, or whether anybody still waits. */
  wake(): void {
    this.#wake();
  }

  /** Asks for some parts and waits for them; which came. */
  async #ask(
    version: number,
    parts: ReadonlyMap<string, number>,
    wanted: () => boolean,
  ): Promise<string[]> {
    const { kind, link, pace, clock } = this.#options;
    for (const [part, length] of parts) this.#wanted.set(part, length);
    const asked = [...parts.keys()];
    if (await link.request(kind, version, asked)) await this.#arrivals(wanted);
    else await this.#pause(clock.monotonicMs() + REFUSED_MS);
    const came = asked.filter((part) => !this.#wanted.has(part));
    this.#wanted.clear();
    const writing = this.#writing;
    this.#writing = [];
    await Promise.all(writing);
    await pace.spend(came.reduce((sum, part) => sum + (parts.get(part) ?? 0), 0));
    return came;
  }

  async #arrivals(wanted: () => boolean): Promise<void> {
    const { clock, link, waits } = this.#options;
    const damagedBefore = this.#damaged;
    let left = this.#wanted.size;
    let untilMs = clock.monotonicMs() + waits.answerMs;
    while (this.#wanted.size > 0 && clock.monotonicMs() < untilMs) {
      await this.#pause(untilMs);
      if (!wanted() || !link.online() || this.#damaged > damagedBefore) return;
      if (this.#wanted.size < left) untilMs = clock.monotonicMs() + waits.answerMs;
      left = this.#wanted.size;
    }
  }

  async #online(wanted: () => boolean): Promise<void> {
    while (wanted() && !this.#options.link.online()) await this.#pause(Infinity);
    if (!wanted()) throw new Abandoned();
  }

  /** Until somebody wakes it, or until a moment of the monotonic clock. */
  #pause(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#options;
      const timer =
        untilMs === Infinity
          ? undefined
          : clock.after(Math.max(0, untilMs - clock.monotonicMs()), () => this.#wake());
      this.#wake = () => {
        timer?.cancel();
        this.#wake = () => {};
        resolve();
      };
    });
  }
}
