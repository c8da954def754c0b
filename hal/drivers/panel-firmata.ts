/** Three lights and a buzzer on an Arduino that speaks Firmata, through johnny-five. */
import { BusError } from "../bus/errors.ts";
import type { SerialHost } from "../bus/serial.ts";
import type { Clock } from "../clock.ts";
import type { DeviceHealth, Panel, PanelSignal } from "../devices.ts";
import { createSwitches } from "./panel/board.ts";
import type { PanelPins } from "./panel/board.ts";
import { openFirmata } from "./panel/firmata-link.ts";
import type { FirmataLink } from "./panel/firmata-link.ts";
import { createPlayer } from "./panel/player.ts";
import type { Player } from "./panel/player.ts";
import { createHealth, failureOf } from "./support/health.ts";
import { createRetry } from "./support/retry.ts";
import type { Retry, Session } from "./support/retry.ts";

export interface FirmataPanelOptions {
  host: SerialHost;
  clock: Clock;
  /** Pin numbers of the Arduino; 1 lights a lamp or sounds the buzzer. */
  pins: PanelPins;
  /** What the sketch was built with; StandardFirmata uses 57600. */
  baudRate?: number;
}

const MODE_OUTPUT = 1;
const CHECK_EVERY_MS = 5000;

/**
 * A panel on a serial line. It shows `idle` until told otherwise and is dark when stopped. Only
 * for lights: a board without a watchdog must never hold the gate's relay.
 */
export function createFirmataPanel(options: FirmataPanelOptions): Panel {
  return new FirmataPanel(options);
}

class FirmataPanel implements Panel {
  readonly #options: FirmataPanelOptions;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #signal: PanelSignal = "idle";
  #working: { player: Player; link: FirmataLink } | undefined;

  constructor(options: FirmataPanelOptions) {
    this.#options = options;
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#run(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    // The board takes seconds to introduce itself; nobody needs to wait for it.
    void this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#working?.player.stop();
    this.#retry.stop();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  async show(signal: PanelSignal): Promise<void> {
    // Kept in any case: a panel that comes back shows what holds then.
    this.#signal = signal;
    this.#working?.player.play(signal);
    await this.#working?.link.settled();
  }

  async #run(session: Session): Promise<void> {
    const { host, clock, pins, baudRate = 57_600 } = this.#options;
    const connection = await host.open({ baudRate });
    try {
      const link = await openFirmata(connection, clock);
      for (const pin of Object.values(pins)) requireOutput(link, pin, host.path);
      const player = createPlayer(clock, createSwitches(link.io, pins));
      if (!session.live) return;
      this.#working = { player, link };
      player.play(this.#signal);
      await link.settled();
      this.#health.set({ state: "ok" });
      this.#retry.succeeded();
      await Promise.race([link.lost, this.#keepChecking(session, link)]);
      await link.settled();
    } finally {
      this.#working?.player.stop();
      this.#working = undefined;
      await connection.close();
    }
  }

  async #keepChecking(session: Session, link: FirmataLink): Promise<void> {
    while (session.live) {
      await session.wait(CHECK_EVERY_MS);
      if (session.live) await link.check();
    }
  }
}

function requireOutput(link: FirmataLink, pin: number, bus: string): void {
  if (link.io.pins[pin]?.supportedModes.includes(MODE_OUTPUT) === true) return;
  throw new BusError("unsupported", {
    bus,
    during: "taking the panel's pins",
    detail: `the board has no output on pin ${pin}`,
  });
}
