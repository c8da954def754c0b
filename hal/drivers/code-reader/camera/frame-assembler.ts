/** Whole frames out of a camera's byte stream, newest first in line. */
import { frameBytes } from "../../../bus/frames.ts";
import type { FrameGeometry } from "../../../bus/frames.ts";

/** A frame as it lay in the stream: padded rows, chroma behind them where the layout has it. */
export interface FrameAssembler {
  /** Takes the next bytes of the stream; calls back once for every frame they complete. */
  push(chunk: Uint8Array): void;
}

/**
 * Collects frames without holding more than one at a time: each completed frame is handed over as a
 * buffer that the next frame overwrites, so the receiver copies what it wants to keep.
 */
export function createFrameAssembler(
  geometry: FrameGeometry,
  onFrame: (padded: Uint8Array) => void,
): FrameAssembler {
  const total = frameBytes(geometry);
  const frame = new Uint8Array(total);
  let filled = 0;
  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        const take = Math.min(chunk.length - at, total - filled);
        frame.set(chunk.subarray(at, at + take), filled);
        filled += take;
        at += take;
        if (filled === total) {
          filled = 0;
          onFrame(frame);
        }
      }
    },
  };
}

/** The visible luminance of a padded frame, row by row without the padding. */
export function tightLuminance(
  geometry: FrameGeometry,
  padded: Uint8Array,
  target: Uint8Array,
): void {
  const { width, height, stride } = geometry;
  if (stride === width) {
    target.set(padded.subarray(0, width * height));
    return;
  }
  for (let row = 0; row < height; row++) {
    target.set(padded.subarray(row * stride, row * stride + width), row * width);
  }
}
