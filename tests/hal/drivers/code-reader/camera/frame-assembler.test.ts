/** Whole frames out of chunks that know nothing of frames. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frameBytes } from "../../../../../hal/bus/frames.ts";
import type { FrameGeometry } from "../../../../../hal/bus/frames.ts";
import {
  createFrameAssembler,
  tightLuminance,
} from "../../../../../hal/drivers/code-reader/camera/frame-assembler.ts";

const GEOMETRY: FrameGeometry = { width: 5, height: 4, stride: 8, layout: "i420" };
const SIZE = frameBytes(GEOMETRY);

/** The tight luminance of every frame that these chunks complete. */
function framesIn(chunks: readonly Uint8Array[]): number[][] {
  const frames: number[][] = [];
  const assembler = createFrameAssembler(GEOMETRY, (padded) => {
    const tight = new Uint8Array(GEOMETRY.width * GEOMETRY.height);
    tightLuminance(GEOMETRY, padded, tight);
    frames.push([...tight]);
  });
  for (const chunk of chunks) assembler.push(chunk);
  return frames;
}

/** A frame whose pixels count up from `first`, with poisoned padding and chroma. */
function frame(first: number): Uint8Array {
  const bytes = new Uint8Array(SIZE).fill(0xee);
  for (let y = 0; y < 4; y++) for (let x = 0; x < 5; x++) bytes[y * 8 + x] = first + y * 5 + x;
  return bytes;
}

const pixels = (first: number): number[] => Array.from({ length: 20 }, (_none, at) => first + at);

describe("a frame assembler", () => {
  test("takes padding and chroma away", () => {
    expect(framesIn([frame(10)])).toEqual([pixels(10)]);
  });

  test("finds two frames in one chunk", () => {
    expect(framesIn([Buffer.concat([frame(10), frame(50)])])).toEqual([pixels(10), pixels(50)]);
  });

  test("holds a frame back until its last byte is there", () => {
    const bytes = frame(10);
    expect(framesIn([bytes.subarray(0, SIZE - 1)])).toEqual([]);
    expect(framesIn([bytes.subarray(0, SIZE - 1), bytes.subarray(SIZE - 1)])).toHaveLength(1);
  });

  test("gives the same frames however the stream is cut", () => {
    const stream = Buffer.concat([frame(0), frame(40), frame(80), frame(120)]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((end, index) => stream.subarray(edges[index], end));
        expect(framesIn(chunks)).toEqual([pixels(0), pixels(40), pixels(80), pixels(120)]);
      }),
    );
  });
});
