/** Which cheap decoder looks first. */
import { describe, expect, test } from "vitest";
import { createDecoderSelection } from "../../../../../hal/drivers/code-reader/engine/decoder-selection.ts";
import type { DecoderSelection } from "../../../../../hal/drivers/code-reader/engine/decoder-selection.ts";
import type { DecodedCode } from "../../../../../hal/devices.ts";

const ZXING = 0;
const RXING = 1;
const CODE: DecodedCode = {
  bytes: Uint8Array.of(65),
  text: "A",
  format: "qr",
  corners: [],
  decoder: "rxing",
};

/** Frames of one kind, with both looks for every `second`th; the looks at the last of them. */
function watch(
  looks: DecoderSelection,
  frames: number,
  costs: readonly number[],
  second = 10,
): number[] {
  let steps: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    steps = looks.next(true, () => second > 0 && frame % second === 0);
    looks.report(steps, {
      codes: [],
      satisfied: false,
      cpuMs: steps.map((step) => costs[step] ?? 0),
    });
  }
  return steps;
}

describe("the first look at a frame", () => {
  test.each([
    ["rxing's before a bare wall", [1.3, 1], RXING],
    ["ZXing's in a lively hall", [1, 2.2], ZXING],
    ["ZXing's where the difference is noise", [1.05, 1], ZXING],
  ])("is %s", (_name, costs, first) => {
    expect(watch(createDecoderSelection(), 60, costs)).toEqual([first]);
  });

  test("changes with what is in view", () => {
    const looks = createDecoderSelection();
    expect(watch(looks, 60, [1.3, 1])).toEqual([RXING]);
    expect(watch(looks, 60, [1, 2.2])).toEqual([ZXING]);
  });

  test("is the one's that sees every code while a code is about", () => {
    const looks = createDecoderSelection();
    watch(looks, 60, [1.3, 1]);
    looks.report([RXING], { codes: [CODE], satisfied: true, cpuMs: [2] });
    expect(watch(looks, 15, [1.3, 1], 0)).toEqual([ZXING]);
    expect(watch(looks, 1, [1.3, 1], 0)).toEqual([RXING]);
  });

  test("is followed by the other's where that can be paid for, at what it costs", () => {
    const looks = createDecoderSelection();
    watch(looks, 60, [3, 1]);
    const asked: number[] = [];
    const steps = looks.next(true, (cost) => {
      asked.push(cost);
      return true;
    });
    expect(steps).toEqual([RXING, ZXING]);
    expect(asked[0]).toBeCloseTo(3);
  });

  test("is the other's at once when the picture stands still, and now and then from there on", () => {
    const looks = createDecoderSelection();
    watch(looks, 60, [1.3, 1]);
    const still = Array.from({ length: 17 }, () => {
      const steps = looks.next(false, () => true);
      looks.report(steps, { codes: [], satisfied: false, cpuMs: steps.map(() => 1) });
      return steps;
    });
    expect(still.flatMap((steps, frame) => (steps.includes(ZXING) ? [frame] : []))).toEqual([
      0, 8, 16,
    ]);
    expect(still.every((steps) => steps.length === 1)).toBe(true);
  });

  test("is still measured where the code that is read is not the one wanted", () => {
    const looks = createDecoderSelection();
    const first = looks.next(true, () => false);
    looks.report(first, { codes: [CODE], satisfied: false, cpuMs: [2] });
    const steps = looks.next(true, () => true);
    looks.report(steps, { codes: [CODE], satisfied: false, cpuMs: [2, 3] });
    // The one that sees every code goes first: what it reads is taken out for the other.
    expect(steps).toEqual([ZXING, RXING]);
    expect(looks.cheapestMs).toBe(2);
  });
});
