/** When the camera's own exposure hides a code: which other one to try, for how long, and when to let go. */

/** What the policy knows of one frame. */
export interface ExposureInput {
  /** Frames since something new came into view, this one included. */
  framesSinceChange: number;
  /** Shares of the picture that are white or black through and through. */
  whiteShare: number;
  blackShare: number;
  /** A code was read since the frame before. */
  read: boolean;
}

/** Decides for one open camera; asked once for every frame. */
export interface ExposurePolicy {
  /** The exposure to set now, in stops from the automatic one; nothing where it stays. */
  next(frame: ExposureInput): number | undefined;
}

// The best attempts have been made by then.
const PATIENCE_FRAMES = 8;
// What stayed unread for so long is scenery, or its light changed.
const STALE_FRAMES = 10 * PATIENCE_FRAMES;
// A change takes a sensor two or three frames; the rest are for reading.
const FRAMES_A_TRY = 6;
// A window or a lamp is white all day: only what turned white with the newcomer counts.
const WHITE_RISE = 0.01;
const BLACK_SHARE = 0.6;
// A screen in a dark hall is some five stops too bright; a code on paper needs light, not less.
const SHORTER = [-2, -4];
const LONGER = [2];
// What was read at another exposure is in view as long as it goes on being read there.
const KEPT_FRAMES = 15;

/**
 * Something new that stays unread, and that is blown out or lost in darkness, is looked at with other
 * exposures, each once. One at which a code is read is kept while the code is there, so that letting
 * go does not make one showing two.
 */
export function createExposurePolicy(): ExposurePolicy {
  let bias = 0;
  let tries: number[] = [];
  let framesAtBias = 0;
  let framesUnread = 0;
  let kept = false;
  let spent = false;
  let before: ExposureInput | undefined;
  let restingWhite = 0;

  const set = (next: number): number => {
    bias = next;
    framesAtBias = 0;
    return next;
  };
  /** While another exposure is set. */
  const adjusted = (read: boolean): number | undefined => {
    kept ||= read;
    if (kept) return framesUnread < KEPT_FRAMES ? undefined : set(0);
    return framesAtBias < FRAMES_A_TRY ? undefined : set(tries.shift() ?? 0);
  };
  /** Notices what is new; setting an exposure changes the picture too, and that is nothing new. */
  const notice = (frame: ExposureInput): void => {
    const settling = spent && framesAtBias <= FRAMES_A_TRY;
    const isNew = before === undefined || frame.framesSinceChange < before.framesSinceChange;
    if (isNew && !settling) {
      spent = false;
      kept = false;
      framesUnread = 0;
      restingWhite = (before ?? frame).whiteShare;
    }
    before = frame;
  };
  return {
    next(frame) {
      framesAtBias += 1;
      framesUnread = frame.read ? 0 : framesUnread + 1;
      if (bias !== 0) return adjusted(frame.read);
      notice(frame);
      if (spent || framesUnread < PATIENCE_FRAMES) return undefined;
      if (frame.framesSinceChange > STALE_FRAMES) return undefined;
      if (frame.whiteShare - restingWhite >= WHITE_RISE) tries = [...SHORTER];
      else if (frame.blackShare >= BLACK_SHARE) tries = [...LONGER];
      else return undefined;
      spent = true;
      return set(tries.shift() ?? 0);
    },
  };
}
