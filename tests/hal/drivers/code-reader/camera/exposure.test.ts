/** When another exposure is tried, and when it is given up. */
import { describe, expect, test } from "vitest";
import { createExposurePolicy } from "../../../../../hal/drivers/code-reader/camera/exposure.ts";
import type { ExposureInput } from "../../../../../hal/drivers/code-reader/camera/exposure.ts";

const EMPTY: ExposureInput = { framesSinceChange: 200, whiteShare: 0, blackShare: 0, read: false };

/** What the policy sets, frame by frame, for a newcomer after ten frames of the empty doorway. */
function watch(newcomer: Partial<ExposureInput>, frames: number, readAt: number[] = []): string {
  const policy = createExposurePolicy();
  const empty = { ...EMPTY, whiteShare: 0.05 };
  for (let frame = 0; frame < 10; frame++) policy.next(empty);
  const set: string[] = [];
  for (let frame = 1; frame <= frames; frame++) {
    const read = readAt.includes(frame);
    const bias = policy.next({ ...empty, framesSinceChange: frame, ...newcomer, read });
    if (bias !== undefined) set.push(`${frame}: ${bias}`);
  }
  return set.join(", ");
}

describe("the exposure", () => {
  test.each<[string, Partial<ExposureInput>, string]>([
    ["stays for what is neither blown out nor dark", {}, ""],
    ["stays for a window that was white before", { whiteShare: 0.055 }, ""],
    [
      "is shortened twice for a newcomer that is white",
      { whiteShare: 0.2 },
      "9: -2, 15: -4, 21: 0",
    ],
    ["is lengthened once in darkness", { blackShare: 0.9 }, "9: 2, 15: 0"],
  ])("%s", (_name, newcomer, expected) => {
    expect(watch(newcomer, 100)).toBe(expected);
  });

  test("stays for a newcomer that was read", () => {
    expect(watch({ whiteShare: 0.2 }, 12, [2, 6, 10])).toBe("");
  });

  test("is kept while a code is read at it, and let go fifteen frames after the last time", () => {
    expect(watch({ whiteShare: 0.2 }, 100, [11, 20, 30, 44])).toBe("9: -2, 59: 0");
  });

  test("is not tried again by the change that it makes itself, but by the next newcomer", () => {
    const policy = createExposurePolicy();
    policy.next(EMPTY);
    const white = { ...EMPTY, whiteShare: 0.2 };
    const set: number[] = [];
    const play = (from: number, to: number): void => {
      for (let frame = from; frame <= to; frame++) {
        const bias = policy.next({ ...white, framesSinceChange: frame });
        if (bias !== undefined) set.push(bias);
      }
    };
    play(1, 25);
    expect(set).toEqual([-2, -4, 0]);
    play(1, 60);
    expect(set).toHaveLength(3);
    policy.next(EMPTY);
    play(1, 25);
    expect(set).toHaveLength(6);
  });
});
