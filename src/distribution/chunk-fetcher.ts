/** Gets the parts of one kind's sets: a few at a time, asked for until they are here and right. */
import type { Clock } from "../../hal/clock.ts";
import type { DataSetKind } from "../core/data-set.ts";
import { chunkLength, type Blob } from "../protocol/manifest.ts";
import type { RateLimiter } from "../mqtt/rate-limiter.ts";
import { DataSetError, type ChunkRequester, type DataSetTimings } from "./data-set.ts";
import { sha256Of, type DataSetFile, type DataSetCache } from "./data-set-cache.ts";

export interface ChunkFetcherOptions {
  kind: DataSetKind;
  cache: DataSetCache;
  clock: Clock;
  rateLimiter: RateLimiter;
  link: ChunkRequester;
  timings: DataSetTimings;
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
export class FetchAborted extends Error {
  override readonly name = "Abandoned";
}

export class ChunkFetcher {
  readonly #options: ChunkFetcherOptions;
  /** Parts under way, with the length each must have. */
  readonly #requested = new Map<string, number>();
  #writing: Promise<void>[] = [];
  #damaged = 0;
  #wake: () => void = () => {};

  constructor(options: ChunkFetcherOptions) {
    this.#options = options;
  }

  /**
   * A blob with all its parts on the shelf. What came before, also before a restart, is not asked
   * for again.
   *
   * @param wanted whether anybody still waits for it
   * @throws DataSetError `parts-missing`, `part-damaged`, `whole-damaged`
   * @throws Abandoned when it is no longer wanted
   */
  async fetch(blob: Blob, version: number, wanted: () => boolean): Promise<DataSetFile> {
    const { cache } = this.#options;
    const here = await cache.chunksOf(blob);
    const lengths = new Map(blob.parts.map((part, index) => [part, chunkLength(blob, index)]));
    const missing = new Map([...lengths].filter(([part]) => !here.has(part)));
    this.#damaged = 0;
    let unanswered = 0;
    while (missing.size > 0) {
      await this.#untilOnline(wanted);
      const damaged = this.#damaged;
      const came = await this.#requestSome(version, new Map([...missing].slice(0, WINDOW)), wanted);
      for (const part of came) missing.delete(part);
      const answered = came.length > 0 || this.#damaged > damaged;
      unanswered = answered ? 0 : unanswered + 1;
      if (this.#damaged >= MOST_DAMAGED) throw new DataSetError("part-damaged");
      if (unanswered >= PATIENCE) throw new DataSetError("parts-missing");
    }
    const whole = await cache.assemble(blob);
    if (whole === undefined) throw new DataSetError("whole-damaged");
    return whole;
  }

  /** A part arrived; what was not asked for is left alone. */
  receiveChunk(sha256: string, bytes: Uint8Array): void {
    const length = this.#requested.get(sha256);
    if (length === undefined) return;
    if (bytes.length === length && sha256Of(bytes) === sha256) {
      this.#requested.delete(sha256);
      this.#writing.push(this.#options.cache.putChunk(sha256, bytes));
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
  async #requestSome(
    version: number,
    parts: ReadonlyMap<string, number>,
    wanted: () => boolean,
  ): Promise<string[]> {
    const { kind, link, rateLimiter, clock } = this.#options;
    for (const [part, length] of parts) this.#requested.set(part, length);
    const asked = [...parts.keys()];
    if (await link.request(kind, version, asked)) await this.#untilArrived(wanted);
    else await this.#pause(clock.monotonicMs() + REFUSED_MS);
    const came = asked.filter((part) => !this.#requested.has(part));
    this.#requested.clear();
    const writing = this.#writing;
    this.#writing = [];
    await Promise.all(writing);
    await rateLimiter.throttle(came.reduce((sum, part) => sum + (parts.get(part) ?? 0), 0));
    return came;
  }

  async #untilArrived(wanted: () => boolean): Promise<void> {
    const { clock, link, timings } = this.#options;
    const damagedBefore = this.#damaged;
    let left = this.#requested.size;
    let untilMs = clock.monotonicMs() + timings.answerMs;
    while (this.#requested.size > 0 && clock.monotonicMs() < untilMs) {
      await this.#pause(untilMs);
      if (!wanted() || !link.online() || this.#damaged > damagedBefore) return;
      if (this.#requested.size < left) untilMs = clock.monotonicMs() + timings.answerMs;
      left = this.#requested.size;
    }
  }

  async #untilOnline(wanted: () => boolean): Promise<void> {
    while (wanted() && !this.#options.link.online()) await this.#pause(Infinity);
    if (!wanted()) throw new FetchAborted();
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
