/** A picture, and what stands between a code and the camera that sees it. */
/** A grey picture without padding. */
export interface Picture {
  width: number;
  height: number;
  luminance: Uint8Array;
}

/** Anything that gives uniform numbers in [0, 1); sim/random fits. */
export interface Chance {
  next(): number;
}

/** How the code is held and lit, and what lens and sensor make of it. */
export interface Conditions {
  /** Light of the surroundings: 0 darkness, 1 a well lit hall, 2 bright sun. */
  light: number;

  /** Standard deviation of the sensor's noise, in grey levels. */
  noise: number;

  /** Standard deviation of focus and motion blur, in pixels of the frame. */
  blur: number;

  /** Reflection on the glass or the glossy paper: 0 none, 1 a lamp that washes a third of it out. */
  glare: number;

  /** Beating of the screen's pixels against the sensor's: 0 none, 1 bands as dark as half the light. */
  moire: number;

  /** From the lens to the code, in metres. */
  distanceM: number;

  /** Turned away from the camera around the upright axis, in degrees. */
  tiltDeg: number;

  /** Turned in the plane of the picture, in degrees. */
  rollDeg: number;

  /** Exposure beyond the right one, in stops: twice the light for each, cut off at white. */
  exposureStops: number;

  /** Where the code's middle is, in frame widths and heights from the centre. */
  offsetX: number;
  offsetY: number;

  /** Texts of codes that hang in view around the visitor, four at most; absent: none. */
  posters?: readonly string[];
}

/** A well held code in a well lit hall. */
export const GOOD_CONDITIONS: Conditions = {
  light: 1,
  noise: 2,
  blur: 0.6,
  glare: 0,
  moire: 0,
  distanceM: 0.18,
  tiltDeg: 4,
  rollDeg: 3,
  exposureStops: 0,
  offsetX: 0,
  offsetY: 0,
};

/** The pixels of a frame. */
export interface FrameSize {
  width: number;
  height: number;
}
