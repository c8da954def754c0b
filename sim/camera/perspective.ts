/** Where a flat face held in space falls in the frame, by the pinhole camera. */
import type { Face } from "./face.ts";
import type { FrameSize } from "./picture.ts";
import type { Conditions } from "./picture.ts";
import type { Picture } from "./picture.ts";

/** The part of a frame a face was painted into, right and bottom exclusive. */
export interface Painted {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** How much of each pixel of the box the face covers, 0 to 255. */
  cover: Uint8Array;
}

/** Nine numbers, row by row, that take frame pixels (x, y, 1) to face pixels (u·w, v·w, w). */
type Homography = readonly number[];

/** A face's place: the way from the frame back to the face, and the face's corners in the frame. */
export interface Pose {
  toFace: Homography;
  corners: { x: number; y: number }[];
}

// Horizontal field of view of the Raspberry Pi Camera Module 3, 66° (product brief, table 1).
const FIELD_OF_VIEW_DEG = 66;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Pixels of the frame that a millimetre spans when it is looked at squarely from a distance. */
export function pixelsPerMm(frameWidth: number, distanceM: number): number {
  const focal = frameWidth / 2 / Math.tan(radians(FIELD_OF_VIEW_DEG / 2));
  return focal / (distanceM * 1000);
}

/** The pose of a face whose middle is `distanceM` away, tilted about the upright axis, then rolled. */
export function poseOf(face: Face, conditions: Conditions, size: FrameSize): Pose {
  const focal = size.width / 2 / Math.tan(radians(FIELD_OF_VIEW_DEG / 2));
  const away = conditions.distanceM * 1000;
  const tilt = radians(conditions.tiltDeg);
  const roll = radians(conditions.rollDeg);
  const centreX = size.width * (0.5 + conditions.offsetX);
  const centreY = size.height * (0.5 + conditions.offsetY);
  const mm = face.mmPerPixel;
  // Face pixel (u, v) lies at X = (u - w/2)·mm, Y = (v - h/2)·mm in its plane; rolled in the plane,
  // tilted about the upright axis, moved away; then x = f·X/Z + cx. Collected by u, v and 1:
  const axes = [
    { x: Math.cos(roll) * Math.cos(tilt), y: Math.sin(roll), z: Math.cos(roll) * Math.sin(tilt) },
    { x: -Math.sin(roll) * Math.cos(tilt), y: Math.cos(roll), z: -Math.sin(roll) * Math.sin(tilt) },
  ].map(({ x, y, z }) => ({ x: x * mm, y: y * mm, z: z * mm }));
  const [along, down] = axes;
  if (along === undefined || down === undefined) throw new Error("a face has two axes");
  const middle = {
    x: -(along.x * face.width + down.x * face.height) / 2,
    y: -(along.y * face.width + down.y * face.height) / 2,
    z: away - (along.z * face.width + down.z * face.height) / 2,
  };
  const column = ({ x, y, z }: { x: number; y: number; z: number }): [number, number, number] => [
    focal * x + centreX * z,
    focal * y + centreY * z,
    z,
  ];
  const [a, d, g] = column(along);
  const [b, e, h] = column(down);
  const [c, f, i] = column(middle);
  const forward = [a, b, c, d, e, f, g, h, i];
  const corners = [
    [0, 0],
    [face.width, 0],
    [face.width, face.height],
    [0, face.height],
  ].map(([u = 0, v = 0]) => {
    const w = g * u + h * v + i;
    return { x: (a * u + b * v + c) / w, y: (d * u + e * v + f) / w };
  });
  return { toFace: inverse(forward), corners };
}

/** Inverse up to a factor (the adjugate), which is all a homography needs. */
function inverse(m: Homography): Homography {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = m;
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

// Each frame pixel is the mean of 4×4 looks at the face, or a module edge would be a staircase.
const LOOKS = 4;

/** Paints the face into the picture and says where it went. */
export function paintFace(picture: Picture, face: Face, pose: Pose): Painted {
  const xs = pose.corners.map((corner) => corner.x);
  const ys = pose.corners.map((corner) => corner.y);
  const left = Math.max(0, Math.floor(Math.min(...xs)));
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const right = Math.max(left, Math.min(picture.width, Math.ceil(Math.max(...xs))));
  const bottom = Math.max(top, Math.min(picture.height, Math.ceil(Math.max(...ys))));
  const cover = new Uint8Array((right - left) * (bottom - top));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = pose.toFace;
  const { width, height, luminance } = face;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      let sum = 0;
      let hits = 0;
      for (let look = 0; look < LOOKS * LOOKS; look++) {
        const px = x + ((look % LOOKS) + 0.5) / LOOKS;
        const py = y + (Math.floor(look / LOOKS) + 0.5) / LOOKS;
        const w = g * px + h * py + i;
        const u = (a * px + b * py + c) / w;
        const v = (d * px + e * py + f) / w;
        if (!(u >= 0 && v >= 0 && u < width && v < height)) continue;
        sum += luminance[(v | 0) * width + (u | 0)] ?? 0;
        hits += 1;
      }
      if (hits === 0) continue;
      const at = y * picture.width + x;
      const behind = picture.luminance[at] ?? 0;
      const looks = LOOKS * LOOKS;
      picture.luminance[at] = (sum + behind * (looks - hits)) / looks + 0.5;
      cover[(y - top) * (right - left) + x - left] = (255 * hits) / looks;
    }
  }
  return { left, top, right, bottom, cover };
}
