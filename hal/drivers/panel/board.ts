/** A johnny-five board without its hostile defaults: no prompt on stdin, no signal handlers, no log. */
import five from "johnny-five";
import type { IoPlugin } from "johnny-five";
import type { Lamp } from "./signals.ts";
import type { Switch } from "./player.ts";

/** Which pin each part of the panel is on. */
export type PanelPins = Readonly<Record<Lamp, number>>;

const MODE_OUTPUT = 1; // Firmata protocol: pin mode 0x01

/**
 * Makes the lamps and the buzzer of a panel on an IO plugin. Their pins become outputs here:
 * johnny-five sets no mode for some of its components.
 *
 * The buzzer is a plain pin, an active buzzer that sounds while it is powered: johnny-five's Piezo
 * makes tones by keeping the processor busy.
 */
export function createSwitches(io: IoPlugin, pins: PanelPins): Record<Lamp, Switch> {
  const board = new five.Board({ io, repl: false, debug: false, sigint: false });
  // An `error` nobody listens to would end the process; faults are told by the plugin's writes.
  board.on("error", () => undefined);
  if (!board.isReady) {
    io.emit("connect");
    io.emit("ready");
  }
  // johnny-five keeps every board for ever. A panel that is plugged in again must not add up.
  const { cache } = five.Board;
  cache.splice(cache.indexOf(board), 1);

  const lamp = (pin: number): Switch => {
    const led = new five.Led({ board, pin });
    return (on) => void (on ? led.on() : led.off());
  };
  const buzzer = new five.Pin({ board, pin: pins.buzzer, type: "digital", as: MODE_OUTPUT });
  const switches = {
    red: lamp(pins.red),
    yellow: lamp(pins.yellow),
    green: lamp(pins.green),
    buzzer: (on: boolean) => void (on ? buzzer.high() : buzzer.low()),
  };
  // The other place that keeps it: what makes pin numbers of names, needed while parts are made.
  five.Board.Pins.normalize.clear();
  return switches;
}
