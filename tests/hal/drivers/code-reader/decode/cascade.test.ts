/** The ladder on single pictures: weakly protected symbols, and the few steps a stream's job is. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  tryAttempts,
  readThoroughly,
} from "../../../../../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";
import { FURTHER_ATTEMPTS } from "../../../../../hal/drivers/code-reader/decode/attempts.ts";
import { renderScene } from "../../../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../../../sim/camera/picture.ts";
import type { Conditions } from "../../../../../sim/camera/picture.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";
import { grey, paint } from "../paint.ts";

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

/** The example of ISO/IEC 18004:2015, annex I.3: micro QR M2 with "01234567". */
const MICRO = [
  "#######.#.#.#",
  "#.....#..##.#",
  "#.###.#..##.#",
  "#.###.#.#####",
  "#.###.#..##..",
  "#.....#..##.#",
  "#######.#.###",
  ".........##..",
  "###...#.###.#",
  "..#.#.##.##.#",
  "#.#.#.#..#.#.",
  "..#.###..###.",
  "#...###...###",
];

const MODULE_PIXELS = 6;
const QUIET_MODULES = 1;

function draw(dark: number, light: number): Luminance {
  const side = (MICRO.length + 2 * QUIET_MODULES) * MODULE_PIXELS;
  const luminance = new Uint8Array(side * side).fill(light);
  for (let y = 0; y < side; y++) {
    const row = MICRO[Math.floor(y / MODULE_PIXELS) - QUIET_MODULES];
    for (let x = 0; x < side; x++) {
      const module = row?.[Math.floor(x / MODULE_PIXELS) - QUIET_MODULES];
      if (module === "#") luminance[y * side + x] = dark;
    }
  }
  return { width: side, height: side, luminance };
}

describe("a micro QR code", () => {
  test.each([
    ["as printed", 20, 230],
    ["inverted", 230, 20],
    ["pale", 100, 117],
  ])("is read %s", (_name, dark, light) => {
    const [code] = readThoroughly(decoders, draw(dark, light));
    expect(code).toMatchObject({ text: "01234567", format: "micro-qr" });
  });

  test("that only a changed version shows is read in one job of a stream, by two versions", () => {
    const pale = draw(100, 117);
    const place = FURTHER_ATTEMPTS.findIndex(({ name }) => name === "zxing-harder+levelled");
    const { codes, attempt } = tryAttempts(decoders, pale, FURTHER_ATTEMPTS, [place]);
    expect(codes.map(({ text }) => text)).toEqual(["01234567"]);
    expect(attempt).toBe(place);
    // The second witness is another version than the one that the job asked for.
    expect(codes[0]?.decoder).not.toBe("zxing-harder+levelled");
  });
});

describe("a code without a margin", () => {
  test.each([
    ["on a black page", 0, 10, 245],
    ["inverted on a white page", 255, 245, 10],
  ])("is read %s", (_name, ground, dark, light) => {
    const picture = grey(240, 240, ground);
    paint(picture, "NO MARGIN AT ALL", { x: 120, y: 120, module: 6, dark, light, margin: 0 });
    const codes = readThoroughly(decoders, picture);
    expect(codes.map(({ text }) => text)).toEqual(["NO MARGIN AT ALL"]);
  });
});

describe("a phone at the edge of what can be read", () => {
  const text = "A-CODE-OF-FORTY-CHARACTERS-FOR-THE-DOOR.";
  test.each<[string, Partial<Conditions>, number]>([
    // 29 modules of 1.8 mm: 1.4 pixels each at 1.24 m in a frame of 1280 columns.
    ["with 1.4 pixels a module", { distanceM: 1.24 }, 0.8],
    ["with its screen turned down to a thirtieth", { distanceM: 0.45 }, 0.03],
    ["out of focus by half a module", { distanceM: 0.45, blur: 2.4 }, 0.8],
  ])("is read %s", (_name, conditions, brightness) => {
    const frame = renderScene(
      { text, medium: "phone", brightness },
      { ...GOOD_CONDITIONS, ...conditions },
      createRandom(3),
      { width: 1280, height: 720 },
    );
    expect(readThoroughly(decoders, frame).map((code) => code.text)).toEqual([text]);
  });
});
