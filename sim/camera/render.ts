/** What a camera sees of a code on a phone or on paper: geometry, light, lens and sensor, as numbers. */
import { drawFace } from "./face.ts";
import type { CodeScene } from "./face.ts";
import { addGlare, addMoire, addNoise, blurWithin, shade } from "./optics.ts";
import { paintFace, poseOf } from "./perspective.ts";
import {
  type FrameSize,
  GOOD_CONDITIONS,
  type Chance,
  type Conditions,
  type Picture,
} from "./picture.ts";

/**
 * One frame: a code before the hall, or the empty hall. The same scene, conditions and chance give
 * the same bytes.
 */
export function renderScene(
  scene: CodeScene | null,
  conditions: Conditions,
  chance: Chance,
  size: FrameSize,
): Picture {
  const gain = 2 ** conditions.exposureStops;
  const picture = renderHall(size, conditions.light, gain);
  conditions.posters?.slice(0, POSTER_PLACES.length).forEach((text, place) => {
    hang(picture, text, place, conditions, chance);
  });
  if (scene !== null) {
    const face = drawFace(scene, chance);
    // A screen gives its own light; paper has only what falls on it.
    const own = scene.medium === "phone" ? (scene.brightness ?? 0.8) : 0;
    const lit = shade(face, conditions.light, own, gain);
    const painted = paintFace(picture, lit, poseOf(lit, conditions, size));
    if (conditions.moire > 0) addMoire(picture, painted, conditions.moire, chance);
    if (conditions.glare > 0) addGlare(picture, painted, conditions, chance);
    blurWithin(picture, painted, conditions.blur);
  }
  addNoise(picture, conditions.noise, chance);
  return picture;
}

// Where posters hang, in frame widths and heights from the centre.
const POSTER_PLACES = [
  { offsetX: -0.36, offsetY: -0.2 },
  { offsetX: 0.36, offsetY: -0.2 },
  { offsetX: -0.36, offsetY: 0.25 },
  { offsetX: 0.36, offsetY: 0.25 },
];
// As large in the frame as a code on a poster of the usual size three metres away.
const POSTER = { distanceM: 0.6, widthMm: 110 };

function hang(
  picture: Picture,
  text: string,
  place: number,
  conditions: Conditions,
  chance: Chance,
): void {
  const { light, exposureStops, blur } = conditions;
  const face = drawFace({ text, medium: "paper", widthMm: POSTER.widthMm }, chance);
  const lit = shade(face, light, 0, 2 ** exposureStops);
  const at = {
    ...GOOD_CONDITIONS,
    ...POSTER_PLACES[place],
    distanceM: POSTER.distanceM,
    tiltDeg: 0,
    rollDeg: 0,
  };
  const { width, height } = picture;
  const painted = paintFace(picture, lit, poseOf(lit, at, { width, height }));
  blurWithin(picture, painted, blur);
}

// The hall stands still: the last few are kept, because drawing one costs more than anything else.
const HALLS_KEPT = 8;
const halls = new Map<string, Picture>();

/**
 * The doorway as the camera sees it when nobody is there: floor, walls, a window, out of focus.
 * @param exposure how many times the right exposure's light
 */
export function renderHall(size: FrameSize, light: number, exposure = 1): Picture {
  const key = `${size.width}x${size.height} ${light} ${exposure}`;
  const hall = halls.get(key) ?? drawHall(size, light, exposure);
  if (halls.size >= HALLS_KEPT) halls.clear();
  halls.set(key, hall);
  return { ...hall, luminance: Uint8Array.from(hall.luminance) };
}

function drawHall(size: FrameSize, light: number, exposure: number): Picture {
  const { width, height } = size;
  const luminance = new Uint8Array(width * height);
  const gain = Math.min(1.6, light);
  for (let y = 0; y < height; y++) {
    const v = y / height;
    for (let x = 0; x < width; x++) {
      const u = x / width;
      const wall = 118 + 30 * (1 - v) - 22 * Math.abs(u - 0.42);
      const window = 70 * Math.exp(-(((u - 0.78) / 0.09) ** 2 + ((v - 0.3) / 0.16) ** 2));
      const frame = -34 * Math.exp(-(((u - 0.12) / 0.025) ** 2));
      const floor = v > 0.72 ? -26 * Math.min(1, (v - 0.72) * 9) : 0;
      luminance[y * width + x] = Math.max(
        0,
        Math.min(
          255,
          exposure * (8 * Math.min(1, light) + gain * (wall + window + frame + floor) * 0.8),
        ),
      );
    }
  }
  return { width, height, luminance };
}
