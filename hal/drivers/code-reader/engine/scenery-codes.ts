/** Which codes have hung in view for long: they are part of the doorway and not what a visitor shows. */
import type { DecodedCode } from "../../../devices.ts";
import { contentKey } from "../decode/rank.ts";

/** Follows one stream's wanted codes by frame number. */
export interface SceneryCodes {
  /** Takes what a frame held; whether one of them came into view lately. */
  isFresh(codes: readonly DecodedCode[], frame: number): boolean;
}

// Nobody holds a code up for longer than some seconds.
const FRESH_FRAMES = 300;
// What stands in front of it for as long as a visit takes does not make it new.
const FORGET_FRAMES = 1_800;

export function createSceneryCodes(): SceneryCodes {
  const inView = new Map<string, { last: number; seen: number }>();
  return {
    isFresh(codes, frame) {
      if (codes.length === 0) return false;
      for (const [key, { last, seen }] of inView) {
        const forgetAfter = seen >= FRESH_FRAMES ? FORGET_FRAMES : FRESH_FRAMES;
        if (frame - last > forgetAfter) inView.delete(key);
      }
      let fresh = false;
      for (const code of codes) {
        const key = contentKey(code);
        const known = inView.get(key) ?? { last: frame, seen: 0 };
        known.last = frame;
        known.seen += 1;
        inView.set(key, known);
        fresh ||= known.seen < FRESH_FRAMES;
      }
      return fresh;
    },
  };
}
