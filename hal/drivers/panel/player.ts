/** Plays a signal's pattern on four switches, by our clock: no timer of the lamp library is ever started. */
import type { Clock, Timer } from "../../clock.ts";
import type { PanelSignal } from "../../devices.ts";
import { PATTERNS } from "./signals.ts";
import type { Lamp, Rhythm } from "./signals.ts";

/** Switches one lamp or the buzzer. */
export type Switch = (on: boolean) => void;

export interface Player {
  /** Replaces whatever was playing. Lamps that stay as they are do not flicker. */
  play(signal: PanelSignal): void;
  /** Everything dark and still. */
  stop(): void;
}

export function createPlayer(clock: Clock, switches: Readonly<Record<Lamp, Switch>>): Player {
  const lamps = (Object.keys(switches) as Lamp[]).map((lamp) => ({
    lamp,
    player: createLampPlayer(clock, switches[lamp]),
  }));
  return {
    play(signal) {
      const pattern = PATTERNS[signal];
      for (const { lamp, player } of lamps) player.play(pattern[lamp]);
    },
    stop() {
      for (const { player } of lamps) player.play(undefined);
    },
  };
}

function createLampPlayer(
  clock: Clock,
  flip: Switch,
): { play(part: "steady" | Rhythm | undefined): void } {
  let timer: Timer | undefined;
  const span = (rhythm: Rhythm, index: number): void => {
    const rounds = Math.floor(index / rhythm.spansMs.length);
    if (rounds === rhythm.times) {
      flip(false);
      return;
    }
    flip(index % 2 === 0);
    timer = clock.after(rhythm.spansMs[index % rhythm.spansMs.length] ?? 0, () =>
      span(rhythm, index + 1),
    );
  };
  return {
    play(part) {
      timer?.cancel();
      if (part === "steady") flip(true);
      else if (part === undefined) flip(false);
      else span(part, 0);
    },
  };
}
