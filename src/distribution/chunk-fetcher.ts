/** Fetches the chunks of one kind's data sets: requests a few at a time until each has arrived undamaged. */
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

/** Chunks requested at once: bounds what the broker queues for this unit. */
const WINDOW = 4;
/** Unanswered requests in a row before the fetch fails. */
const MAX_UNANSWERED = 3;
/** Chunks that do not match their hash before the fetch fails. */
const MAX_DAMAGED = 8;
/** Wait after the broker refused a request. */
const REFUSED_MS = 1_000;

/** Not a failure: the set is no longer wanted. */
export class FetchAborted extends Error {
  override readonly name = "FetchAborted";
}

export class ChunkFetcher {
  readonly #options: ChunkFetcherOptions;
  /** Chunks requested and not yet received, with the length each must have. */
  readonly #requested = new Map<string, number>();
  #writing: Promise<void>[] = [];
  #damaged = 0;
  #wake: () => void = () => {};

  constructor(options: ChunkFetcherOptions) {
    this.#options = options;
  }

  /**
   * Fetches the chunks of a blob that are not in the cache, and assembles it. Chunks received before
   * a restart are not requested again.
   *
   * @param wanted whether the blob is still wanted
   * @throws DataSetError `parts-missing`, `part-damaged`, `whole-damaged`
   * @throws FetchAborted when it is no longer wanted
   */
  async fetch(blob: Blob, version: number, wanted: () => boolean): Promise<DataSetFile> {
    const { cache } = this.#options;
    const cached = await cache.chunksOf(blob);
    const lengths = new Map(blob.parts.map((chunk, index) => [chunk, chunkLength(blob, index)]));
    const missing = new Map([...lengths].filter(([chunk]) => !cached.has(chunk)));
    this.#damaged = 0;
    let unanswered = 0;
    while (missing.size > 0) {
      await this.#untilOnline(wanted);
      const damaged = this.#damaged;
      const arrived = await this.#requestSome(
        version,
        new Map([...missing].slice(0, WINDOW)),
        wanted,
      );
      for (const chunk of arrived) missing.delete(chunk);
      const answered = arrived.length > 0 || this.#damaged > damaged;
      unanswered = answered ? 0 : unanswered + 1;
      if (this.#damaged >= MAX_DAMAGED) throw new DataSetError("part-damaged");
      if (unanswered >= MAX_UNANSWERED) throw new DataSetError("parts-missing");
    }
    const whole = await cache.assemble(blob);
    if (whole === undefined) throw new DataSetError("whole-damaged");
    return whole;
  }

  /** A chunk arrived; one that was not requested is ignored. */
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

  /** Ends a wait early: the link, or whether the blob is wanted, has changed. */
  wake(): void {
    this.#wake();
  }

  /** Requests some chunks and waits for them. @returns those that arrived */
  async #requestSome(
    version: number,
    chunks: ReadonlyMap<string, number>,
    wanted: () => boolean,
  ): Promise<string[]> {
    const { kind, link, rateLimiter, clock } = this.#options;
    for (const [chunk, length] of chunks) this.#requested.set(chunk, length);
    const requested = [...chunks.keys()];
    if (await link.request(kind, version, requested)) await this.#untilArrived(wanted);
    else await this.#pause(clock.monotonicMs() + REFUSED_MS);
    const arrived = requested.filter((chunk) => !this.#requested.has(chunk));
    this.#requested.clear();
    const writing = this.#writing;
    this.#writing = [];
    await Promise.all(writing);
    await rateLimiter.throttle(arrived.reduce((sum, chunk) => sum + (chunks.get(chunk) ?? 0), 0));
    return arrived;
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

  /** Waits until `wake`, or until a moment of the monotonic clock. */
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
