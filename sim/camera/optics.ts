/** What light, glass, lens and sensor do to a picture. */
import type { Face } from "./face.ts";
import type { Painted } from "./perspective.ts";
import type { Conditions } from "./picture.ts";
import type { Chance } from "./picture.ts";
import type { Picture } from "./picture.ts";

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/**
 * How bright a face looks: what falls on it and comes back, plus what the screen gives by itself.
 * A camera in automatic exposure keeps a lit page near white, so light works less than in proportion.
 * @param exposure how many times the right exposure's light
 */
export function shade(face: Face, light: number, screen: number, exposure: number): Face {
  const exposed = Math.min(1.15, Math.sqrt(Math.max(0, light)));
  const reflected = new Uint8Array(256);
  const shining = new Uint8Array(256);
  for (let level = 0; level < 256; level++) {
    reflected[level] = clamp(exposure * level * exposed * 0.92);
    // Glass sends back about a twentieth of what falls on it, the same for black and white.
    shining[level] = clamp(exposure * (level * screen + 14 * light));
  }
  const luminance = new Uint8Array(face.luminance.length);
  for (let index = 0; index < luminance.length; index++) {
    const level = face.luminance[index] ?? 0;
    luminance[index] = (face.shines[index] === 1 ? shining[level] : reflected[level]) ?? 0;
  }
  return { ...face, luminance };
}

/** A lamp's reflection: bright in its middle, fading out, somewhere on the face. */
export function addGlare(
  picture: Picture,
  on: Painted,
  { glare: amount, exposureStops }: Conditions,
  chance: Chance,
): void {
  const width = on.right - on.left;
  const height = on.bottom - on.top;
  const centreX = on.left + width * (0.25 + 0.5 * chance.next());
  const centreY = on.top + height * (0.3 + 0.4 * chance.next());
  const reach = 0.16 * Math.hypot(width, height) * Math.sqrt(amount);
  eachCovered(picture, on, (level, x, y) => {
    const near = ((x - centreX) ** 2 + ((y - centreY) * 1.6) ** 2) / (reach * reach);
    return level + 330 * 2 ** exposureStops * amount * Math.exp(-near);
  });
}

/** Bands where the screen's pixel grid and the sensor's beat: slow waves across the glass. */
export function addMoire(picture: Picture, on: Painted, amount: number, chance: Chance): void {
  const angle = Math.PI * chance.next();
  const period = 7 + 14 * chance.next();
  const phase = 2 * Math.PI * chance.next();
  const fx = (2 * Math.PI * Math.cos(angle)) / period;
  const fy = (2 * Math.PI * Math.sin(angle)) / period;
  eachCovered(picture, on, (level, x, y) => {
    const wave =
      0.5 + 0.5 * Math.sin(fx * x + fy * y + phase) * Math.cos(fy * x * 0.31 - fx * y * 0.27);
    return level * (1 - 0.5 * amount * wave);
  });
}

function eachCovered(
  picture: Picture,
  on: Painted,
  change: (level: number, x: number, y: number) => number,
): void {
  const width = on.right - on.left;
  for (let y = on.top; y < on.bottom; y++) {
    for (let x = on.left; x < on.right; x++) {
      const cover = on.cover[(y - on.top) * width + x - on.left] ?? 0;
      if (cover === 0) continue;
      const at = y * picture.width + x;
      const level = picture.luminance[at] ?? 0;
      picture.luminance[at] = clamp(level + ((change(level, x, y) - level) * cover) / 255 + 0.5);
    }
  }
}

/** Gaussian blur of the face and its edges; the hall behind is out of focus as it is. */
export function blurWithin(picture: Picture, on: Painted, sigma: number): void {
  if (sigma < 0.2) return;
  const reach = Math.ceil(3 * sigma);
  const left = Math.max(0, on.left - reach);
  const top = Math.max(0, on.top - reach);
  const right = Math.min(picture.width, on.right + reach);
  const bottom = Math.min(picture.height, on.bottom + reach);
  const width = right - left;
  const height = bottom - top;
  if (width <= 0 || height <= 0) return;
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, index) =>
    Math.exp(-((index - reach) ** 2) / (2 * sigma * sigma)),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const rows = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * picture.width + left;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = -reach; tap <= reach; tap++) {
        const at = Math.max(0, Math.min(width - 1, x + tap));
        sum += (kernel[tap + reach] ?? 0) * (picture.luminance[start + at] ?? 0);
      }
      rows[y * width + x] = sum / total;
    }
  }
  for (let y = 0; y < height; y++) {
    const start = (top + y) * picture.width + left;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = -reach; tap <= reach; tap++) {
        const at = Math.max(0, Math.min(height - 1, y + tap));
        sum += (kernel[tap + reach] ?? 0) * (rows[at * width + x] ?? 0);
      }
      picture.luminance[start + x] = sum / total + 0.5;
    }
  }
}

/** Sensor noise over the whole frame. */
export function addNoise(picture: Picture, sigma: number, chance: Chance): void {
  if (sigma <= 0) return;
  // A table of normal deviates and a fast generator started by chance: a million pixels need as many.
  const table = new Int16Array(4096);
  for (let index = 0; index < table.length; index++) {
    const radius = Math.sqrt(-2 * Math.log(1 - chance.next()));
    table[index] = Math.round(16 * sigma * radius * Math.cos(2 * Math.PI * chance.next()));
  }
  let state = Math.floor(chance.next() * 0xffffffff) | 1;
  const { luminance } = picture;
  for (let index = 0; index < luminance.length; index++) {
    // xorshift32 (Marsaglia, 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    luminance[index] = clamp((luminance[index] ?? 0) + (((table[state & 4095] ?? 0) + 8) >> 4));
  }
}
