/** Approach detection: whether a warm body is in view, against a background that changes over the day. */

export interface ApproachOptions {
  /** Nothing cooler than this is a person, °C. */
  enterC: number;
  /** How much warmer than the background a person must be, K. */
  contrastK: number;
  /** Slack before an arrival or a departure counts, K: people sway. */
  hysteresisK: number;
}

export const APPROACH_DEFAULTS: ApproachOptions = {
  enterC: 30,
  contrastK: 1.5,
  hysteresisK: 0.7,
};

// The background follows the view within about a minute while no person is detected. It also follows
// slowly while one is, so that a wall in the sun does not count as a visitor for ever.
const EMPTY_TIME_CONSTANT_MS = 60_000;
const OCCUPIED_TIME_CONSTANT_MS = 900_000;

/** Watches one stream of object temperatures. */
export interface ApproachDetector {
  readonly present: boolean;
  /** Takes the next sample; returns whether a person is in view. */
  observe(objectC: number, ambientC: number, atMs: number): boolean;
  /** Nothing can be seen any more; the background is forgotten too. */
  reset(): void;
}

export function createApproachDetector(options: ApproachOptions): ApproachDetector {
  let present = false;
  let background: { celsius: number; atMs: number } | undefined;
  return {
    get present() {
      return present;
    },
    observe(objectC, ambientC, atMs) {
      // Before anything was learned the air temperature stands for the background.
      background ??= { celsius: ambientC, atMs };
      const slack = present ? options.hysteresisK : 0;
      present =
        objectC >= options.enterC - slack &&
        objectC >= background.celsius + options.contrastK - slack;
      const constant = present ? OCCUPIED_TIME_CONSTANT_MS : EMPTY_TIME_CONSTANT_MS;
      const share = 1 - Math.exp(-(atMs - background.atMs) / constant);
      background.celsius += share * (objectC - background.celsius);
      background.atMs = atMs;
      return present;
    },
    reset() {
      present = false;
      background = undefined;
    },
  };
}
