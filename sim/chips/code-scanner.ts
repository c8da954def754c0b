/**
 * A simulated code scanner: it decodes what is held before its window and sends the text over its
 * line, again and again while it stays there. Written from what such modules have in common (Hangzhou
 * Grow GM60-S user manual V1.1, June 2020: UART, 9600 baud, continuous reading by default), apart from
 * any driver.
 */
import type { SerialPeer } from "../bus/serial.ts";
import type { Clock, Timer } from "../../hal/clock.ts";

export interface CodeScannerOptions {
  clock: Clock;
  baudRate?: number;
  /** What it sends behind each text; default CR and LF. */
  suffix?: Uint8Array;
  /** From the code before its window to the first byte. */
  decodeMs?: number;
  /** From one sending to the next while the same code stays; 0: once only. */
  repeatMs?: number;
}

/** The scanner and the hands before its window. */
export interface CodeScannerPeer extends SerialPeer {
  /** Holds a code before the window, or takes it away. */
  show(content: Uint8Array | undefined): void;
  /** Sends bytes of its own accord, as a module at its start or a broken one does. */
  send(bytes: Uint8Array): void;
  /** Every byte it was ever sent. */
  readonly received: readonly number[];
}

export const CR_LF: Uint8Array = Uint8Array.of(0x0d, 0x0a);

/** A scanner with power and nothing before it. */
export function createCodeScannerPeer(options: CodeScannerOptions): CodeScannerPeer {
  const { clock, baudRate = 9_600, suffix = CR_LF, decodeMs = 150, repeatMs = 500 } = options;
  const received: number[] = [];
  let transmit: (bytes: Uint8Array) => void = () => undefined;
  let powered = true;
  let content: Uint8Array | undefined;
  let next: Timer | undefined;

  const sendContent = (): void => {
    if (content === undefined || !powered) return;
    transmit(Uint8Array.of(...content, ...suffix));
    if (repeatMs > 0) next = clock.after(repeatMs, sendContent);
  };
  const decode = (): void => {
    next?.cancel();
    next = content === undefined || !powered ? undefined : clock.after(decodeMs, sendContent);
  };

  return {
    baudRate,
    received,
    receive(bytes) {
      received.push(...bytes);
    },
    onSend(listener) {
      transmit = listener;
    },
    power(on) {
      powered = on;
      decode();
    },
    show(shown) {
      content = shown;
      decode();
    },
    send(bytes) {
      if (powered) transmit(bytes);
    },
  };
}
