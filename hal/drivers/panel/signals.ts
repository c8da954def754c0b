/** What the panel shows for each signal, as data: which lamps, in which rhythm, and how the buzzer goes. */
import type { PanelSignal } from "../../devices.ts";

/** The parts of a panel. */
export type Lamp = "red" | "yellow" | "green" | "buzzer";

/** On for the first span, off for the second, and so on; ms. */
export interface Rhythm {
  spansMs: readonly number[];
  /** How often the spans are gone through; for ever when absent. Ends dark. */
  times?: number;
}

/** A lamp is steady, rhythmic, or (absent) dark. */
export type Pattern = Partial<Record<Lamp, "steady" | Rhythm>>;

const SLOW: Rhythm = { spansMs: [1000, 1000] };
const BLINK: Rhythm = { spansMs: [400, 400] };
const HURRY: Rhythm = { spansMs: [150, 150] };

/**
 * Colour, rhythm and number of beeps each distinguish the signals, so that neither colour-blind nor
 * deaf visitors depend on one of them. A dark panel is a dead one.
 */
export const PATTERNS: Readonly<Record<PanelSignal, Pattern>> = {
  idle: { yellow: "steady" },
  busy: { yellow: BLINK },
  granted: { green: "steady", buzzer: { spansMs: [120, 0], times: 1 } },
  denied: { red: "steady", buzzer: { spansMs: [150, 100], times: 3 } },
  referred: { red: "steady", yellow: "steady", buzzer: { spansMs: [300, 200], times: 2 } },
  attention: { yellow: HURRY, buzzer: { spansMs: [100, 900] } },
  fault: { red: SLOW },
  evacuate: { green: HURRY, buzzer: { spansMs: [500, 500] } },
};
