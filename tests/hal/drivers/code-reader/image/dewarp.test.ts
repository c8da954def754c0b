/** Codes on what is not flat: paper that curls, a sleeve, a bottle. */
import { beforeAll, describe, expect, test } from "vitest";
import { dewarp } from "../../../../../hal/drivers/code-reader/image/dewarp.ts";
import type { Warp } from "../../../../../hal/drivers/code-reader/image/dewarp.ts";
import { readThoroughly } from "../../../../../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import { boxBlur } from "../../../../../hal/drivers/code-reader/image/filters.ts";
import { whole } from "../../../../../hal/drivers/code-reader/image/image.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";
import { grey, paint, withNoise } from "../paint.ts";

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

const TEXT = "https://example.org/venue/of-a-bent-code-12345";
const FLAT: Warp = { leanX: 0, stretchX: 0, leanY: 0, stretchY: 0 };

function bent(warp: Partial<Warp>): Luminance {
  const picture = grey(240, 240, 200);
  paint(picture, TEXT, { x: 120, y: 120, module: 5.45, dark: 25, light: 200 });
  const moved = dewarp(whole(picture), { ...FLAT, ...warp });
  return withNoise({ ...moved, luminance: boxBlur(moved, 1) }, 1, 5);
}

describe("a code that is bent", () => {
  test.each([0.03, -0.045, 0.06, -0.08])("by %d is read, along every axis", (amount) => {
    const axes = Object.keys(FLAT) as (keyof Warp)[];
    const texts = axes.map((axis) => readThoroughly(decoders, bent({ [axis]: amount }))[0]?.text);
    expect(texts).toEqual(axes.map(() => TEXT));
  });

  test.each([
    ["along both axes", { leanX: 0.045, leanY: -0.045 }],
    ["and stretched", { leanX: 0.06, stretchY: 0.06 }],
  ])("%s is read", (_name, warp) => {
    expect(readThoroughly(decoders, bent(warp))[0]?.text).toBe(TEXT);
  });
});
