/** Asking an online service what a token means, without ever making a visitor wait for it. */
import type { DirectoryEntry } from "../../core/evidence/directory.ts";

/** The service, over whatever transport; rejects when it cannot be asked. Must stop on the signal. */
export interface ResolverClient {
  /** @returns the holder's entry, or undefined where the service does not know the token */
  ask(token: string, signal: AbortSignal): Promise<DirectoryEntry | undefined>;
}

/** The time a resolver needs; a unit's clock fits. */
export interface ResolverClock {
  monotonicMs(): number;
  wallMs(): number;
  after(delayMs: number, callback: () => void): { cancel(): void };
}

export interface ResolverOptions {
  client: ResolverClient;
  clock: ResolverClock;
  /** The door never waits longer than this. Default 300. */
  deadlineMs?: number;
  /** The circuit opens after so many failures in a row: the service is not asked for a while. Default 3. */
  failuresToOpen?: number;
  /** How long it stays open. Default 30,000. */
  openMs?: number;
  /**
   * How long an answer is given again, with its date, without asking. Default 600,000. Where the
   * service cannot be asked an older one is given too: how old it may be the policy says.
   */
  cacheMs?: number;
  /** The same for not knowing a token: who registers at the desk is known a moment later. Default 15,000. */
  cacheUnknownMs?: number;
  /** How many answers are kept; the oldest go first. Default 1,000. */
  cacheSize?: number;
  /** Called when the circuit opens, and when the service answers again. */
  onReachable?: (reachable: boolean) => void;
}

/** What came of asking. `asOfMs` is when the service said so (epoch ms). */
export type Resolution =
  | { outcome: "known"; entry: DirectoryEntry; asOfMs: number }
  | { outcome: "unknown"; asOfMs: number }
  | { outcome: "unreachable" };

interface Kept {
  resolution: Exclude<Resolution, { outcome: "unreachable" }>;
  atMs: number;
}

/** Deadline, circuit breaker and cache around a service. */
export class TokenResolver {
  #client: ResolverClient;
  #clock: ResolverClock;
  #limits: Required<Omit<ResolverOptions, "client" | "clock" | "onReachable">>;
  #onReachable: (reachable: boolean) => void;
  #kept = new Map<string, Kept>();
  #failures = 0;
  #openUntilMs = -Infinity;
  #reachable = true;

  constructor(options: ResolverOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#onReachable = options.onReachable ?? (() => {});
    this.#limits = {
      deadlineMs: options.deadlineMs ?? 300,
      failuresToOpen: options.failuresToOpen ?? 3,
      openMs: options.openMs ?? 30_000,
      cacheMs: options.cacheMs ?? 600_000,
      cacheUnknownMs: options.cacheUnknownMs ?? 15_000,
      cacheSize: options.cacheSize ?? 1_000,
    };
  }

  /** Whether the service is not asked for now, after failures. */
  isCircuitOpen(): boolean {
    return this.#clock.monotonicMs() < this.#openUntilMs;
  }

  /**
   * Resolves a token; never rejects, never takes longer than the deadline.
   * @param reference the token's keyed hash: answers are kept under it, tokens are not
   */
  async resolve(token: string, reference: string): Promise<Resolution> {
    const kept = this.#kept.get(reference);
    if (kept !== undefined && this.#isNew(kept)) return kept.resolution;
    const older: Resolution =
      kept?.resolution.outcome === "known" ? kept.resolution : { outcome: "unreachable" };
    if (this.isCircuitOpen()) return older;
    const answer = await this.#ask(token);
    if (answer === "failed") {
      this.#fail();
      return older;
    }
    this.#failures = 0;
    this.#report(true);
    const asOfMs = this.#clock.wallMs();
    const resolution: Kept["resolution"] =
      answer === undefined
        ? { outcome: "unknown", asOfMs }
        : { outcome: "known", entry: answer, asOfMs: answer.asOfMs };
    this.#keep(reference, resolution);
    return resolution;
  }

  #isNew({ resolution, atMs }: Kept): boolean {
    const { cacheMs, cacheUnknownMs } = this.#limits;
    const mostMs = resolution.outcome === "known" ? cacheMs : cacheUnknownMs;
    return this.#clock.monotonicMs() - atMs < mostMs;
  }

  async #ask(token: string): Promise<DirectoryEntry | undefined | "failed"> {
    const abort = new AbortController();
    let timer: { cancel(): void } | undefined;
    const deadline = new Promise<"failed">((resolve) => {
      timer = this.#clock.after(this.#limits.deadlineMs, () => {
        abort.abort();
        resolve("failed");
      });
    });
    try {
      return await Promise.race([this.#client.ask(token, abort.signal), deadline]);
    } catch {
      return "failed";
    } finally {
      timer?.cancel();
    }
  }

  #fail(): void {
    this.#failures += 1;
    if (this.#failures < this.#limits.failuresToOpen) return;
    // Afterwards one failure is enough to open the circuit again: a service that is down stays cheap.
    this.#failures = this.#limits.failuresToOpen - 1;
    this.#openUntilMs = this.#clock.monotonicMs() + this.#limits.openMs;
    this.#report(false);
  }

  #report(reachable: boolean): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    this.#onReachable(reachable);
  }

  #keep(reference: string, resolution: Kept["resolution"]): void {
    this.#kept.delete(reference);
    this.#kept.set(reference, { resolution, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#limits.cacheSize && oldest !== undefined) {
      this.#kept.delete(oldest);
    }
  }
}
