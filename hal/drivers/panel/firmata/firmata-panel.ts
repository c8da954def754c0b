/** Three lights and a buzzer on an Arduino that speaks Firmata, through johnny-five. */
import { BusError } from "../../../bus/errors.ts";
import type { SerialHost } from "../../../bus/serial.ts";
import type { Clock } from "../../../clock.ts";
import type { Panel } from "../../../devices.ts";
import type { PanelPins } from "../board.ts";
import { openFirmata } from "./firmata-link.ts";
import type { FirmataLink } from "./firmata-link.ts";
import { SignalPanel } from "../signal-panel.ts";
import type { PanelBoard } from "../signal-panel.ts";
import type { Session } from "../../support/retry.ts";

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
  const { clock, pins } = options;
  return new SignalPanel({
    clock,
    pins,
    withBoard: (use) => withArduino(options, use),
    slow: true,
  });
}

async function withArduino(
  { host, clock, pins, baudRate = 57_600 }: FirmataPanelOptions,
  use: (board: PanelBoard) => Promise<void>,
): Promise<void> {
  const connection = await host.open({ baudRate });
  try {
    const link = await openFirmata(connection, clock);
    for (const pin of Object.values(pins)) requireOutput(link, pin, host.path);
    await use({
      io: link.io,
      settled: () => link.settled(),
      ended: (session) => Promise.race([link.lost, keepChecking(session, link)]),
    });
  } finally {
    await connection.close();
  }
}

async function keepChecking(session: Session, link: FirmataLink): Promise<void> {
  while (session.live) {
    await session.wait(CHECK_EVERY_MS);
    if (session.live) await link.check();
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
