/** One reading for each presentation: remembers which codes are in view and which were reported already. */
import type { DecodedCode } from "../../../devices.ts";
import { contentKey } from "../decode/rank.ts";

/** A code of a frame, and whether it is one that the door decides about. */
export interface Sighting {
  code: DecodedCode;
  wanted: boolean;
}

/** What is held up in front of the camera, as far as it was read. */
export interface Presentations {
  /**
   * Takes what one frame held, ranked. Returns the code to report, if any: the first that was not
   * reported yet. A second one waits for the next frame. What is not wanted waits until nothing
   * else can be read beside it, and is not reported at all where something wanted is.
   * @param settled nothing else is going to be read in this frame
   */
  observe(sightings: readonly Sighting[], atMs: number, settled: boolean): Sighting | undefined;
  /** The picture changed in a frame: what was in view before it may be gone. */
  change(atMs: number): void;
  /** The picture stayed as it was: what was read in it since it last changed is still in view. */
  hold(atMs: number): void;
}

interface Seen {
  firstMs: number;
  lastMs: number;
  /** Frames without it since it was last seen. */
  missed: number;
  /** Reported, or seen beside what was. */
  told: boolean;
  wanted: boolean;
}

// What is in view for so long hangs there; that somebody stood in front of it does not make it new.
const SCENERY = { afterMs: 30_000, forgetAfterMs: 600_000 };

/**
 * @param forgetAfterMs how long a code must be out of view before it counts as shown again
 * @param waitMs how long what is not wanted waits for what is, where frames are not settled
 */
export function createPresentations(forgetAfterMs: number, waitMs: number): Presentations {
  const inView = new Map<string, Seen>();
  let changedMs = 0;
  return {
    observe(sightings, atMs, settled) {
      const present = new Set(sightings.map(({ code }) => contentKey(code)));
      for (const [key, seen] of inView) {
        const isScenery = !seen.wanted && seen.lastMs - seen.firstMs >= SCENERY.afterMs;
        const gone = atMs - seen.lastMs >= (isScenery ? SCENERY.forgetAfterMs : forgetAfterMs);
        // Time alone proves nothing: while the camera stood still nobody looked.
        if (gone && (seen.missed > 0 || !present.has(key))) inView.delete(key);
        else if (!present.has(key)) seen.missed += 1;
      }
      const wantedInView =
        sightings.some(({ wanted }) => wanted) ||
        [...inView.values()].some((seen) => seen.wanted && atMs - seen.lastMs < forgetAfterMs);
      let reported: Sighting | undefined;
      for (const sighting of sightings) {
        const key = contentKey(sighting.code);
        const { wanted } = sighting;
        const seen = inView.get(key) ?? {
          firstMs: atMs,
          lastMs: atMs,
          missed: 0,
          told: false,
          wanted,
        };
        inView.set(key, seen);
        seen.lastMs = Math.max(seen.lastMs, atMs);
        seen.missed = 0;
        if (seen.told) continue;
        if (!wanted && wantedInView) {
          seen.told = true;
        } else if (reported === undefined && (wanted || settled || atMs - seen.firstMs >= waitMs)) {
          seen.told = true;
          reported = sighting;
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
