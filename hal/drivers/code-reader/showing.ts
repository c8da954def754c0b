/** One reading for each showing: remembers which codes are in view and which were told already. */
import type { DecodedCode } from "../../devices.ts";
import { contentKey } from "./rank.ts";

/** What is held up in front of the camera, as far as it was read. */
export interface Showings {
  /**
   * Takes what one frame held, ranked. Returns the code to report, if any: the first that was not
   * in view yet. A second new one waits for the next frame.
   */
  look(codes: readonly DecodedCode[], atMs: number): DecodedCode | undefined;
  /** The picture changed in a frame: what was in view before it may be gone. */
  change(atMs: number): void;
  /** The picture stayed as it was: what was read in it since it last changed is still in view. */
  hold(atMs: number): void;
}

interface Seen {
  lastMs: number;
  /** Frames without it since it was last seen. */
  missed: number;
}

/** @param forgetAfterMs how long a code must be out of view before it counts as shown again */
export function createShowings(forgetAfterMs: number): Showings {
  const inView = new Map<string, Seen>();
  let changedMs = 0;
  return {
    look(codes, atMs) {
      const present = new Set(codes.map(contentKey));
      for (const [key, seen] of inView) {
        const gone = atMs - seen.lastMs >= forgetAfterMs;
        // Time alone proves nothing: while the camera stood still nobody looked.
        if (gone && (seen.missed > 0 || !present.has(key))) inView.delete(key);
        else if (!present.has(key)) seen.missed += 1;
      }
      let reported: DecodedCode | undefined;
      for (const code of codes) {
        const key = contentKey(code);
        const seen = inView.get(key);
        if (seen !== undefined) {
          seen.lastMs = Math.max(seen.lastMs, atMs);
          seen.missed = 0;
        } else if (reported === undefined) {
          reported = code;
          inView.set(key, { lastMs: atMs, missed: 0 });
        }
      }
      return reported;
    },
    change(atMs) {
      changedMs = atMs;
    },
    hold(atMs) {
      for (const seen of inView.values()) {
        if (seen.lastMs < changedMs) continue;
        seen.lastMs = Math.max(seen.lastMs, atMs);
        seen.missed = 0;
      }
    },
  };
}
