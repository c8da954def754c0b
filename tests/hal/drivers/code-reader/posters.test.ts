/** Other codes in view: whatever hangs or lies beside the visitor's, it is read as it would be alone. */
import { beforeAll, describe, expect, test } from "vitest";
import { readThoroughly } from "../../../../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../hal/drivers/code-reader/decode/decoders.ts";
import { boxBlur } from "../../../../hal/drivers/code-reader/image/filters.ts";
import type { Luminance } from "../../../../hal/drivers/code-reader/image/image.ts";
import { certificateText, grey, paint, withNoise } from "./paint.ts";
import type { Placing } from "./paint.ts";

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

const CERTIFICATE = certificateText(260);
const isWanted = (text: string): boolean => text.startsWith("HC1:");
const AT = { x: 580, y: 230, module: 4 };

type Draw = (picture: Luminance) => void;
const shown =
  (placing: Partial<Placing>): Draw =>
  (picture) =>
    paint(picture, CERTIFICATE, { ...AT, ...placing });
const blurred: Draw = (picture) => {
  shown({})(picture);
  const soft = boxBlur({ ...picture, luminance: boxBlur(picture, 1) }, 1);
  picture.luminance.set(soft);
};

const CERTIFICATES: [string, Draw][] = [
  ["as printed", shown({})],
  ["inverted", shown({ dark: 235, light: 20 })],
  ["inverted and pale", shown({ dark: 140, light: 110 })],
  ["on a screen at a twentieth of its light", shown({ dark: 2, light: 13 })],
  ["inverted at a twentieth of the light", shown({ dark: 13, light: 2 })],
  ["tilted and turned", shown({ module: 4.4, rollDeg: 17, tilt: 0.35 })],
  ["small", shown({ module: 1.75 })],
  ["out of focus", blurred],
];

const poster =
  (text: string, placing: Placing): Draw =>
  (picture) =>
    paint(picture, text, placing);
const VENUE = "https://example.org/venue/12345";
const SURROUNDINGS: [string, number, Draw][] = [
  ["nothing else", 0, () => {}],
  ["a poster beside it", 1, poster(VENUE, { x: 150, y: 230, module: 6 })],
  ["a payment code above it", 1, poster(VENUE, { x: 560, y: 54, module: 3 })],
  // The phone covers a corner of it that has no finder pattern.
  [
    "a poster behind it",
    1,
    poster(VENUE, { x: 380, y: 150, module: 7, correction: "H", margin: 2 }),
  ],
  [
    "six posters",
    6,
    (picture) => {
      for (let place = 0; place < 6; place++) {
        const x = 80 + 150 * (place % 2);
        const y = 80 + 145 * Math.floor(place / 2);
        paint(picture, `https://example.org/poster/${place}`, { x, y, module: 3.6 });
      }
    },
  ],
];

describe.each(CERTIFICATES)("a certificate %s", (_certificate, draw) => {
  test.each(SURROUNDINGS)("is read with %s", (_surroundings, posters, drawPosters) => {
    const picture = grey(760, 460);
    drawPosters(picture);
    draw(picture);
    withNoise(picture, 1.5, 7);
    const [first] = readThoroughly(decoders, picture, { isWanted });
    expect(first?.text).toBe(CERTIFICATE);
    const every = readThoroughly(decoders, picture, { isWanted, everyCode: true });
    expect(every).toHaveLength(1 + posters);
    expect(every[0]?.text).toBe(CERTIFICATE);
  });
});

describe("of many codes in a picture", () => {
  const wall = (certificateAt: number): Luminance => {
    const picture = grey(760, 760);
    for (let place = 0; place < 36; place++) {
      const x = 65 + 126 * (place % 6);
      const y = 65 + 126 * Math.floor(place / 6);
      const text = place === certificateAt ? "HC1:CERTIFICATE" : `https://example.org/${place}`;
      paint(picture, text, { x, y, module: 3 });
    }
    return picture;
  };

  test.each([14, 35])("the wanted one, at place %d of 36, comes first", (place) => {
    const codes = readThoroughly(decoders, wall(place), { isWanted });
    expect(codes[0]?.text).toBe("HC1:CERTIFICATE");
    expect(codes).toHaveLength(36);
  });

  test("none is made of two, and the same one twice is one", () => {
    const picture = grey(640, 320);
    paint(picture, VENUE, { x: 160, y: 160, module: 5 });
    paint(picture, VENUE, { x: 480, y: 160, module: 5 });
    const codes = readThoroughly(decoders, picture, { isWanted, everyCode: true });
    expect(codes.map(({ text }) => text)).toEqual([VENUE]);
  });

  test("nothing is read where there is none, however long it is sought", () => {
    const picture = withNoise(grey(320, 240), 20, 3);
    expect(readThoroughly(decoders, picture, { isWanted, everyCode: true })).toEqual([]);
  });
});
