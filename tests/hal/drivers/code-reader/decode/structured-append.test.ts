/** Codes that are divided among several symbols: joined where all are there, named where not. */
import { beforeAll, describe, expect, test } from "vitest";
import type { DecodedCode } from "../../../../../hal/devices.ts";
import { readThoroughly } from "../../../../../hal/drivers/code-reader/decode/cascade.ts";
import { loadDecoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";
import {
  createPartCollector,
  joinParts,
} from "../../../../../hal/drivers/code-reader/decode/structured-append.ts";
import { certificateText, grey, paint, paintModules, partModules, partsOf } from "../paint.ts";

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

const TEXT = certificateText(150);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The named parts of a text side by side, in that order. */
function pictureOf(text: string, of: number, numbers: readonly number[]): Luminance {
  const { parts, parity } = partsOf(bytesOf(text), of);
  const picture = grey(40 + 180 * numbers.length, 220);
  numbers.forEach((number, place) => {
    const modules = partModules(parts[number - 1] ?? new Uint8Array(), { number, of, parity });
    paintModules(picture, modules, { x: 110 + 180 * place, y: 110, module: 3.5 });
  });
  return picture;
}

const read = (picture: Luminance): DecodedCode[] =>
  readThoroughly(decoders, picture, { everyCode: true });

describe("the parts of a code in one picture", () => {
  test.each([
    ["in order", [1, 2, 3]],
    ["in any order", [3, 1, 2]],
  ])("are one code %s", (_name, numbers) => {
    const codes = read(pictureOf(TEXT, 3, numbers));
    expect(codes.map(({ text, part, joinedFrom }) => ({ text, part, joinedFrom }))).toEqual([
      { text: TEXT, part: undefined, joinedFrom: 3 },
    ]);
  });

  test("are named where others are missing, and are nothing that is wanted", () => {
    const picture = pictureOf(TEXT, 3, [1, 3]);
    const isWanted = (text: string): boolean => text.startsWith("HC1:");
    const codes = readThoroughly(decoders, picture, { isWanted, everyCode: true });
    expect(codes.map(({ part }) => `${part?.number} of ${part?.of}`).sort()).toEqual([
      "1 of 3",
      "3 of 3",
    ]);
  });

  test("are one code beside a poster", () => {
    const picture = pictureOf(TEXT, 2, [1, 2]);
    const wide = grey(picture.width + 200, picture.height);
    for (let row = 0; row < picture.height; row++) {
      const line = picture.luminance.subarray(row * picture.width, (row + 1) * picture.width);
      wide.luminance.set(line, row * wide.width);
    }
    paint(wide, "https://example.org", { x: picture.width + 90, y: 110, module: 4 });
    expect(
      read(wide)
        .map(({ text }) => text)
        .sort(),
    ).toEqual([TEXT, "https://example.org"]);
  });

  test("may divide a character", () => {
    const text = "健康码 abc";
    expect(read(pictureOf(text, 2, [1, 2])).map((code) => code.text)).toEqual([text]);
  });
});

/** Parts without a picture. */
function partsAs(text: string, of: number, parity?: number): DecodedCode[] {
  const divided = partsOf(bytesOf(text), of);
  return divided.parts.map((bytes, index) => ({
    bytes,
    text: new TextDecoder().decode(bytes),
    format: "qr",
    corners: [],
    decoder: "test",
    part: { number: index + 1, of, parity: parity ?? divided.parity },
  }));
}

describe("parts that do not belong together", () => {
  test("by their parity are not joined", () => {
    const parts = partsAs("one code", 2, 1);
    expect(joinParts(parts)).toEqual(parts);
  });

  test("though parity and number say so are not joined: it is that of all bytes", () => {
    const [first] = partsAs("one code", 2);
    const [, second] = partsAs("another code", 2, first?.part?.parity);
    const parts = [first, second].flatMap((part) => part ?? []);
    expect(joinParts(parts)).toEqual(parts);
  });
});

describe("parts that are shown one after the other", () => {
  test.each([
    ["within a presentation are joined", 9_999, ["one code"]],
    ["long after another are not", 10_000, ["code"]],
  ])("%s", (_name, atMs, expected) => {
    const collector = createPartCollector(10_000);
    const [first, second] = partsAs("one code", 2).map((part) => [part]);
    expect(collector.take(first ?? [], 0)).toEqual(first);
    expect(collector.take([], 50)).toEqual([]);
    const codes = collector.take(second ?? [], atMs);
    expect(codes.map(({ text }) => text)).toEqual(expected);
  });

  test("leave what is not a part as it is, and are given while they are in view alone", () => {
    const collector = createPartCollector(10_000);
    const [first, second] = partsAs("one code", 3);
    const [other] = partsAs("no part", 1).map(({ part: _part, ...code }) => code);
    if (first === undefined || second === undefined || other === undefined) throw new Error();
    expect(collector.take([first, other], 0)).toEqual([first, other]);
    expect(collector.take([other, second], 100)).toEqual([other, second]);
  });
});
