/** Several frames of one showing laid over one another: what no single one of them shows clearly. */
import { createAlignment } from "./align.ts";
import type { Alignment, Motion } from "./align.ts";
import { crop } from "./image.ts";
import type { View } from "./image.ts";

/** The frames of one stream that were looked at closely and not read. */
export interface FrameAccumulator {
  /**
   * Lays a frame over those before it. One that shows something else is left out, the second in a
   * row starts anew.
   * @param number the frame's number in its stream; one that is in already is not added again
   */
  add(frame: View, number: number): void;
  /** The mean of the frames, its contrast stretched; nothing before there are enough of them. */
  mean(): View | undefined;
}

// What is held up is held up to the middle.
const WINDOW = { width: 0.5, height: 0.85 };
/**
 * Frames further apart are not laid together: what is read from a accumulator was in view, in front of
 * this camera, within the last second, and belongs to whoever stands there.
 */
const OLDEST_FRAMES = 30;
const MOST_FRAMES = 12;
const FEWEST_FRAMES = 4;

export function createFrameAccumulator(): FrameAccumulator {
  let alignment: Alignment | undefined;
  let window: View | undefined;
  let sums = new Float32Array(0);
  let count = 0;
  let first = 0;
  let last: number | undefined;
  let strange = 0;

  const startWith = (view: View, number: number): void => {
    alignment = createAlignment(view);
    window = view;
    sums = Float32Array.from(view.luminance);
    count = 1;
    first = number;
    strange = 0;
  };
  return {
    add(frame, number) {
      if (number === last) return;
      last = number;
      const view = middleOf(frame);
      const joins =
        view.width === window?.width &&
        view.height === window.height &&
        number > first &&
        number - first < OLDEST_FRAMES &&
        count < MOST_FRAMES;
      if (!joins) {
        startWith(view, number);
        return;
      }
      const motion = alignment?.of(view);
      if (motion !== undefined) {
        addMoved(sums, view, motion);
        count += 1;
        strange = 0;
      } else if (++strange === 2) {
        startWith(view, number);
      }
    },
    mean() {
      if (window === undefined || count < FEWEST_FRAMES) return undefined;
      return { ...window, luminance: stretched(sums) };
    },
  };
}

function middleOf(frame: View): View {
  const marginX = ((1 - WINDOW.width) / 2) * frame.width;
  const marginY = ((1 - WINDOW.height) / 2) * frame.height;
  return crop(frame, {
    left: marginX,
    top: marginY,
    right: frame.width - marginX,
    bottom: frame.height - marginY,
  });
}

/** Adds a frame's levels where the reference has them, linear between pixels. */
function addMoved(sums: Float32Array, frame: View, motion: Motion): void {
  const { width, height, luminance } = frame;
  for (let y = 0; y < height; y++) {
    const fromY = y - height / 2;
    let sourceX = motion.x - motion.along * (width / 2) - motion.across * fromY;
    let sourceY = y + motion.y - motion.across * (width / 2) + motion.along * fromY;
    for (let x = 0; x < width; x++) {
      const insideX = Math.max(0, Math.min(width - 1.001, sourceX));
      const insideY = Math.max(0, Math.min(height - 1.001, sourceY));
      const left = insideX | 0;
      const top = insideY | 0;
      const right = insideX - left;
      const at = top * width + left;
      const upper = (luminance[at] ?? 0) * (1 - right) + (luminance[at + 1] ?? 0) * right;
      const lower =
        (luminance[at + width] ?? 0) * (1 - right) + (luminance[at + width + 1] ?? 0) * right;
      const into = y * width + x;
      sums[into] = (sums[into] ?? 0) + upper + (lower - upper) * (insideY - top);
      sourceX += 1 + motion.along;
      sourceY += motion.across;
    }
  }
}

/**
 * To bytes, the darkest and brightest hundredth cut off: the mean of dim frames has steps finer than
 * a grey level, and rounding would lose them.
 */
function stretched(sums: Float32Array): Uint8Array {
  // Every 97th pixel tells the distribution; 97 shares no divisor with any usual width.
  const samples = Float32Array.from({ length: Math.ceil(sums.length / 97) }, (_, index) =>
    Number(sums[index * 97]),
  ).sort();
  const low = samples[Math.floor(samples.length * 0.01)] ?? 0;
  const high = samples[Math.floor(samples.length * 0.99)] ?? 255;
  const gain = 255 / Math.max(1, high - low);
  return Uint8Array.from(sums, (sum) => Math.max(0, Math.min(255, (sum - low) * gain)));
}
