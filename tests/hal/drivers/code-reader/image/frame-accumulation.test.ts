/** Frames laid over one another: how exactly they are placed, and what they show together. */
import { beforeAll, describe, expect, test } from "vitest";
import { createAlignment } from "../../../../../hal/drivers/code-reader/image/align.ts";
import {
  tryAttempts,
  readThoroughly,
} from "../../../../../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import { whole } from "../../../../../hal/drivers/code-reader/image/image.ts";
import type { View } from "../../../../../hal/drivers/code-reader/image/image.ts";
import { createFrameAccumulator } from "../../../../../hal/drivers/code-reader/image/frame-accumulation.ts";
import { FURTHER_ATTEMPTS } from "../../../../../hal/drivers/code-reader/decode/attempts.ts";
import { renderScene } from "../../../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../../../sim/camera/picture.ts";
import type { Conditions } from "../../../../../sim/camera/picture.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

const SIZE = { width: 640, height: 480 };
const STACKED = FURTHER_ATTEMPTS.findIndex(({ name }) => name === "frames together");

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

function frame(text: string, seed: number, conditions: Partial<Conditions> = {}): View {
  const scene = { text, medium: "phone" as const };
  return whole(renderScene(scene, { ...GOOD_CONDITIONS, ...conditions }, createRandom(seed), SIZE));
}

describe("an alignment", () => {
  test.each([
    [0, 0],
    [3, -2],
    [-7.5, 4.25],
    [14, 11],
  ])("finds a shift of %f and %f pixels within a fifth of one, in noise", (x, y) => {
    const noise = 24;
    const reference = createAlignment(frame("A", 1, { noise }));
    const shift = { offsetX: x / SIZE.width, offsetY: y / SIZE.height };
    const motion = reference.of(frame("A", 2, { noise, ...shift }));
    expect(Math.abs((motion?.x ?? Number.NaN) - x)).toBeLessThan(0.2);
    expect(Math.abs((motion?.y ?? Number.NaN) - y)).toBeLessThan(0.2);
  });

  test("finds a turn of a degree", () => {
    const { rollDeg } = GOOD_CONDITIONS;
    const motion = createAlignment(frame("A", 1)).of(frame("A", 2, { rollDeg: rollDeg + 1 }));
    expect(motion?.across).toBeCloseTo(Math.PI / 180, 3);
  });

  test("finds nothing in common with a picture of something else", () => {
    const luminance = new Uint8Array(SIZE.width * SIZE.height);
    luminance.forEach((_, index) => {
      luminance[index] = (index * 2_654_435_761) >>> 24;
    });
    expect(createAlignment(frame("A", 1)).of(whole({ ...SIZE, luminance }))).toBe(undefined);
  });
});

describe("a accumulator", () => {
  /** What each of the frames gives, one after the other, by nothing but their accumulator. */
  const readings = (frames: readonly [number, View][]): string[] => {
    const accumulator = createFrameAccumulator();
    return frames.map(([number, picture]) => {
      const stream = { stream: { accumulator, frame: number } };
      const { codes } = tryAttempts(decoders, picture, FURTHER_ATTEMPTS, [STACKED], stream);
      return codes.map(({ text }) => text).join();
    });
  };
  // A trembling hand, and noise stronger than the code.
  const trembling = (text: string, seed: number): View =>
    frame(text, seed, {
      noise: 128,
      distanceM: 0.3,
      offsetX: ((seed * 7) % 11) / 1_000,
      offsetY: ((seed * 5) % 9) / 1_000,
    });

  test("reads from the fourth frame on what no frame shows by itself", () => {
    const frames = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n, trembling("TOGETHER", n)] as const);
    for (const [, picture] of frames.slice(0, 2)) {
      expect(readThoroughly(decoders, picture)).toEqual([]);
    }
    const read = readings(frames.map(([number, picture]) => [number, picture]));
    expect(read.slice(0, 3)).toEqual(["", "", ""]);
    expect(read.at(-1)).toBe("TOGETHER");
  });

  test("forgets frames that are more than thirty back", () => {
    const numbers = [1, 2, 3, 4, 31, 32, 33];
    const read = readings(numbers.map((number, index) => [number, trembling("OLD", index + 1)]));
    expect(read.slice(4)).toEqual(["", "", ""]);
  });

  test("starts anew with the second frame in a row that shows something else", () => {
    const blank = whole({
      ...SIZE,
      luminance: Uint8Array.from({ length: SIZE.width * SIZE.height }, (_, i) => (i * 7) & 255),
    });
    const accumulator = createFrameAccumulator();
    const add = (number: number, view: View): void => accumulator.add(view, number);
    [1, 2, 3, 4].forEach((number) => add(number, frame("A", number)));
    expect(accumulator.mean()).toBeDefined();
    add(5, blank);
    expect(accumulator.mean()).toBeDefined();
    add(6, blank);
    expect(accumulator.mean()).toBe(undefined);
  });

  test("never says of two codes shown one after the other anything but one of them", () => {
    const frames = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(
      (number) => [number, trembling(number < 6 ? "FIRST" : "OTHER", number)] as const,
    );
    const read = readings(frames.map(([number, picture]) => [number, picture]));
    for (const text of read) expect(["", "FIRST", "OTHER"]).toContain(text);
  });

  test("does not count a frame twice", () => {
    const accumulator = createFrameAccumulator();
    for (const number of [1, 1, 1, 1, 1]) accumulator.add(frame("A", 1), number);
    expect(accumulator.mean()).toBe(undefined);
  });
});
