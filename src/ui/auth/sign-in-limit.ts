/** Rate limit of failed sign-ins, per client: a client that guesses tokens is blocked for a while. */
import type { Clock, Timer } from "../../../hal/clock.ts";
import { clientKeyOf } from "../client-key.ts";

/** Failed sign-ins of one client before it is blocked. */
export const MAX_FAILURES = 5;
/** Failures within this time count together, and a block lasts as long. */
export const BLOCK_MS = 60_000;
/** After so long without a blocked client the attack is over. */
export const ATTACK_OVER_MS = 600_000;
/** Clients remembered at once; the one that failed longest ago is forgotten first. */
const MAX_CLIENTS = 1_024;

interface Client {
  failures: number;
  /** Until then its failures count together, or it is blocked. Monotonic ms. */
  untilMs: number;
}

export class SignInLimit {
  readonly #clock: Clock;
  readonly #onTokenGuessing: (guessing: boolean) => void;
  readonly #clients = new Map<string, Client>();
  #attackOver: Timer | undefined;

  /** @param onTokenGuessing called when a client is blocked, and when none was for a while */
  constructor(clock: Clock, onTokenGuessing: (guessing: boolean) => void) {
    this.#clock = clock;
    this.#onTokenGuessing = onTokenGuessing;
  }

  /** For how long the client is blocked: not even the right token is accepted. 0 when it is not. */
  blockedMs(address: string): number {
    const client = this.#clients.get(clientKeyOf(address));
    if (client === undefined || client.failures < MAX_FAILURES) return 0;
    return Math.max(0, client.untilMs - this.#clock.monotonicMs());
  }

  recordFailure(address: string): void {
    const key = clientKeyOf(address);
    const nowMs = this.#clock.monotonicMs();
    const before = this.#clients.get(key);
    const addsUp = before !== undefined && nowMs < before.untilMs;
    const failures = addsUp ? before.failures + 1 : 1;
    const untilMs = addsUp && failures < MAX_FAILURES ? before.untilMs : nowMs + BLOCK_MS;
    // A map keeps the order of insertion: inserted again, the client is the newest.
    this.#clients.delete(key);
    this.#clients.set(key, { failures, untilMs });
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > MAX_CLIENTS && oldest !== undefined) this.#clients.delete(oldest);
    if (failures >= MAX_FAILURES) this.#reportAttack();
  }

  recordSuccess(address: string): void {
    this.#clients.delete(clientKeyOf(address));
  }

  stop(): void {
    this.#attackOver?.cancel();
  }

  #reportAttack(): void {
    if (this.#attackOver === undefined) this.#onTokenGuessing(true);
    else this.#attackOver.cancel();
    this.#attackOver = this.#clock.after(ATTACK_OVER_MS, () => {
      this.#attackOver = undefined;
      this.#onTokenGuessing(false);
    });
  }
}
