/** Three lights and a buzzer on GPIO lines, through johnny-five. */
import type { GpioHost, OutputLine } from "../bus/gpio.ts";
import type { Clock } from "../clock.ts";
import type { DeviceHealth, Panel, PanelSignal } from "../devices.ts";
import { createSwitches } from "./panel/board.ts";
import type { PanelPins } from "./panel/board.ts";
import { createLineIo } from "./panel/line-io.ts";
import type { LineIo } from "./panel/line-io.ts";
import { createPlayer } from "./panel/player.ts";
import type { Player } from "./panel/player.ts";
import { createHealth, failureOf } from "./support/health.ts";
import { createRetry } from "./support/retry.ts";
import type { Retry, Session } from "./support/retry.ts";

export interface PanelOptions {
  gpio: GpioHost;
  clock: Clock;
  /** Line numbers; 1 lights a lamp or sounds the buzzer. */
  lines: PanelPins;
}

/** A panel on GPIO lines. It shows `idle` until told otherwise and is dark when stopped. */
export function createPanel(options: PanelOptions): Panel {
  return new LinePanel(options);
}

class LinePanel implements Panel {
  readonly #options: PanelOptions;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #signal: PanelSignal = "idle";
  #working: { player: Player; io: LineIo } | undefined;

  constructor(options: PanelOptions) {
    this.#options = options;
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#run(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    await this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#working?.player.stop();
    await this.#working?.io.settled().catch(() => undefined);
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
    await this.#working?.io.settled();
  }

  async #run(session: Session): Promise<void> {
    const lines = new Map<number, OutputLine>();
    try {
      for (const pin of Object.values(this.#options.lines)) {
        lines.set(pin, await this.#options.gpio.output(pin, { initial: 0 }));
      }
      let fault: (error: unknown) => void = () => undefined;
      const failed = new Promise<never>((_resolve, reject) => {
        fault = reject;
      });
      const io = createLineIo(lines, fault);
      const player = createPlayer(this.#options.clock, createSwitches(io, this.#options.lines));
      player.play(this.#signal);
      await io.settled();
      if (!session.live) return;
      this.#working = { player, io };
      this.#health.set({ state: "ok" });
      this.#retry.succeeded();
      await Promise.race([failed, session.stopped]);
    } finally {
      this.#working?.player.stop();
      this.#working = undefined;
      for (const line of lines.values()) await line.close().catch(() => undefined);
    }
  }
}
