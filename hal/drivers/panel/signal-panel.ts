/** A panel on whatever board: shows the signal that holds now, and connects again after every fault. */
import type { IoPlugin } from "johnny-five";
import type { Clock } from "../../clock.ts";
import type { DeviceHealth, Panel, PanelSignal } from "../../devices.ts";
import { createHealth, failureOf } from "../support/health.ts";
import { createRetry } from "../support/retry.ts";
import type { Retry, Session } from "../support/retry.ts";
import { createSwitches } from "./board.ts";
import type { PanelPins } from "./board.ts";
import { createPlayer } from "./player.ts";
import type { Player } from "./player.ts";

/** A board that is there and whose pins may be written. */
export interface PanelBoard {
  readonly io: IoPlugin;
  /** Resolves when every write so far has arrived; rejects with the first that did not. */
  settled(): Promise<void>;
  /** Resolves when the session is over; rejects with what took the board away. */
  ended(session: Session): Promise<void>;
}

export interface SignalPanelOptions {
  clock: Clock;
  pins: PanelPins;
  /** Connects, has the board used, and lets it go whatever came of it. Rejects with any fault. */
  withBoard(use: (board: PanelBoard) => Promise<void>): Promise<void>;
  /** A board that takes seconds to introduce itself is waited for neither at the start nor at the end. */
  slow?: boolean;
}

/** A panel that shows `idle` until the first signal and is dark when stopped. */
export class SignalPanel implements Panel {
  readonly #options: SignalPanelOptions;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #signal: PanelSignal = "idle";
  /** The lamps of the last board: johnny-five never lets go of one, so none is made twice. */
  #made: { io: IoPlugin; switches: ReturnType<typeof createSwitches> } | undefined;
  #working: { player: Player; board: PanelBoard } | undefined;

  constructor(options: SignalPanelOptions) {
    this.#options = options;
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => options.withBoard((board) => this.#use(board, session)),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    const known = this.#retry.start();
    if (this.#options.slow !== true) await known;
  }

  async stop(): Promise<void> {
    const working = this.#working;
    working?.player.stop();
    // Dark means that the writes have arrived, on a board that still takes them.
    if (this.#options.slow !== true) await working?.board.settled().catch(() => undefined);
    this.#retry.stop();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  async show(signal: PanelSignal): Promise<void> {
    // Kept in any case: a panel that comes back shows what holds then. The same signal again is
    // played again, because the next visitor must hear it too.
    this.#signal = signal;
    this.#working?.player.play(signal);
    await this.#working?.board.settled();
  }

  async #use(board: PanelBoard, session: Session): Promise<void> {
    const { clock, pins } = this.#options;
    if (this.#made?.io !== board.io) {
      this.#made = { io: board.io, switches: createSwitches(board.io, pins) };
    }
    const player = createPlayer(clock, this.#made.switches);
    try {
      if (!session.live) return;
      this.#working = { player, board };
      player.play(this.#signal);
      await board.settled();
      if (!session.live) return;
      this.#health.set({ state: "ok" });
      this.#retry.succeeded();
      await board.ended(session);
    } finally {
      player.stop();
      this.#working = undefined;
      await board.settled().catch(() => undefined);
    }
  }
}
