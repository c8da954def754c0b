/** Whether the picture changed, is blank, and since when something is going on in front of the camera. */
import type { Luminance } from "../image/image.ts";

/** What can be seen of a frame without decoding it. */
export interface SceneState {
  /** Some part of the picture differs visibly from the frame before. */
  changed: boolean;
  /** All of the picture is one level: a covered lens, a dead sensor, darkness. */
  blank: boolean;
  /** Frames since something new came into view, this one included. */
  framesSinceChange: number;
  /** Shares of the picture that are white or black through and through. */
  whiteShare: number;
  blackShare: number;
}

const COLUMNS = 32;
const ROWS = 24;
// Block means of a noisy still picture stay within about 2 levels; a code put in front of the
// background or taken away moves some block by far more than this.
const CHANGE_LEVELS = 10;
// A lens cap leaves sensor noise only, and the mean of a block averages that out.
const BLANK_LEVELS = 3;
const WHITE_LEVEL = 250;
const BLACK_LEVEL = 10;
// Shorter pauses belong to the same presentation: a hand that brings a phone stops and goes on.
const CALM_FRAMES = 5;

/** Follows one camera's frames by the means of a coarse grid; costs some microseconds a frame. */
export function createSceneChangeDetector(): { observe(image: Luminance): SceneState } {
  let before: Float32Array | undefined;
  let calm = CALM_FRAMES;
  let frames = 0;
  return {
    observe(image) {
      const now = blockMeans(image);
      let change = before === undefined ? Number.POSITIVE_INFINITY : 0;
      let darkest = Number.POSITIVE_INFINITY;
      let brightest = 0;
      let white = 0;
      let black = 0;
      now.forEach((mean, index) => {
        if (mean >= WHITE_LEVEL) white += 1;
        if (mean <= BLACK_LEVEL) black += 1;
        change = Math.max(change, Math.abs(mean - (before?.[index] ?? mean)));
        darkest = Math.min(darkest, mean);
        brightest = Math.max(brightest, mean);
      });
      const changed = change > CHANGE_LEVELS;
      if (changed) {
        if (calm >= CALM_FRAMES) frames = 0;
        calm = 0;
        before = now;
      } else {
        calm += 1;
        before ??= now;
      }
      frames += 1;
      return {
        changed,
        blank: brightest - darkest < BLANK_LEVELS,
        framesSinceChange: frames,
        whiteShare: white / now.length,
        blackShare: black / now.length,
      };
    },
  };
}

function blockMeans(image: Luminance): Float32Array {
  const { width, height, luminance } = image;
  const means = new Float32Array(COLUMNS * ROWS);
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      let sum = 0;
      // 64 samples a block tell its mean well enough.
      for (let sample = 0; sample < 64; sample++) {
        const x = Math.floor(((column + ((sample & 7) + 0.5) / 8) * width) / COLUMNS);
        const y = Math.floor(((row + ((sample >> 3) + 0.5) / 8) * height) / ROWS);
        sum += luminance[y * width + x] ?? 0;
      }
      means[row * COLUMNS + column] = sum / 64;
    }
  }
  return means;
}
