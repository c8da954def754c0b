/** Three lights and a buzzer on GPIO lines, through johnny-five. */
import type { GpioHost, OutputLine } from "../../../bus/gpio.ts";
import type { Clock } from "../../../clock.ts";
import type { Panel } from "../../../devices.ts";
import type { PanelPins } from "../board.ts";
import { createLineIo, type LineIo } from "./line-io.ts";
import { SignalPanel } from "../signal-panel.ts";
import type { PanelBoard } from "../signal-panel.ts";

export interface PanelOptions {
  gpio: GpioHost;
  clock: Clock;
  /** Line numbers; 1 lights a lamp or sounds the buzzer. */
  lines: PanelPins;
}

/** A panel on GPIO lines. It shows `idle` until the first signal and is dark when stopped. */
export function createPanel({ gpio, clock, lines }: PanelOptions): Panel {
  const io = createLineIo();
  return new SignalPanel({
    clock,
    pins: lines,
    withBoard: (use) => withLines(gpio, Object.values(lines), io, use),
  });
}

async function withLines(
  gpio: GpioHost,
  pins: readonly number[],
  io: LineIo,
  use: (board: PanelBoard) => Promise<void>,
): Promise<void> {
  const lines = new Map<number, OutputLine>();
  try {
    for (const pin of pins) lines.set(pin, await gpio.output(pin, { initial: 0 }));
    let fault: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      fault = reject;
    });
    io.connect(lines, fault);
    await use({
      io,
      settled: () => io.settled(),
      ended: (session) => Promise.race([failed, session.stopped]),
    });
  } finally {
    io.disconnect();
    for (const line of lines.values()) await line.close().catch(() => undefined);
  }
}
